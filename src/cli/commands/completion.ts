import { usage } from '../../model/problems/client.ts'
import { argument, command, type Command } from '../command.ts'

/** @param all gives every command, this one included */
export const completionOf = (all: () => readonly Command[]): Command =>
  command({
    name: 'completion',
    summary: 'Print a completion script for bash, zsh or fish',
    description: `\`berth completion bash > /etc/bash_completion.d/berth\`,
\`berth completion zsh > "\${fpath[1]}/_berth"\`, \`berth completion fish > ~/.config/fish/completions/berth.fish\``,
    arguments: { shell: argument('SHELL', 'bash, zsh or fish') },
    options: {},
    json: 'an object with `shell` and `script`',
    async run({ shell }) {
      const { completionScripts } = await import('../completion.ts')
      const write = completionScripts.get(shell)
      if (!write) {
        throw usage({ message: `There is no completion for ${shell}`, fix: 'Name one of: bash, zsh, fish' })
      }
      const script = write(all())
      return { kind: 'answer', json: { shell, script }, text: script }
    },
  })
