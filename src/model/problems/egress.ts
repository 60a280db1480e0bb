import { problem } from '../problem.ts'

export const relayNotStarted = problem('name-relay-not-started', {
  explain: `An application that may reach something by name, or another application, asks berth's name relay for addresses: a
process of its own that goes on when the daemon ends. It ended right after its start, or did not answer in time. Its own
last words are shown.`,
  text: ({ reason, lines }: { reason: string; lines: readonly string[] }) => ({
    message: `Cannot start the name relay: it ${reason}`,
    fix: 'Mend what its last lines say, then run the command again',
    lines,
  }),
})

export const egressBlocked = problem('egress-blocked', {
  explain: `The application declares what it may reach (\`[isolation] egress\` or \`links\`), and berth has opened that in its own
rules. A firewall of this host drops what no rule of its own accepts, though, and an accept in berth's table does not
overrule that. berth lets its sandboxes through Docker's chain \`DOCKER-USER\` by itself; another firewall's rules it does not
touch. The commands that are named let berth's sandboxes pass; what each of them may reach is still berth's to decide. Put
the same into the firewall's own configuration, so that it is there after the next boot.`,
  text: ({ chains, commands }: { chains: readonly string[]; commands: readonly string[] }) => ({
    message: `A firewall of this host stops what the application may reach: ${chains.join(', ')}`,
    fix: 'Let berth’s sandboxes pass, by these commands or what they mean in the words of that firewall',
    lines: commands,
  }),
})

export const linkUnknown = problem('link-unknown', {
  explain: `\`[isolation] links\` names applications of the same berth, which this one may then reach as
\`http://NAME.berth.internal/\`. A link to an application that is not there would open nothing; it is most likely misspelt.`,
  text: ({ app, link, known }: { app: string; link: string; known: string | undefined }) => ({
    message: `${app} has a link to ${link}, and there is no such application`,
    fix: known === undefined ? `Deploy ${link} first, or take it out of \`links\`` : `Did you mean \`${known}\`?`,
  }),
})

export const linkToItself = problem('link-to-itself', {
  explain: `\`[isolation] links\` names other applications. An application reaches itself on its own loopback, 127.0.0.1.`,
  text: ({ app }: { app: string }) => ({
    message: `${app} has a link to itself`,
    fix: 'Take it out of `links`, and use http://127.0.0.1 with the port of `[start] port`',
  }),
})
