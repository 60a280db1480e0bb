import { usage } from '../../model/problems/client.ts'
import { argument, command } from '../command.ts'

export const completion = command({
  name: 'completion',
  summary: 'Print a completion script for bash, zsh or fish',
  description: `\`berth completion bash > /etc/bash_completion.d/berth\`,
\`berth completion zsh > "\${fpath[1]}/_berth"\`, \`berth completion fish > ~/.config/fish/completions/berth.fish\``,
  arguments: { shell: argument('SHELL', 'bash, zsh or fish') },
  options: {},
  json: 'an object with `shell` and `script`',
  async run({ shell }) {
    const [{ completionScripts }, { commands }] = await Promise.all([
      import('../completion.ts'),
      import('../commands.ts'),
    ])
    const write = completionScripts.get(shell)
    if (!write) {
      throw usage({ message: `There is no completion for ${shell}`, fix: 'Name one of: bash, zsh, fish' })
    }
    const script = write(commands)
    return { kind: 'answer', json: { shell, script }, text: script }
  },
})
