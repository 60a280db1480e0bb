import type { AppSummary } from '../../model/api.ts'
import { usage } from '../../model/problems/client.ts'
import { describeDrift } from '../../model/problems/proof.ts'
import type { Verification } from '../../model/proof.ts'
import { command, flag, optionalArgument, type Context } from '../command.ts'
import { formatBytes } from '../render/quantity.ts'
import { safeText } from '../render/safe-text.ts'

export const verify = command({
  name: 'verify',
  summary: 'Check that what runs is what was released, file by file',
  description: `Reads every file of the release that serves, in its archives, in its unpacked layers and as the running
sandbox sees it, and compares content, mode, owner, kind, links and attributes. The image's documents are checked against their
digests; the sandbox's command, environment, mounts and rights against what the release says; byte-code against its sources.
Exits with 1 when something is not as it should be, and names it. Nothing is changed: \`berth scrub\` mends.`,
  arguments: { app: optionalArgument('APP', 'name of the application') },
  options: { all: flag('--all', 'check every application') },
  json: 'an array of `Verification`',
  async run({ app, all }, context) {
    if ((app === undefined) !== all) {
      throw usage({ message: 'What is to be verified is not clear', fix: 'Name an application, or use `--all`' })
    }
    const found = await verifications(app, context)
    const isWell = found.every(({ drift }) => drift.length === 0)
    return { kind: 'answer', json: found, text: found.map(renderVerification).join('\n'), exitCode: isWell ? 0 : 1 }
  },
})

async function verifications(app: string | undefined, context: Context): Promise<Verification[]> {
  const daemon = await context.daemon()
  const names = app === undefined ? await deployed(context) : [app]
  const found: Verification[] = []
  for (const name of names) {
    context.say(`reading ${name}`)
    found.push(await daemon.get<Verification>(`/v1/apps/${encodeURIComponent(name)}/verify`))
  }
  return found
}

async function deployed(context: Context): Promise<string[]> {
  const apps = await (await context.daemon()).get<AppSummary[]>('/v1/apps')
  return apps.filter(({ release }) => release !== undefined).map(({ app }) => app)
}

const mostLines = 200

/** One line when all is well, else one for each thing that is not. */
export function renderVerification(verification: Verification): string {
  const { app, release, files, bytes, byteCode, sandbox, drift } = verification
  const what = `${app} ${release}`
  if (drift.length === 0) {
    const running = sandbox === undefined ? 'nothing runs' : `${sandbox} runs it`
    const compiled = byteCode === 0 ? '' : `, ${byteCode} of them byte-code that fits its source`
    return `${what} is what was released: ${files} files, ${formatBytes(bytes)}${compiled}; ${running}`
  }
  const lines = drift.slice(0, mostLines).map((each) => `  ${safeText(describeDrift(each))}`)
  const more = drift.length > mostLines ? [`  and ${drift.length - mostLines} more`] : []
  return [`${what} is not what was released:`, ...lines, ...more].join('\n')
}
