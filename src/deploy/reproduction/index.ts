import { predicateType, statementType, type Statement } from '../../model/attestation.ts'
import type { Emit } from '../../model/events.ts'
import { hexOf } from '../../model/names.ts'
import { version } from '../../model/version.ts'
import type { Berth } from '../berth.ts'
import type { Rebuilt } from './reproduce.ts'
import { keyText, ownKey, signStatement } from './signing.ts'

export { reproduceRelease, reproduceSource } from './reproduce.ts'

/** Tells what came of a second build; with a signed statement of it, when one is asked for. */
export async function tellReproduced(berth: Berth, rebuilt: Rebuilt, attest: boolean, emit: Emit): Promise<void> {
  const { reproduction } = rebuilt
  if (!attest) {
    emit({ kind: 'reproduced', ...reproduction })
    return
  }
  const key = await ownKey(berth.paths)
  const attestation = { text: signStatement(statementOf(rebuilt), key), key: keyText(key) }
  emit({ kind: 'reproduced', ...reproduction, attestation })
}

function statementOf({ original, reproduction }: Rebuilt): Statement {
  const { app, image, lock, lockDigest, treeDigest } = original
  const { varied, notVaried } = reproduction
  return {
    _type: statementType,
    subject: [{ name: app, digest: { sha256: hexOf(image.digest) } }],
    predicateType,
    predicate: {
      result: 'reproduced',
      source: { treeDigest },
      lock: { sha256: hexOf(lockDigest) },
      builder: { name: 'berth', version, recipe: lock.recipe },
      varied: [...varied],
      notVaried: [...notVaried],
      finishedOn: new Date().toISOString(),
    },
  }
}
