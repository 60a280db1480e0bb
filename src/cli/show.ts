import { problemExitCode } from './exit-codes.ts'
import type { Event } from '../model/events.ts'
import type { Outcome } from './command.ts'
import { renderAudit } from './render/audit.ts'
import { lineRenderer, terminalRenderer } from './render/events.ts'
import { renderOutdated } from './render/outdated.ts'
import type { Screen } from './render/screen.ts'

/** Where answers go, and where talk goes. */
export interface Output {
  readonly json: boolean
  readonly print: (text: string) => void
  readonly screen: Screen
}

/** Shows what a command gave back and says which code to exit with. */
export async function show(outcome: Outcome, output: Output): Promise<number> {
  switch (outcome.kind) {
    case 'answer':
      output.print(output.json ? JSON.stringify(outcome.json) : outcome.text.trimEnd())
      return outcome.exitCode ?? 0
    case 'lines':
      for await (const { json, text } of outcome.lines) output.print(output.json ? JSON.stringify(json) : text)
      return 0
    case 'events':
      return output.json ? printEvents(outcome.events, output) : renderEvents(outcome.events, outcome.verbose, output)
    case 'ended':
      return outcome.exitCode
    default:
      return outcome satisfies never
  }
}

async function printEvents(events: AsyncIterable<Event>, { print }: Output): Promise<number> {
  let exitCode = 0
  for await (const event of events) {
    print(JSON.stringify(event))
    if (event.kind === 'problem') exitCode = problemExitCode(event)
  }
  return exitCode
}

/** Progress is talk; the answer is the address of what was deployed, the digest of what was built, what can move. */
async function renderEvents(events: AsyncIterable<Event>, verbose: boolean, output: Output): Promise<number> {
  const { screen } = output
  const renderer = screen.columns === undefined ? lineRenderer(screen, verbose) : terminalRenderer(screen, verbose)
  let exitCode = 0
  let answer: string | undefined
  try {
    for await (const event of events) {
      renderer.show(event)
      if (event.kind === 'problem') exitCode = problemExitCode(event)
      if (event.kind === 'deployed') answer = event.url
      if (event.kind === 'built') answer = event.digest
      if (event.kind === 'reproduced') answer = `${event.digest}\n${event.again}`
      if (event.kind === 'audited') answer = renderAudit(event.report, screen.paint)
      if (event.kind === 'outdated') answer = renderOutdated(event)
    }
  } finally {
    renderer.end()
  }
  if (answer !== undefined && exitCode === 0) output.print(answer)
  return exitCode
}
