/** The unit that starts the daemon where systemd is the init system. */
export const unitPath = '/etc/systemd/system/berth.service'

/** Writes the unit's text. `environment` holds the BERTH_* variables that the daemon shall see. */
export function systemdUnit(launcher: string, environment: Readonly<Record<string, string>>): string {
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${quote(`${name}=${value}`)}`)
  return `# Written by berth when it starts its daemon; changes belong in a drop-in (systemctl edit berth).
[Unit]
Description=berth: deploys web applications and keeps them running
Wants=network-online.target
After=network-online.target
# However often it ends, it is started again: a daemon that gave up would let crashed applications lie.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${quote(launcher)} serve
${variables.map((line) => `${line}\n`).join('')}# Only the daemon ends with its unit: the applications and the front server serve on without it.
KillMode=process
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`
}

/** Quotes a word of a unit file: % is its specifier, $ its variable, and the rest follows C (systemd.syntax(7)). */
function quote(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  return /[\s"'\\;]/.test(word) ? `"${escaped}"` : escaped
}
