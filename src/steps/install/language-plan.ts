import type { LockedInput } from '../../model/lock.ts'
import type { LayerPlan } from '../../model/plan.ts'

/** What a language adds to the plan; everything else is the same for all of them. */
export interface LanguagePlan {
  readonly suite: string
  readonly layers: readonly LayerPlan[]
  /** What of the language's own files decides which packages are installed. */
  readonly inputs: readonly LockedInput[]
  /** Patterns of .gitignore for what of the source is not put into the image. */
  readonly exclude: readonly string[]
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}
