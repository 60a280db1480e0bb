import { problem } from '../problem.ts'

export const diskFull = problem('disk-full', {
  explain: `The file system that holds BERTH_HOME, or the host's temporary one, has no space left. What was being written was
removed again; whatever served before still serves.

\`berth gc\` removes the images, layers and logs that no kept release needs.`,
  temporary: true,
  text: ({ where }: { where: string }) => ({
    message: `The disk is full: could not write ${where}`,
    fix: 'Make room (`berth gc` shows and removes what no release needs), then run the same command again',
  }),
})

export const roomMissing = problem('room-missing', {
  explain: `What \`berth.lock\` names, and the layers that are made of it, would not fit on the disk. berth looks before it begins,
by the sizes in the lock: a download is kept, and becomes a layer that is kept twice, packed and unpacked. Nothing was
written, and whatever served before still serves.`,
  temporary: true,
  text: ({ home, needed, free }: { home: string; needed: number; free: number }) => ({
    message: `Cannot build: that takes about ${megabytes(needed)}, and the disk of ${home} has ${megabytes(free)} left`,
    fix: 'Make room (`berth gc` shows and removes what no release needs), then run the same command again',
  }),
})

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`
}

export const internalError = problem('internal-error', {
  explain: `This is a mistake in berth, not in your application. What was begun has been undone as far as possible; whatever
served before still serves. The daemon's log holds the whole stack.`,
  text: ({ reason, log }: { reason: string; log: string }) => ({
    message: `berth met an error that it does not know: ${reason}`,
    fix: `Please report it with the end of ${log}`,
  }),
})

export const hostNotReady = problem('host-not-ready', {
  explain: `Something that sandboxes or the front server need is missing on this host. berth never falls back to a weaker level
by itself. \`berth doctor\` lists all that is needed, \`berth doctor --fix\` installs it.`,
  text: ({ missing }: { missing: readonly string[] }) => ({
    message: `This host cannot run the application: ${missing[0] ?? 'something is missing'}`,
    fix: 'berth doctor --fix',
    ...(missing.length > 1 ? { lines: missing.slice(1) } : {}),
  }),
})

export const domainTaken = problem('domain-taken', {
  explain: `Each domain leads to one application. To move a domain, take it out of the manifest of the application that has it and
deploy that one first.`,
  text: ({ domain, app }: { domain: string; app: string }) => ({
    message: `The domain ${domain} belongs to ${app}`,
    fix: `Take it out of \`[start] domains\` here, or out of ${app}'s manifest and deploy that first`,
  }),
})

export const deployCancelled = problem('cancelled', {
  explain: `The command that asked for it was interrupted, so the daemon stopped and removed what it had begun.`,
  text: ({ action }: { action: string }) => ({
    message: `The ${action} was cancelled; nothing changed`,
    fix: 'Run the same command again when you want it',
  }),
})

export const requestInvalid = problem('request-invalid', {
  explain: `The daemon did not understand what a client sent. Client and daemon may be of different versions, or the request was
made by hand.`,
  text: ({ reason }: { reason: string }) => ({
    message: `The daemon did not understand the request: ${reason}`,
    fix: 'Use the `berth` command of the same version; see src/model/api.ts for the shapes',
  }),
})
