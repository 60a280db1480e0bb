import { problem } from '../problem.ts'

export const settingsMissing = problem('settings-missing', {
  explain: `The manifest declares variables under \`[configure.env]\` that have no value, an empty one, or one that is not of the
declared type. All of them are named at once, and nothing was built or stopped.

Set them with \`berth config set APP NAME=VALUE\`, or with \`--set NAME=VALUE\` on the deploy itself. A variable that may be
absent is declared with \`required = false\` or with a \`default\`.`,
  text: ({ app, isDeployed, sentences, names }: MissingSettings) => ({
    message: sentences.join('\n'),
    fix: isDeployed
      ? `berth config set ${app} ${names.map((name) => `${name}=…`).join(' ')}`
      : `Deploy with ${names.map((name) => `--set ${name}=…`).join(' ')}`,
  }),
})

interface MissingSettings {
  readonly app: string
  /** Whether what is deployed declares the same settings: before that, it would not know which of them are secret. */
  readonly isDeployed: boolean
  readonly sentences: readonly string[]
  readonly names: readonly string[]
}

export const settingNameInvalid = problem('setting-name-invalid', {
  explain: `A setting becomes an environment variable. Its name is made of letters, digits and \`_\`, and does not begin with a
digit (POSIX.1-2024, 8.1). A value may be any text without a NUL character.`,
  text: ({ name, why }: { name: string; why: string }) => ({
    message: `Cannot set \`${name}\`: ${why}`,
    fix: 'Use NAME=VALUE with a name of letters, digits and _',
  }),
})

export const settingReserved = problem('setting-reserved', {
  explain: `berth sets \`PORT\`, \`HOME\` and \`HOSTNAME\` itself, and variables that change how every program in the sandbox is
loaded (\`LD_*\`) belong to the image.`,
  text: ({ name }: { name: string }) => ({
    message: `Cannot set \`${name}\`: berth sets it itself`,
    fix: 'Use another name; the port comes from `[start] port`',
  }),
})

export const settingUnknown = problem('setting-unknown', {
  explain: `Only what has been set can be unset. \`berth config list APP\` shows it.`,
  text: ({ app, names }: { app: string; names: readonly string[] }) => ({
    message: `${app} has no setting ${names.join(', ')}`,
    fix: `See \`berth config list ${app}\``,
  }),
})
