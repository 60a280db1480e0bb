import { problem } from '../problem.ts'

/** What can go wrong with bundles. */

export const bundleDamaged = problem('bundle-damaged', {
  explain: `A bundle is one file, of which every byte is known or has a hash in its header. A copy that was cut off, a disk
that fails and somebody who changed it all look like this. Nothing of it was kept, and whatever served before still serves.`,
  text: ({ file, reason }: { file: string; reason: string }) => ({
    message: `Refused ${file}: ${reason}`,
    fix: 'Copy it again from where it was made, and compare both with sha256sum',
  }),
})

export const bundleNewer = problem('bundle-newer', {
  explain: `The format of bundles has a version. A berth reads the one that it writes.`,
  text: ({ file, format, known }: { file: string; format: number; known: number }) => ({
    message: `Cannot read ${file}: it is a bundle of format ${format}, and this berth knows format ${known}`,
    fix: 'Use the version of berth that made it, or make the bundle again with this one',
  }),
})

export const bundleArchitecture = problem('bundle-architecture', {
  explain: `An image holds programs for one kind of processor.`,
  text: ({ file, bundled, host }: { file: string; bundled: string; host: string }) => ({
    message: `Cannot deploy ${file}: it is for ${bundled}, and this host is ${host}`,
    fix: `Deploy it on a host with ${bundled}, or make a bundle on one like this`,
  }),
})

export const bundleIncomplete = problem('bundle-incomplete', {
  explain: `A bundle has everything that a release can be built of again. Something of it is neither in the store nor can it
be fetched from where the lock says.`,
  text: ({ what, missing, reason }: { what: string; missing: string; reason: string }) => ({
    message: `Cannot bundle ${what}: ${missing} is not in the store${reason}`,
    fix: 'Deploy the application again from its folder, then bundle that release',
  }),
})

export const bundleUnwritable = problem('bundle-unwritable', {
  explain: `The bundle was made, but could not be written to where it should go. What was written of it was removed.`,
  text: ({ path, reason }: { path: string; reason: string }) => ({
    message: `Cannot write ${path}: ${reason}`,
    fix: 'Name a file on a disk with enough room with `-o`',
  }),
})
