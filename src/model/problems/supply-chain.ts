import { problem } from '../problem.ts'

/** What can go wrong while berth looks at what applications are made of. */

export const registriesSilent = problem('registries-silent', {
  explain: `\`berth outdated\` asks the registries that a lock's packages came from what they have now. None of them gave an
answer that it could use. Network trouble is the usual cause.`,
  temporary: true,
  text: ({ reason }: { reason: string }) => ({
    message: `Cannot tell what is newer: no registry answered (${reason})`,
    fix: 'Check the network, then try again',
  }),
})

export const releaseLockMissing = problem('release-lock-missing', {
  explain: `Each release remembers the lock that its image was built with. \`berth gc\` removes the locks of releases that are
not kept any more; a damaged store may have lost others.`,
  text: ({ app, release }: { app: string; release: string }) => ({
    message: `The lock of ${release} of ${app} is not in the store any more`,
    fix: `Choose a release that \`berth releases ${app}\` shows as kept, or name a berth.lock`,
  }),
})

export const noLockThere = problem('no-lock-there', {
  explain: `Where a lock is wanted, name a folder that has a \`berth.lock\`, the file itself, or an application, whose release
that serves remembers its lock.`,
  text: ({ target }: { target: string }) => ({
    message: `There is no berth.lock in ${target}`,
    fix: 'Run `berth lock` there, or name an application (`berth ps` lists them)',
  }),
})

export const queryUnclear = problem('query-unclear', {
  explain: `\`berth affected\` takes the name of a package, and bounds if not every version counts: \`openssl\`,
\`'openssl<3.0.15'\`, \`'npm:left-pad>=1.0,<1.3'\`. The relations are \`<\`, \`<=\`, \`>\`, \`>=\`, \`=\` and \`!=\`; several are
joined by commas, and all of them must hold.`,
  text: ({ query }: { query: string }) => ({
    message: `${JSON.stringify(query)} is no package with bounds`,
    fix: "Write it such as 'openssl<3.0.15', in quotes",
  }),
})

export const imageUnsigned = problem('image-unsigned', {
  explain: `The manifest names keys under \`[install] signed_by\`, and an image that none of them has signed is not started.
An image is signed where it is built, by a berth that has a key (\`berth key\`); a bundle brings the signatures with it. The
same source and lock come to the same image everywhere, so what was signed there is what is built here.`,
  text: ({ app, digest }: { app: string; digest: string }) => ({
    message: `Cannot start ${app}: none of the keys in \`signed_by\` has signed its image ${digest}`,
    fix: 'Deploy a bundle from the machine that has the key, or correct `signed_by` in berth.toml',
  }),
})

export const signingKeyUnreadable = problem('signing-key-unreadable', {
  explain: `Keys for signing images are PEM, of the kind ECDSA on P-256, as \`berth key\` and \`cosign generate-key-pair\` make
them. A name under \`signed_by\` is either the public key itself or the path of a file in the application's folder.`,
  text: ({ key }: { key: string }) => ({
    message: `Cannot read the key ${key.split('\n', 1)[0] ?? ''}: it is no PEM of an ECDSA key on P-256`,
    fix: 'Put the output of `berth key` there',
  }),
})
