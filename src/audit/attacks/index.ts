import type { Attack } from '../attack.ts'
import { confidentialityAttacks } from './confidentiality.ts'
import { deployerAttacks } from './deployer.ts'
import { escapeAttacks } from './escape.ts'
import { exhaustionAttacks } from './exhaustion.ts'
import { hostAttacks } from './host.ts'
import { immutabilityAttacks } from './immutability.ts'
import { networkAttacks } from './network.ts'
import { privilegeAttacks } from './privilege.ts'
import { talkAttacks } from './talk.ts'

/** Every attack, in the order in which they are shown. */
export const attacks: readonly Attack[] = [
  ...talkAttacks,
  ...hostAttacks,
  ...confidentialityAttacks,
  ...networkAttacks,
  ...exhaustionAttacks,
  ...immutabilityAttacks,
  ...privilegeAttacks,
  ...escapeAttacks,
  ...deployerAttacks,
]
