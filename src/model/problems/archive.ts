import { problem } from '../problem.ts'

export const archiveSignatureBad = problem('archive-signature-bad', {
  explain: `berth checks the signature of each Debian archive that a build uses with the keys below
\`/usr/share/keyrings\` of this host. A file that was changed after it was signed is a broken mirror or an attack. Nothing
of the archive was locked.`,
  temporary: true,
  text: ({ archive, reason }: { archive: string; reason: string }) => ({
    message: `Refused the Debian archive ${archive}: ${reason}`,
    fix: 'Try again; if it stays, use another mirror and report it',
  }),
})
