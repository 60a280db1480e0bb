import { styleText } from 'node:util'

/** Colours, where they help: never for what the words alone do not say. */
export type Paint = Readonly<Record<'strong' | 'good' | 'bad' | 'warning' | 'faint', (text: string) => string>>

const styles = { strong: 'bold', good: 'green', bad: 'red', warning: 'yellow', faint: 'dim' } as const

/** Colours for one stream. It has none when it is no terminal, or when the operator set NO_COLOR (no-color.org). */
export function paintFor(isTerminal: boolean, environment: NodeJS.ProcessEnv): Paint {
  const isColoured = isTerminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
  const painter = (style: (typeof styles)[keyof typeof styles]) => (text: string) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text
  return {
    strong: painter(styles.strong),
    good: painter(styles.good),
    bad: painter(styles.bad),
    warning: painter(styles.warning),
    faint: painter(styles.faint),
  }
}
