import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../../../model/problem.ts'
import {
  evaluateStage,
  planDockerfile,
  reportedStep,
  selectSources,
  SourceTree,
  withTriggers,
  type ImageConfig,
} from './index.ts'

/** Plans and evaluates a Dockerfile whose images all have the same configuration. */
function build(
  text: string,
  { onBuild = [], ...request }: Partial<Parameters<typeof planDockerfile>[0]> & { onBuild?: string[] } = {},
): void {
  let plan = planDockerfile({ text, path: 'web/Dockerfile', platform: 'linux/amd64', ...request })
  if (onBuild.length > 0) plan = withTriggers(plan, 0, onBuild)
  const config: ImageConfig = {}
  const stages = new Map<number, ReturnType<typeof evaluateStage>>()
  for (const index of plan.needed) {
    const base = plan.stages[index]?.base
    const below = base?.kind === 'stage' ? stages.get(base.index) : undefined
    stages.set(index, evaluateStage(plan, index, below ? { kind: 'stage', stage: below } : { kind: 'image', config }))
  }
}

function problemOf(work: () => void): Problem {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('it was not refused')
}

interface Fault {
  readonly it: string
  readonly text: string
  readonly code: string
  readonly message: RegExp
  readonly fix: RegExp
  readonly at: number
  readonly lines: readonly [string, string]
}

