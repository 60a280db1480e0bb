import { problem } from '../problem.ts'
import type { BuildDifference, Drift } from '../proof.ts'

/** What can come of building an image again, and of holding what runs against what was released. */

const mostLines = 20

export const notReproducible = problem('not-reproducible', {
  explain: `The image was built again of nothing but the source and the lock, somewhere else on this host, and came out
differently. So what runs cannot be told from its source, and nobody else can check it. The files that differ are named with
their layer; where the cause shows, it is named as well.

Most often a package writes the time, something random or the path of the build into a file when it is installed. The
times of files themselves, their order and their owners are berth's own business, and never the cause. Look for a newer
version of the package, or for a setting that turns this off; many heed SOURCE_DATE_EPOCH, which builds have.`,
  text: (data: { what: string; digest: string; again: string; differences: readonly BuildDifference[] }) => {
    const { what, digest, again, differences } = data
    const shown = differences.slice(0, mostLines).map(describeDifference)
    const more =
      differences.length > mostLines ? [`and ${differences.length - mostLines} more, all named with \`--json\``] : []
    return {
      message: `${what} is not reproducible: it was ${digest}, and is ${again} when built again`,
      fix: 'Keep what is named above from writing what changes with every build; `berth explain not-reproducible`',
      lines: [...shown, ...more],
    }
  },
})

/** Such as `Python packages: app/venv/x.py: other content (it holds the time of the build)`. */
export function describeDifference({ layer, path, detail, reason }: BuildDifference): string {
  return `${layer}: ${path}: ${detail}${reason === undefined ? '' : ` (${reason})`}`
}

export const recipeChanged = problem('recipe-changed', {
  explain: `How berth makes an image of a source and a lock has a number, its recipe. Another recipe comes to another
image, so a release can only be built again by a berth with the recipe that it was made with.`,
  text: ({ what, locked, known }: { what: string; locked: number; known: number }) => ({
    message: `Cannot build ${what} again: it was made with recipe ${locked}, and this berth has recipe ${known}`,
    fix: 'Deploy the same source again: it becomes a release of the new recipe',
  }),
})

export const sourceNotKept = problem('source-not-kept', {
  explain: `A release keeps its source tree and its lock, so that it can be built again. Those of this one are no longer in
the store.`,
  text: ({ what, missing }: { what: string; missing: string }) => ({
    message: `Cannot build ${what} again: its ${missing} is no longer in the store`,
    fix: 'Use `berth reproduce FOLDER` with the folder that it was deployed from',
  }),
})

export const attestationUnwritable = problem('attestation-unwritable', {
  explain: `The image came out the same, but the signed statement of that could not be written.`,
  text: ({ path, reason }: { path: string; reason: string }) => ({
    message: `Cannot write ${path}: ${reason}`,
    fix: 'Name a file that can be written with `--attest`',
  }),
})

export const notReproducedByOthers = problem('not-reproduced-by-others', {
  explain: `The manifest demands with \`reproduced_by\` that others have built this very image and come to the same digest.
Each of them runs \`berth reproduce ./FOLDER --attest FILE\` on a host of their own and gives the file; it belongs into the
folder \`berth.attestations\` beside the manifest. The keys that count are listed in \`trusted_keys\`; several statements of
one key count once.`,
  text: (data: {
    app: string
    digest: string
    demanded: number
    found: number
    folder: string
    lines: readonly string[]
  }) => ({
    message: `Cannot deploy ${data.app}: ${data.demanded} others have to come to ${data.digest}, and ${data.found} did`,
    fix: `Put their statements (\`berth reproduce ./FOLDER --attest FILE\`) into ${data.folder}/`,
    lines: data.lines,
  }),
})

export const staleByteCode = problem('stale-byte-code', {
  explain: `Byte-code of Python is only taken when its header fits the source beside it. What does not fit is compiled again
at every start of every process, or, where Python is told not to look, is other code than the source shows.`,
  text: ({ what, lines }: { what: string; lines: readonly string[] }) => ({
    message: `${what} has byte-code that does not fit its source`,
    fix: 'Let the build compile after it has written the last source: `python -m compileall --invalidation-mode unchecked-hash`',
    lines,
  }),
})

export const drifted = problem('drifted', {
  explain: `What is stored of a release, or what runs of it, is not what was built: a file was changed on the disk, a disk
has failed, or a process was started in other circumstances. Every file is named with what changed.

\`berth scrub\` mends layers and archives from each other. \`berth restart\` starts a sandbox anew.`,
  text: ({ what, drift }: { what: string; drift: readonly Drift[] }) => ({
    message: `${what} is not what was released`,
    fix: '`berth scrub` mends what can be mended; then `berth restart APP`',
    lines: drift.slice(0, 200).map(describeDrift),
  }),
})

export function describeDrift({ where, path, what }: Drift): string {
  return [where, path, what].filter((part) => part !== undefined).join(': ')
}
