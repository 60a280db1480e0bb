import { resolve } from 'node:path'
import { usage } from '../model/problems/client.ts'
import type { Context, Outcome } from './command.ts'
import type { SourceInput } from './send-source.ts'

interface BundleChoice extends SourceInput {
  readonly plan: boolean
}

/**
 * What is named instead of a folder, when it is a bundle.
 * @throws usage with options that mean nothing for one
 */
export async function bundleIn(
  { folder, git, tag, plan }: BundleChoice,
  { workingDirectory }: Context,
): Promise<string | undefined> {
  if (folder === undefined) return undefined
  const { isBundle } = await import('../client/bundle-file.ts')
  if (!(await isBundle(resolve(workingDirectory, folder)))) return undefined
  const given = git !== undefined ? '--git' : tag !== undefined ? '--tag' : plan ? '--plan' : undefined
  if (given === undefined) return folder
  throw usage({
    message: `${given} means nothing for ${folder}, which is a bundle`,
    fix: `Leave ${given} out, or name a folder`,
  })
}

interface BundleInput {
  readonly bundle: string
  readonly set: readonly string[]
  readonly verbose: boolean
}

/** Sends a bundle to be deployed. */
export async function deployBundle({ bundle, set, verbose }: BundleInput, context: Context): Promise<Outcome> {
  const [{ readBundle }, { requestBody }, { readSettings }] = await Promise.all([
    import('../client/bundle-file.ts'),
    import('../client/source.ts'),
    import('./settings.ts'),
  ])
  const request = { file: bundle, set: await readSettings(set, context) }
  const daemon = await context.daemon()
  const body = requestBody(request, readBundle(resolve(context.workingDirectory, bundle)))
  return { kind: 'events', verbose, events: daemon.work('POST', '/v1/deploy-bundle', body) }
}
