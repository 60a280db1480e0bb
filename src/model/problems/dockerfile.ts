import { problem, type ProblemText } from '../problem.ts'

/** What can be wrong with a Dockerfile. Each shows the line, with a caret under what it is about. */

export interface DockerfileFault {
  readonly message: string
  readonly fix: string
  readonly at: string
  readonly lines: readonly string[]
}

function show({ message, fix, at, lines }: DockerfileFault): ProblemText {
  return { message: `Cannot read the Dockerfile: ${message}`, fix, at, lines }
}

export const dockerfileSyntax = problem('dockerfile-syntax', {
  explain: `berth reads Dockerfiles as BuildKit does: one instruction a line, continued with the escape character at the end of
a line, with here-documents for \`RUN\`, \`COPY\` and \`ADD\`. The caret shows where that stops.`,
  text: show,
})

export const dockerfileUnknownInstruction = problem('dockerfile-unknown-instruction', {
  explain: `The first word of a line is no instruction: \`FROM\`, \`RUN\`, \`COPY\`, \`ADD\`, \`ENV\`, \`ARG\`, \`WORKDIR\`, \`USER\`,
\`CMD\`, \`ENTRYPOINT\`, \`EXPOSE\`, \`LABEL\`, \`VOLUME\`, \`HEALTHCHECK\`, \`SHELL\`, \`STOPSIGNAL\`, \`ONBUILD\`, \`MAINTAINER\`.
A command that goes on over several lines needs the escape character (\`\\\`) at the end of each but the last.`,
  text: show,
})

export const dockerfileUnknownFlag = problem('dockerfile-unknown-flag', {
  explain: `Words that begin with \`--\` after an instruction are its flags. Each instruction knows a few, and refuses others.
A word that is no flag but begins so can follow \`--\`.`,
  text: show,
})

export const dockerfileVariable = problem('dockerfile-variable', {
  explain: `A variable cannot be put in. Understood are \`$name\`, \`\${name}\`, \`\${name:-default}\`, \`\${name:+instead}\`,
\`\${name:?message}\` (each also without the colon), \`\${name#prefix}\`, \`\${name##prefix}\`, \`\${name%suffix}\`,
\`\${name%%suffix}\`, \`\${name/pattern/text}\` and \`\${name//pattern/text}\`. A \`$\` that is meant as it stands is written
\`\\$\`. \`\${name:?message}\` stops the build with its message when the variable has no value: pass it as a build argument.`,
  text: show,
})

export const dockerfileValue = problem('dockerfile-value', {
  explain: `An instruction got a value that it cannot have: a port that is none, an unknown signal, a mode that is not octal,
an option that the kind of mount does not know.`,
  text: show,
})

export const dockerfileUnsupported = problem('dockerfile-unsupported', {
  explain: `Builds run sealed from the host, with berth's own proxy as the only way out, so that \`berth.lock\` names everything
that a build got. What would break that is refused: \`--network=host\`, \`--security=insecure\`, devices of the host; and
images of other systems than Linux.`,
  text: show,
})

export const dockerfileStage = problem('dockerfile-stage', {
  explain: `A stage begins with \`FROM … AS name\`. \`COPY --from\` and \`RUN --mount=from\` take files of a stage before their own,
by name or (\`COPY\` only) by number, or of an image. No stage can need itself, also not by way of others.`,
  text: show,
})

export const dockerfileSource = problem('dockerfile-source', {
  explain: `\`COPY\` and \`ADD\` take files of the build context: the source tree without what \`.dockerignore\` (or
\`<Dockerfile>.dockerignore\` beside the Dockerfile) leaves out. Paths begin at the top of the context, also with \`/\` or
\`../\` before them. Several files need a directory as their target: end it with \`/\`.`,
  text: show,
})

export const dockerfileTrigger = problem('dockerfile-trigger', {
  explain: `\`ONBUILD\` keeps an instruction for the images that are built on this one. There it runs right after \`FROM\`. It
has to be one instruction, and neither \`ONBUILD\` nor \`FROM\` nor \`MAINTAINER\`.`,
  text: show,
})

export const dockerfileCheckFailed = problem('dockerfile-check-failed', {
  explain: `The Dockerfile says \`# check=error=true\`: it is not to be built when a check has something to say. What it says is
shown; \`# check=skip=Rule\` leaves a rule out.`,
  text: ({ at, lines }: { at: string; lines: readonly string[] }) => ({
    message: 'Cannot build the Dockerfile: it asks to fail on notes, and there are some',
    fix: 'Mend what they name, or leave their rules out with `# check=skip=…`',
    at,
    lines,
  }),
})

export const dockerignoreInvalid = problem('dockerignore-invalid', {
  explain: `A line of \`.dockerignore\` is a pattern: \`*\` and \`?\` within a name, \`[a-z]\`, \`**\` for any number of directories,
\`!\` before it to take back in what an earlier line left out.`,
  text: ({ at, pattern, reason }: { at: string; pattern: string; reason: string }) => ({
    message: `Cannot read the patterns of files to leave out: \`${pattern}\` ${reason}`,
    fix: 'Correct that line',
    at,
  }),
})
