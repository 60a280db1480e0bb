import { problem } from '../problem.ts'
import { wallIn, type Wall } from '../walls.ts'
import { releaseName } from '../names.ts'

/** How a failed change ends its message: what serves now. */
function stillServes(serving: number | undefined): string {
  return serving === undefined ? 'nothing serves yet' : `${releaseName(serving)} still serves`
}

export const startFailed = problem('start-failed', {
  explain: `The sandbox was made, but the application's process ended before it answered its health check. Its last lines are
shown. Common reasons: a setting it needs is missing, a dependency does not fit, the start command names something that is
not there, or it wants to write to a place that is read-only (only /tmp and declared volumes can be written).`,
  text: ({
    app,
    exit,
    outOfMemory,
    seconds,
    lines,
    serving,
  }: StartFailure & { exit: string; outOfMemory: boolean }) => ({
    message: `${app} ended while starting: ${exit}, after ${seconds.toFixed(1)} s; ${stillServes(serving)}`,
    fix: openingOf(wallIn(lines, { outOfMemory })) ?? fixOf(lines),
    lines,
  }),
})

/**
 * What Python and Node say when a library is not the one that the application was written for: it was installed without
 * a complaint, because the requirements leave its version open.
 */
const misfits = [
  /^(ImportError: cannot import name|ModuleNotFoundError: No module named|AttributeError: module )/,
  /^(Error: Cannot find module|Error \[ERR_MODULE_NOT_FOUND\]|SyntaxError: The requested module)/,
]

/** The line of the manifest that lets it do what it could not. */
export function openingOf(wall: Wall | undefined): string | undefined {
  return wall && `It seems that ${wall.what}: add \`${wall.line}\` to [isolation] in berth.toml, and deploy it again`
}

function fixOf(lines: readonly string[]): string {
  if (!lines.some((line) => misfits.some((misfit) => misfit.test(line)))) {
    return 'Read its last lines, correct the application or its settings, and deploy it again'
  }
  return (
    'A library is missing, or younger than the application expects: pin its version, or lock what there was when the ' +
    'application worked, as in `berth lock --as-of 2016-03-01` (perhaps with the Python or Node of that time)'
  )
}

export const startUnhealthy = problem('start-unhealthy', {
  explain: `The application runs, but did not answer its health check with a status of 200 to 399 in time. The check is an HTTP
GET from outside of the sandbox to \`[start] port\` and \`[start] health\`. An application that listens on 127.0.0.1 only cannot
be reached: it has to listen on 0.0.0.0. Where the manifest has no \`health\` and the image has a HEALTHCHECK, that command is run
inside of the sandbox instead, once the port is open, again and again until it ends with 0.`,
  text: ({ app, answer, url, isOwn, seconds, lines, serving }: Unhealthy) => ({
    message: `${app} did not become healthy within ${seconds.toFixed(0)} s: ${url} ${answer}; ${stillServes(serving)}`,
    fix:
      openingOf(wallIn(lines)) ??
      (isOwn
        ? 'Make it listen on 0.0.0.0 and the port in `[start] port`, correct the HEALTHCHECK, or set `[start] health` to ask a path instead'
        : 'Make it listen on 0.0.0.0 and the port in `[start] port`, or correct `[start] health` or `health_timeout`'),
    lines,
  }),
})

interface StartFailure {
  readonly app: string
  readonly seconds: number
  /** The application's own last lines. */
  readonly lines: readonly string[]
  /** The release that serves all the same. */
  readonly serving: number | undefined
}

interface Unhealthy extends StartFailure {
  readonly answer: string
  readonly url: string
  /** Whether the image's own way was asked. */
  readonly isOwn: boolean
}

export const noAddressFree = problem('no-address-free', {
  explain: `berth gives each sandbox a pair of addresses out of a block of 10.192.0.0/10 that no route of this host uses.`,
  text: ({ what }: { what: string }) => ({
    message: `Cannot give the sandbox an address: ${what}`,
    fix: 'Stop applications that are not needed, or free a block of 10.192.0.0/10 (`ip route`)',
  }),
})
