import { problem } from '../problem.ts'

export const httpPortTaken = problem('http-port-taken', {
  explain: `The front server, through which all applications are reached, needs a port of its own. Another program
listens on it already. On a fresh Debian that is often a web server whose package has started it.

Stop that program, or give berth other ports with BERTH_HTTP_PORT and BERTH_HTTPS_PORT.`,
  text: ({ port, holder, service }: { port: number; holder: string; service?: string | undefined }) => ({
    message: `Cannot start the front server: port ${port} is held by ${holder}`,
    fix: `${service === undefined ? 'Stop what holds it' : `Stop it with \`systemctl disable --now ${service}\``}, or set BERTH_HTTP_PORT and BERTH_HTTPS_PORT to other ports`,
  }),
})

export const frontNotStarted = problem('front-not-started', {
  explain: `The front server (Caddy) or the name server that it asks for addresses (dnsmasq) ended right after its
start, or did not answer in time. Its own last words are shown.`,
  text: ({ program, reason, lines }: { program: string; reason: string; lines: readonly string[] }) => ({
    message: `Cannot start the front server: ${program} ${reason}`,
    fix: `Mend what its last lines say, then run the command again`,
    lines,
  }),
})

export const frontRefusedConfiguration = problem('front-refused-configuration', {
  explain: `Caddy refused the configuration that berth gave it, and goes on with the one before. A domain that is not a
valid host name is the usual reason.`,
  text: ({ reason }: { reason: string }) => ({
    message: `Cannot configure the front server: ${reason}`,
    fix: 'Check `domains` in the manifest',
  }),
})

export const frontDidNotSwitch = problem('front-did-not-switch', {
  explain: `The name server of the front did not take over the new table of addresses in time, so requests still go where
they went before.`,
  temporary: true,
  text: () => ({
    message: 'Cannot switch the traffic: the name server of the front does not answer',
    fix: 'Run the command again; `berth doctor` tells whether the front runs',
  }),
})
