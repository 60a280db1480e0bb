import { problem } from '../problem.ts'

export const archiveHostile = problem('archive-hostile', {
  explain: `The archive holds an entry that could write outside of the place it is unpacked to, or that no source tree needs:
an absolute path, \`..\`, a link that leads out, a device, a FIFO, a path through a link, or the same path twice. Nothing of
it was kept.`,
  text: ({ entry, why }: { entry: string; why: string }) => ({
    message: `Refused the source archive: \`${entry}\` ${why}`,
    fix: 'Remove that entry from the source, or add it to .berthignore',
  }),
})

export const archiveTooLarge = problem('archive-too-large', {
  explain: `A source tree may have up to 200,000 entries and 2 GiB. More is nearly always something that was not meant to be
sent: a data folder, a virtual environment, a build's output.`,
  text: ({ what }: { what: string }) => ({
    message: `Refused the source archive: it has ${what}`,
    fix: 'List what the application does not need in .berthignore',
  }),
})

export const archiveDamaged = problem('archive-damaged', {
  explain: `The stream of the source tree ended early or is not a tar archive: the client was interrupted, or the disk it read
from failed. Nothing of it was kept.`,
  temporary: true,
  text: ({ reason }: { reason: string }) => ({
    message: `Cannot unpack the source: the archive is cut off or damaged (${reason})`,
    fix: 'Run the same command again',
  }),
})

export const sourceEmpty = problem('source-empty', {
  explain: `Nothing is left of the source once the ignored files are taken out (\`.gitignore\`, \`.berthignore\` and what is always
left out: version control, \`node_modules\`, virtualenvs, \`__pycache__\`).`,
  text: ({ origin }: { origin: string }) => ({
    message: `There is nothing to deploy in ${origin}`,
    fix: 'Name the folder that holds the application, or look at its `.gitignore` and `.berthignore`',
  }),
})
