const longest = 72
/** Of a `RUN`: they say nothing of what it does, and may be longer than the command. */
const flags = /^(RUN) +(?:--(?:mount|network|security)=\S+ +)+/i

/**
 * What a step is called wherever it is spoken of: the instruction as it is written, on one line, cut to what a terminal
 * shows.
 * @param stage The name of its stage, when there are several.
 */
export function stepTitle(written: string, stage: string | undefined): string {
  const text = written.replace(/\s+/g, ' ').replace(flags, '$1 ')
  const whole = stage === undefined ? text : `${stage}: ${text}`
  return whole.length > longest ? `${whole.slice(0, longest - 1).trimEnd()}…` : whole
}
