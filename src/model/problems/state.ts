import { problem } from '../problem.ts'

export const daemonRunsAlready = problem('daemon-runs-already', {
  explain: `Only one daemon may own a BERTH_HOME. Another process holds the lock of its \`state.db\`.

A second berth on the same host needs a home, a run directory and ports of its own: set \`BERTH_HOME\`,
\`BERTH_HTTP_PORT\` and \`BERTH_HTTPS_PORT\`.`,
  temporary: true,
  text: ({ home }: { home: string }) => ({
    message: `Cannot start the daemon: another berth daemon uses ${home}`,
    fix: 'Use the running one, or set another `BERTH_HOME`',
  }),
})

export const stateFromNewerBerth = problem('state-from-newer-berth', {
  explain: `The state database was written by a newer berth. An older one would not understand it, so it does not touch it.`,
  text: ({ home, found, known }: { home: string; found: number; known: number }) => ({
    message: `Cannot open the state in ${home}: it has schema version ${found}, this berth knows up to ${known}`,
    fix: 'Upgrade berth, or restore a backup of this version',
  }),
})

export const stateDamaged = problem('state-damaged', {
  explain: `SQLite cannot read \`state.db\` in BERTH_HOME: a failing disk, or something else wrote into it. berth leaves it as it is.
Applications that run go on; images, locks and volumes are other files and are not touched.

With the daemon stopped, \`sqlite3 state.db .recover | sqlite3 recovered.db\` saves what can still be read: put it in the place of
\`state.db\`, and take \`state.db-wal\` and \`state.db-shm\` away. Otherwise restore the whole home from a backup: the file in it that
unseals secrets (\`keys/identity.txt\`) belongs to its database.`,
  text: ({ file, reason }: { file: string; reason: string }) => ({
    message: `Cannot read the state in ${file}: ${reason}`,
    fix: 'Restore it from a backup, or recover what can be read: `berth explain state-damaged`',
  }),
})

export const unknownApp = problem('unknown-app', {
  explain: `No application of that name has been deployed with this BERTH_HOME. \`berth ps\` lists those that have.`,
  text: ({ app, known }: { app: string; known: readonly string[] }) => ({
    message: `There is no application ${app}`,
    fix: known.length > 0 ? `Name one of: ${known.join(', ')}` : 'Deploy one first: `berth deploy FOLDER`',
  }),
})

export const unknownRelease = problem('unknown-release', {
  explain: `Releases are numbered from v1 for each application. \`berth releases APP\` lists them.`,
  text: ({ app, release }: { app: string; release: string }) => ({
    message: `${app} has no release ${release}`,
    fix: `See \`berth releases ${app}\``,
  }),
})

export const noEarlierRelease = problem('no-earlier-release', {
  explain: `A rollback without a number goes to the release that served before the current one. There is none yet.`,
  text: ({ app }: { app: string }) => ({
    message: `Cannot roll ${app} back: no earlier release has served`,
    fix: `See \`berth releases ${app}\``,
  }),
})

export const releaseNotKept = problem('release-not-kept', {
  explain: `\`berth gc\` removed the image of this release. Its source can be deployed again; it then becomes a new release.`,
  text: ({ app, release }: { app: string; release: string }) => ({
    message: `Cannot go back to ${release} of ${app}: its image is no longer in the store`,
    fix: `Choose one that \`berth releases ${app}\` shows as kept, or deploy that source again`,
  }),
})

export const appIsBusy = problem('app-is-busy', {
  explain: `One thing at a time changes an application. Another deploy, rollback or configuration change of it is under way.`,
  temporary: true,
  text: ({ app, action, since }: { app: string; action: string; since: string }) => ({
    message: `Cannot change ${app}: a ${action} is under way since ${since}`,
    fix: `Wait until it has ended (\`berth status ${app}\`), then try again`,
  }),
})

export const storeIsBusy = problem('store-is-busy', {
  explain: `\`berth gc\` removes what no release needs. A deploy, a build or another change that is under way may be about to use
just that, so nothing is removed meanwhile.`,
  temporary: true,
  text: () => ({
    message: 'Cannot remove garbage: a deploy, a build or another change is under way',
    fix: 'Wait until it has ended (`berth status APP`), then run `berth gc` again',
  }),
})

export const appNeverDeployed = problem('app-never-deployed', {
  explain: `The application has settings, but no deploy of it has succeeded yet, so there is no release to work with.`,
  text: ({ app }: { app: string }) => ({
    message: `${app} has no release yet`,
    fix: 'Deploy it first: `berth deploy FOLDER`',
  }),
})

export const appNotRunning = problem('app-not-running', {
  explain: `The command needs a running sandbox of the application.`,
  text: ({ app, state }: { app: string; state: string }) => ({
    message: `${app} is not running: it is ${state}`,
    fix: `Start it with \`berth start ${app}\`, or see why not: \`berth logs ${app}\``,
  }),
})

export const sealedSecretUnreadable = problem('sealed-secret-unreadable', {
  explain: `Secrets are sealed with the age identity in \`keys/identity.txt\` below BERTH_HOME. It is missing, damaged, or
another one than the secrets were sealed with (a restored backup needs its keys too).`,
  text: ({ app, name, keyFile }: { app: string; name: string; keyFile: string }) => ({
    message: `Cannot open the secret ${name} of ${app} with the identity in ${keyFile}`,
    fix: `Restore that file from the backup, or set the secret again: \`berth config set ${app} ${name}\``,
  }),
})
