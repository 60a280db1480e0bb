import { problem } from '../problem.ts'
import { releaseName } from '../names.ts'
import { wallIn } from '../walls.ts'
import { openingOf } from './start.ts'

export const initialiseFailed = problem('initialise-failed', {
  explain: `A command of \`[initialise] run\` failed in the new release's environment. It ran with the application's settings and
volumes, without network, before any traffic; the release was given up.

What the command had already changed in a volume is not undone: make such commands so that they can be run again.`,
  text: (data: { command: string; how: string; lines: readonly string[]; serving: number | undefined }) => ({
    message:
      `\`${data.command}\` failed: ${data.how}; ` +
      (data.serving === undefined ? 'nothing serves yet' : `${releaseName(data.serving)} still serves`),
    fix: fixOf(data.lines),
    lines: data.lines,
  }),
})

function fixOf(lines: readonly string[]): string {
  const wall = wallIn(lines)
  if (wall?.line.startsWith('egress')) {
    return 'Commands of `[initialise]` have no network: let the application do this once it has started'
  }
  return openingOf(wall) ?? 'Read its output, correct it and deploy again'
}
