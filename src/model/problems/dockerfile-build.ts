import { problem } from '../problem.ts'

/** What can go wrong while a Dockerfile is carried out. */

export const userUnknown = problem('dockerfile-user-unknown', {
  explain: `A name in \`USER\` or \`--chown\` is looked up in the image's own \`/etc/passwd\` and \`/etc/group\`, as they
are at that point of the Dockerfile.`,
  text: ({ what, name }: { what: 'user' | 'group'; name: string }) => ({
    message: `Cannot find the ${what} ${name} in the image`,
    fix: `Create it first (\`RUN ${what}add ${name}\`), or write its number`,
  }),
})

export const secretMissing = problem('dockerfile-secret-missing', {
  explain: `\`RUN --mount=type=secret,required\` takes its secret from the application's settings: a setting with the
secret's id as its name, or from \`--set\` of \`berth lock\`, \`build\` or \`deploy\`; only \`deploy\` stores it. It is there while
the command runs, and in no layer.`,
  text: ({ id, app }: { id: string; app: string }) => ({
    message: `Cannot run a command that needs the secret ${id}: there is no setting of that name`,
    fix: `Pass it with \`--set ${id}=-\`; once ${app} is deployed, \`berth config set ${app} ${id}=-\` keeps it`,
  }),
})

export const notRepeatable = problem('dockerfile-not-repeatable', {
  explain: `A Dockerfile is carried out twice when it is locked: once with the network, while everything that it fetches is
written down, and then with nothing but that. Here the first time went well and the second did not, although nobody has
changed anything: a command asks for something else each time (a URL with the time or a random number in it, a server that
is chosen anew), or it depends on the time or on chance in another way.`,
  text: ({ message, at, lines }: { message: string; at: string | undefined; lines: readonly string[] }) => ({
    message: `Cannot do the same twice: ${message}`,
    fix: 'Make that command ask for the same each time; `--verbose` shows what it did',
    ...(at === undefined ? {} : { at }),
    lines,
  }),
})

export const featureUnsupported = problem('dockerfile-not-possible', {
  explain: `berth carries Dockerfiles out itself. A few things would make an image depend on more than its lock, or reach
out of the build; those are refused.`,
  text: ({ what, why, instead }: { what: string; why: string; instead: string }) => ({
    message: `Cannot carry out ${what}: ${why}`,
    fix: instead,
  }),
})

export const checksumWrong = problem('dockerfile-checksum-wrong', {
  explain: `\`ADD --checksum\` says what the download has to be, and it is something else.`,
  text: ({ url, expected, found }: { url: string; expected: string; found: string }) => ({
    message: `Cannot add ${url}: its checksum is ${found}, not ${expected}`,
    fix: 'See why the file has changed; if it is meant to, correct the checksum',
  }),
})

export const imageUnreachable = problem('dockerfile-image-unreachable', {
  explain: `\`FROM debian:SUITE\` needs no registry: berth builds that base itself, from Debian's packages. Every other
image is fetched from its registry, and locked by its digest.`,
  temporary: true,
  text: ({ reference, reason }: { reference: string; reason: string }) => ({
    message: `Cannot fetch the image ${reference}: ${reason}`,
    fix: 'Check the network and `docker login`, or start from debian:bookworm and install what is needed with apt-get',
  }),
})
