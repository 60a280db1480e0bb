/** Signals that ask an application to end, by the names and numbers that `STOPSIGNAL` and manifests have for them. */

/** The names of signal(7) at their numbers, on all architectures that berth runs on; 0 is none. */
const names = (
  '- HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG ' +
  'XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
).split(' ')

const otherNames: Readonly<Record<string, string>> = { CLD: 'CHLD', IOT: 'ABRT', POLL: 'IO' }

/** The first and the last real-time signal that the C library leaves to programs. */
const realtime = { first: 34, last: 64 } as const

/** What an application is sent when nobody says otherwise. */
export const standardStopSignal = 'SIGTERM'

/**
 * The number of a signal: a name, with or without SIG, in any case; `SIGRTMIN+3`; or a number.
 * @returns undefined for what is none
 */
export function signalNumber(text: string): number | undefined {
  if (/^\+?\d{1,9}$/.test(text)) return Number(text) >= 1 && Number(text) <= realtime.last ? Number(text) : undefined
  const name = text.toUpperCase().replace(/^SIG/, '')
  const [, end, distance = 0] = /^RTM(IN(?=\+|$)|AX(?=-|$))(?:[-+](\d{1,2}))?$/.exec(name) ?? []
  if (end === undefined) return orUndefined(names.indexOf(otherNames[name] ?? name))
  const number = end === 'IN' ? realtime.first + Number(distance) : realtime.last - Number(distance)
  return number >= realtime.first && number <= realtime.last ? number : undefined
}

function orUndefined(index: number): number | undefined {
  return index > 0 ? index : undefined
}

/** Those that tini keeps to itself (its `signals_for_tini`), and those that the kernel acts upon instead of the program. */
const notHandedOn = ['FPE', 'ILL', 'SEGV', 'BUS', 'ABRT', 'TRAP', 'SYS', 'TTIN', 'TTOU', 'CHLD', 'STOP']

/**
 * The one name of a signal that can ask an application to end: `SIGQUIT`, `SIGRTMIN+3`.
 * @returns undefined for what is no signal, and for one that would not get to it
 */
export function stopSignalName(text: string): string | undefined {
  const number = signalNumber(text)
  if (number === undefined) return undefined
  const name = names[number]
  if (name !== undefined) return notHandedOn.includes(name) ? undefined : `SIG${name}`
  if (number < realtime.first) return undefined // the C library's own
  return number === realtime.first ? 'SIGRTMIN' : `SIGRTMIN+${number - realtime.first}`
}