const faults: Fault[] = [
  {
    it: 'a misspelt instruction',
    text: 'FROM debian\n  RNU apt-get update\n',
    code: 'dockerfile-unknown-instruction',
    message: /there is no instruction RNU$/,
    fix: /^Did you mean `RUN`\?/,
    at: 2,
    lines: ['2 |   RNU apt-get update', '  |   ^'],
  },
  {
    it: 'a forgotten escape character',
    text: 'FROM debian\nRUN a &&\n    apt-get update\n',
    code: 'dockerfile-unknown-instruction',
    message: /there is no instruction apt-get$/,
    fix: /end that one with `\\`/,
    at: 3,
    lines: ['3 |     apt-get update', '  |     ^'],
  },
  {
    it: 'a misspelt flag',
    text: 'FROM debian\nCOPY --chown=1 --frmo=x a b\n',
    code: 'dockerfile-unknown-flag',
    message: /no flag --frmo$/,
    fix: /^Did you mean `--from`\?$/,
    at: 2,
    lines: ['2 | COPY --chown=1 --frmo=x a b', '  |                ^'],
  },
  {
    it: 'a flag of an instruction that has none',
    text: 'FROM debian\nCMD --help\n',
    code: 'dockerfile-unknown-flag',
    message: /no flag --help$/,
    fix: /^It has no flags/,
    at: 2,
    lines: ['2 | CMD --help', '  |     ^'],
  },
  {
    it: 'an option of a mount, in a continued line',
    text: 'FROM debian\nRUN --network=none \\\n  # cache\n  --mount=type=cache,traget=/x \\\n  a\n',
    code: 'dockerfile-value',
    message: /no `traget`$/,
    fix: /^Did you mean `target`\?$/,
    at: 4,
    lines: ['4 |   --mount=type=cache,traget=/x \\', '  |                      ^'],
  },
  {
    it: 'a variable that must be given',
    text: 'FROM debian\nARG A\nENV X=1 B="${A:?which one}"\n',
    code: 'dockerfile-variable',
    message: /A has no value: which one$/,
    fix: /build argument/,
    at: 3,
    lines: ['3 | ENV X=1 B="${A:?which one}"', '  |            ^'],
  },
  {
    it: 'a variable that is not closed',
    text: 'FROM debian\nWORKDIR /a/${B\n',
    code: 'dockerfile-variable',
    message: /`}` is missing after `\$\{`$/,
    fix: /Write the `}`/,
    at: 2,
    lines: ['2 | WORKDIR /a/${B', '  |            ^'],
  },
  {
    it: 'a quote that is not closed',
    text: 'FROM debian\nENV A="b\n',
    code: 'dockerfile-variable',
    message: /the quote `"` has no end$/,
    fix: /at its end/,
    at: 2,
    lines: ['2 | ENV A="b', '  |       ^'],
  },
  {
    it: 'a modifier that a shell has and a Dockerfile has not',
    text: 'FROM debian\nENV A=${PATH^^}\n',
    code: 'dockerfile-variable',
    message: /`\$\{PATH\^…}` is not understood$/,
    fix: /`:-`/,
    at: 2,
    lines: ['2 | ENV A=${PATH^^}', '  |       ^'],
  },
  {
    it: 'a port that is none, after a tab',
    text: 'FROM debian\nEXPOSE\t80 https\n',
    code: 'dockerfile-value',
    message: /`https` is no port$/,
    fix: /8080/,
    at: 2,
    lines: ['2 | EXPOSE 80 https', '  |           ^'],
  },
  {
    it: 'a stage that comes later',
    text: 'FROM debian AS a\nCOPY --from=b /x /y\nFROM debian AS b\nFROM a\n',
    code: 'dockerfile-stage',
    message: /stage b comes only after this$/,
    fix: /above this one/,
    at: 2,
    lines: ['2 | COPY --from=b /x /y', '  | ^'],
  },
  {
    it: 'stages that need each other',
    text: 'FROM debian AS a\nCOPY --from=c /x /y\nFROM a AS b\nFROM b AS c\n',
    code: 'dockerfile-stage',
    message: /stage a needs stage c needs stage b needs stage a$/,
    fix: /above them/,
    at: 2,
    lines: ['2 | COPY --from=c /x /y', '  | ^'],
  },
  {
    it: 'a base in upper case',
    text: 'FROM debian AS build\nFROM Build\n',
    code: 'dockerfile-value',
    message: /`Build` is no reference to an image$/,
    fix: /lower case/,
    at: 2,
    lines: ['2 | FROM Build', '  |      ^'],
  },
  {
    it: 'a base that comes to nothing',
    text: 'ARG BASE\nFROM $BASE\n',
    code: 'dockerfile-variable',
    message: /`\$BASE` comes to nothing$/,
    fix: /default/,
    at: 2,
    lines: ['2 | FROM $BASE', '  |      ^'],
  },
  {
    it: 'a here-document without an end',
    text: 'FROM debian\nRUN cat <<EOF\na\n EOF\n',
    code: 'dockerfile-syntax',
    message: /`EOF` has no end$/,
    fix: /alone on the line/,
    at: 2,
    lines: ['2 | RUN cat <<EOF', '  |         ^'],
  },
  {
    it: 'the network of the host',
    text: 'FROM debian\nRUN --network=host a\n',
    code: 'dockerfile-unsupported',
    message: /no way to the network of the host$/,
    fix: /Remove `--network=host`/,
    at: 2,
    lines: ['2 | RUN --network=host a', '  |               ^'],
  },
  {
    it: 'an image of another system',
    text: 'FROM --platform=windows/amd64 nanoserver\n',
    code: 'dockerfile-unsupported',
    message: /images of windows/,
    fix: /Linux/,
    at: 1,
    lines: ['1 | FROM --platform=windows/amd64 nanoserver', '  |                 ^'],
  },
  {
    it: 'a line that is very long, and has what moves the cursor',
    text: `FROM debian\nENV ${'A=b '.repeat(100)}\u001b[2J C${' D=e'.repeat(100)}\n`,
    code: 'dockerfile-syntax',
    message: /is no name=value$/,
    fix: /quotes/,
    at: 2,
    lines: [`2 | ${'A=b '.repeat(15)}·[2J C${' D=e'.repeat(8)} D`, `  | ${' '.repeat(60)}^`],
  },
]

