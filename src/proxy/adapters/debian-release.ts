import { archiveSignatureBad } from '../../model/problems/archive.ts'
import type { Document, Recorder } from '../adapter.ts'
import { parseRelease } from './debian-control.ts'
import type { ArchiveMemory } from './debian-memory.ts'
import type { Place, ReleaseName } from './debian-place.ts'
import { checkSignature, clearText, type SignedFile } from './debian-signature.ts'

/** Looks at the releases that a build is given, before it is given them. */
export class ReleaseGuard {
  readonly #memory: ArchiveMemory
  readonly #keyrings: string
  readonly #noticed = new Set<string>()

  constructor(memory: ArchiveMemory, keyrings: string) {
    this.#memory = memory
    this.#keyrings = keyrings
  }

  /**
   * Checks who signed a release, and remembers what it promises.
   * @param ask Asks for another file of the same directory.
   * @throws archiveSignatureBad
   */
  async see(
    { name, directory }: { readonly name: ReleaseName; readonly directory: Place },
    document: Document,
    { recorder, ask }: { readonly recorder: Recorder; readonly ask: (name: ReleaseName) => Promise<Document> },
  ): Promise<void> {
    if (name === 'Release.gpg') return
    const text = name === 'InRelease' ? clearText(document.body) : document.body.toString()
    if (text === undefined) return // no release at all: the page of a captive portal, for one
    const file = name === 'InRelease' ? { inline: document.body } : detached(document, await ask('Release.gpg'))
    await this.#judge(directory, file, recorder)
    const release = parseRelease(text)
    this.#memory.learnRelease(directory, release)
    const { asOf } = recorder
    if (!asOf || !release.date || release.date <= asOf) return
    this.#noticeOnce('asOf', recorder, notCutOff(directory, release.date, asOf))
  }

  async #judge(directory: Place, file: SignedFile | undefined, recorder: Recorder): Promise<void> {
    const verdict = file
      ? await checkSignature(file, this.#keyrings, await recorder.cacheDirectory())
      : ({ kind: 'unknown', reason: 'it has no signature' } as const)
    if (verdict.kind === 'bad') throw archiveSignatureBad({ archive: directory, reason: verdict.reason })
    if (verdict.kind === 'good') return
    const who = `berth cannot tell who signed ${directory}, because ${verdict.reason}`
    this.#noticeOnce(directory, recorder, `${who}; the image's own apt decides by its own keys`)
  }

  #noticeOnce(what: string, recorder: Recorder, message: string): void {
    if (this.#noticed.has(what)) return
    this.#noticed.add(what)
    recorder.notice(message)
  }
}

function detached(content: Document, signature: Document): SignedFile | undefined {
  return signature.status === 200 ? { content: content.body, signature: signature.body } : undefined
}

function notCutOff(directory: Place, date: Date, asOf: Date): string {
  const [is, asked] = [date, asOf].map((moment) => moment.toISOString().slice(0, 10))
  return `${directory} is of ${is ?? ''}, and a Debian archive holds nothing older: its packages are not those of ${asked ?? ''}. A mirror that keeps snapshots has them`
}
