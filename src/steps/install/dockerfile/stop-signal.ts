import { signalNumber } from '../../../model/stop-signal.ts'
import { TextFault } from './text-fault.ts'

/**
 * Checks the value of `STOPSIGNAL`, as BuildKit does: a name, with or without SIG, or any number but 0.
 * @throws TextFault
 */
export function checkStopSignal(text: string): void {
  const isNumber = /^\+?\d{1,9}$/.test(text) && Number(text) > 0
  // It has names for real-time signals to the middle only, from either end.
  const isUnnamed = /RTM/i.test(text) && !/^(SIG)?RTM(IN(\+([1-9]|1[0-5]))?|AX(-([1-9]|1[0-4]))?)$/i.test(text)
  if (isNumber || (signalNumber(text) !== undefined && !isUnnamed)) return
  throw new TextFault('value', { message: `\`${text}\` is no signal`, fix: 'Write it as SIGTERM or 15' })
}