describe('a faulty Dockerfile', () => {
  for (const { it: name, text, code, message, fix, at, lines } of faults) {
    it(`shows ${name}, and what to do`, () => {
      const problem = problemOf(() => build(text))
      assert.equal(problem.code, code)
      assert.match(problem.message, message)
      assert.match(problem.text.fix, fix)
      assert.equal(problem.text.at, `web/Dockerfile:${at}`)
      assert.deepEqual(problem.text.lines, lines)
    })
  }

  it('shows at FROM what a trigger of the image cannot do', () => {
    const problem = problemOf(() => build('FROM debian\nRUN a\n', { onBuild: ['COPY --frm=x a b'] }))
    assert.equal(problem.code, 'dockerfile-trigger')
    assert.match(problem.message, /`COPY --frm=x a b`, cannot be done: this instruction has no flag --frm$/)
    assert.deepEqual(problem.text.lines, ['1 | FROM debian', '  | ^'])
  })

  it('shows at FROM what comes to nothing in a trigger', () => {
    const problem = problemOf(() => build('FROM debian\nRUN a\n', { onBuild: ['ENV A=1', 'ENV B=${C:?needs C}'] }))
    assert.equal(problem.text.at, 'web/Dockerfile:1')
    assert.match(problem.message, /needs C/)
  })

  it('names the stages when the target is none', () => {
    const problem = problemOf(() => build('FROM debian AS one\nFROM debian AS two\n', { target: 'nothing' }))
    assert.match(problem.text.fix, /^Choose one of one, two$/)
  })

  it('shows the instruction that takes what is not there', async () => {
    const plan = planDockerfile({ text: 'FROM debian\nCOPY nothing /x\n', path: 'Dockerfile', platform: 'linux/amd64' })
    const [step] = evaluateStage(plan, 0, { kind: 'image', config: {} }).steps
    assert.ok(step?.action.kind === 'copy')
    const [source] = step.action.sources
    assert.ok(source?.kind === 'files')
    const { action } = step
    await assert.rejects(
      reportedStep(plan, step, () => Promise.resolve().then(() => selectSources(new SourceTree([]), source, action))),
      (error) => {
        assert.ok(error instanceof Problem)
        assert.deepEqual([error.code, error.text.at], ['dockerfile-source', 'Dockerfile:2'])
        assert.match(error.message, /there is no nothing$/)
        return true
      },
    )
  })

  it('lists the notes when it asks to fail on them', () => {
    const problem = problemOf(() => build('# check=error=true\nFROM debian\nCMD a\nMAINTAINER b\n'))
    assert.equal(problem.code, 'dockerfile-check-failed')
    assert.match(problem.text.lines?.join('\n') ?? '', /^web\/Dockerfile:4: .* \(MaintainerDeprecated\)$/)
  })
})

describe('a hostile Dockerfile', () => {
  it('cannot fill the memory with a variable that doubles', () => {
    const doubling = Array.from({ length: 60 }, () => 'ENV A=$A$A').join('\n')
    assert.equal(problemOf(() => build(`FROM debian\nENV A=0123456789\n${doubling}\n`)).code, 'dockerfile-variable')
  })

  const heavy: Record<string, string> = {
    'a pattern of stars': `ENV A=${'a'.repeat(5000)}\nENV B=\${A##${'*a'.repeat(60)}b}\nENV C=\${A//${'*a'.repeat(20)}b/x}\n`,
    'more instructions than there can be': 'RUN a\n'.repeat(100_000),
    'a line that goes on for ever': `RUN a ${'\\\n'.repeat(100_000)} b\n`,
    'a megabyte of spaces': `RUN a${' '.repeat(1_000_000)}b\nENV A=1${' '.repeat(1_000_000)}B=2\n`,
    'a megabyte of quotes': `ENV A=${"''".repeat(500_000)}\n`,
    'brackets without an end': `CMD ${'['.repeat(100_000)}\n`,
    'more stages than there can be': Array.from({ length: 10_000 }, (_, index) => `FROM debian AS s${index}\n`).join(
      '',
    ),
    'many here-documents': 'RUN <<E\nx\nE\n'.repeat(3900),
    'many stages': Array.from({ length: 3900 }, (_, index) => `FROM debian AS s${index}\n`).join(''),
    'many commands with many variables': `ENV ${Array.from({ length: 990 }, (_, index) => `A${index}=`).join(' ')}\n${'RUN a\n'.repeat(3900)}`,
    'more variables than there can be': `ENV ${Array.from({ length: 9000 }, (_, index) => `A${index}=`).join(' ')}\n`,
    'ports without number': 'EXPOSE 0-65535\n'.repeat(5),
  }
  for (const [name, lines] of Object.entries(heavy)) {
    it(`is read, or refused, in bounded time: ${name}`, () => {
      try {
        build(`FROM debian\n${lines}`)
      } catch (error) {
        assert.ok(error instanceof Problem, String(error))
      }
    })
  }
})
