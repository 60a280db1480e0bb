import { problem } from '../problem.ts'

export const manifestNotToml = problem('manifest-not-toml', {
  explain: `\`berth.toml\` is TOML 1.0 (https://toml.io). The message says where it stops being that.`,
  text: ({ file, line, reason }: { file: string; line: number; reason: string }) => ({
    message: `Cannot read the manifest: ${reason}`,
    at: `${file}:${line}`,
    fix: 'Correct that line; strings need quotes, and a table begins with `[name]`',
  }),
})

/** One thing that is wrong with a manifest. */
export interface ManifestFault {
  readonly line: number
  readonly message: string
  readonly fix: string
}

export const manifestInvalid = problem('manifest-invalid', {
  explain: `\`berth.toml\` has a key that berth does not know, or a value that the key cannot have. Unknown keys are refused,
because a misspelt one would be silently without effect. \`docs/reference/manifest.md\` lists every key.`,
  text: ({ file, faults }: { file: string; faults: readonly ManifestFault[] }) => {
    const [first, ...others] = faults
    return {
      message: first?.message ?? 'The manifest is not valid',
      at: `${file}:${first?.line ?? 1}`,
      fix: first?.fix ?? 'See docs/reference/manifest.md',
      ...(others.length > 0
        ? { lines: others.map((fault) => `${file}:${fault.line}: ${fault.message} (${fault.fix})`) }
        : {}),
    }
  },
})

export const appNameMissing = problem('app-name-missing', {
  explain: `An application's name comes from \`name\` in its manifest, else from the folder or repository. That one cannot be a
name: it has to be 1 to 40 of a-z, 0-9 and -, begin with a letter and not end with -.`,
  text: ({ file, from }: { file: string; from: string }) => ({
    message: `Cannot name the application after \`${from}\``,
    at: file,
    fix: 'Write `name = "…"` at the top of berth.toml (`berth init` makes one)',
  }),
})
