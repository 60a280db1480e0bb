import { TextFault } from './text-fault.ts'

const names =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP ' +
  'TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'

/**
 * Checks the value of `STOPSIGNAL`: a name, with or without SIG, or a number.
 * @throws TextFault
 */
export function checkStopSignal(text: string): void {
  const name = text.toUpperCase().replace(/^SIG/, '')
  const isRealtime = /^RTM(IN(\+([1-9]|1[0-5]))?|AX(-([1-9]|1[0-4]))?)$/.test(name)
  const isNumber = /^\+?\d{1,9}$/.test(text) && Number(text) > 0
  if (isNumber || isRealtime || names.split(' ').includes(name)) return
  throw new TextFault('value', { message: `\`${text}\` is no signal`, fix: 'Write it as SIGTERM or 15' })
}
