import type { LayerPlan } from '../../model/plan.ts'

/** What a language adds to the plan; everything else is the same for all of them. */
export interface LanguagePlan {
  readonly suite: string
  readonly layers: readonly LayerPlan[]
  /** Patterns of .gitignore for what of the source is not put into the image. */
  readonly exclude: readonly string[]
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}
