import { problem } from '../problem.ts'

/** What can come of attacking one's own applications. */

export const unknownColumn = problem('unknown-audit-level', {
  explain: `\`berth audit --level\` takes the names of levels, and \`none\`, \`docker-default\` and \`podman-default\`, with
which they are compared.`,
  text: ({ name, known }: { name: string; known: readonly string[] }) => ({
    message: `There is no level ${JSON.stringify(name)} to attack`,
    fix: `Use one of ${known.join(', ')}`,
  }),
})

export const unknownAttack = problem('unknown-attack', {
  explain: `\`berth audit --attack\` takes an attack's id, such as H01, or its name, such as rm-host-tree. \`docs/isolation.md\`
lists all of them.`,
  text: ({ name }: { name: string }) => ({
    message: `There is no attack ${JSON.stringify(name)}`,
    fix: 'Use an id or a name of `docs/isolation.md`, such as H01 or rm-host-tree',
  }),
})

export const auditFailed = problem('audit-failed', {
  explain: `The scene of an audit (a container that stands for a host, with applications in it, one of them vulnerable) could
not be made, so nothing was attacked and nothing is known. The application that serves was not touched.`,
  text: ({ column, reason }: { column: string; reason: string }) => ({
    message: `Cannot attack at ${column}: ${reason}`,
    fix: 'Look at `berth doctor`; if it has nothing to say, please report this',
  }),
})

export const reportUnwritable = problem('audit-report-unwritable', {
  explain: `The audit is done, but its page could not be written where it was wanted.`,
  text: ({ path, reason }: { path: string; reason: string }) => ({
    message: `Cannot write ${path}: ${reason}`,
    fix: 'Name a file that can be written with `--html`',
  }),
})

export const releaseLeaks = problem('release-leaks', {
  explain: `\`[isolation] audit = "clean"\` has every new release attacked in a copy before it gets traffic, as somebody would
who had taken it over. Something came of it that reaches the host or another application, so the release was taken back. What is
named was really seen; \`docs/isolation.md\` tells what each attack does.

Most often the level is too low, or the manifest opens a wall (\`egress\`, limits) that need not be open.`,
  text: (data: { app: string; level: string; serving: number | undefined; lines: readonly string[] }) => ({
    message: `The new release of ${data.app} is not clean at the level ${data.level}${
      data.serving === undefined ? '' : `; v${data.serving} still serves`
    }`,
    fix: 'Raise `[isolation] level`, or close what is named below; `berth audit` compares the levels',
    lines: data.lines,
  }),
})
