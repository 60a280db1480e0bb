import { expandWords } from './expand.ts'
import { withoutKeys } from './image-config.ts'
import type { Command, Declaration, InstructionContent, Pair } from './instruction.ts'
import { isAbsolute, joinPath } from './paths.ts'
import { mapsPort, parsePorts } from './port.ts'
import type { Word } from './source.ts'
import { splitVariable, type StageState } from './stage-state.ts'
import { checkStopSignal } from './stop-signal.ts'
import { shifted, TextFault } from './text-fault.ts'

/** Instructions that change no file: what they do to the configuration, the variables and the history. */

type Of<Kind extends InstructionContent['kind']> = Extract<InstructionContent, { kind: Kind }>

/** All values see the variables as they were before the instruction. */
export function evaluatePairs({ kind, pairs }: Of<'env' | 'label'>, state: StageState): void {
  const values = pairs.map((pair): [string, string] => [expandName(pair, state), state.expand(pair.value)])
  for (const [name, value] of values) {
    if (kind === 'label') state.config = { ...state.config, Labels: { ...state.config.Labels, [name]: value } }
    else setVariable(name, value, state)
  }
  state.commit(`${kind.toUpperCase()} ${values.map(([name, value]) => `${name}=${value}`).join(' ')}`)
}

function expandName({ name }: Pair, state: StageState): string {
  const text = state.expand(name)
  if (text !== '' && !text.includes('\u0000')) return text
  throw new TextFault('value', { message: `\`${name.text}\` comes to no name`, ...nameFix, offset: name.offset })
}

const nameFix = { fix: 'Write `name=value`, with a name that is not empty' }

function setVariable(name: string, value: string, state: StageState): void {
  noteSecret('ENV', name, state)
  const variables = [...(state.config.Env ?? [])]
  const at = variables.findIndex((variable) => splitVariable(variable)[0] === name)
  variables.splice(at < 0 ? variables.length : at, 1, `${name}=${value}`)
  state.config = { ...state.config, Env: variables }
  state.setVariable(name, value)
}

/** A build argument, else the default, else what the part before the first `FROM` has by that name. */
export function evaluateArg(declarations: readonly Declaration[], state: StageState): void {
  const { buildArgs, globals } = state.plan
  const texts = declarations.map(({ name: { text: name }, value: fallback }) => {
    noteSecret('ARG', name, state)
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined
    const global = Object.hasOwn(globals, name) ? globals[name] : undefined
    const value = given ?? (fallback ? state.expand(fallback) : global)
    if (value !== undefined) state.setVariable(name, value)
    state.declared.add(name)
    return value === undefined ? name : `${name}=${value}`
  })
  state.commit(`ARG ${texts.join(' ')}`)
}

function noteSecret(instruction: string, name: string, state: StageState): void {
  const secret = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i
  if (!secret.test(name) || /(?:_|^)(?:public|file|version)(?:_|$)/i.test(name)) return
  const message = `${instruction} ${name} looks like a secret, and would be in the image; mount it: --mount=type=secret`
  state.note('SecretsUsedInArgOrEnv', message)
}

/** `ENTRYPOINT` drops a `CMD` of the image below, which belongs to the entrypoint there. */
export function evaluateCommand({ kind, command }: Of<'cmd' | 'entrypoint'>, state: StageState): void {
  noteUsedTwice(kind, state)
  const argv = argvOf(command, kind, state)
  const key = kind === 'cmd' ? 'Cmd' : 'Entrypoint'
  const dropsCmd = kind === 'entrypoint' && !state.lastOf.has('cmd')
  state.config = {
    ...withoutKeys(state.config, dropsCmd ? [key, 'Cmd'] : [key]),
    ...(argv.length > 0 && { [key]: argv }),
  }
  state.commit(`${kind.toUpperCase()} [${argv.map((word) => JSON.stringify(word)).join(' ')}]`)
}

function argvOf(command: Command, kind: string, state: StageState): readonly string[] {
  if (command.form === 'exec') return command.argv
  if ((state.config.Shell ?? []).length === 0) {
    const example = `${kind.toUpperCase()} ["program", "argument"]`
    state.note('JSONArgsRecommended', `A shell stands between signals and the program; write \`${example}\``)
  }
  return state.shellArgv(command.text)
}

function noteUsedTwice(kind: 'cmd' | 'entrypoint' | 'healthcheck', state: StageState): void {
  const before = state.lastOf.get(kind)
  if (before !== undefined) {
    const message = `Only the last ${kind.toUpperCase()} of a stage counts; this one has no effect`
    state.note('MultipleInstructionsDisallowed', message, before)
  }
  state.lastOf.set(kind, state.line)
}

export function evaluateVolume(words: readonly Word[], state: StageState): void {
  const paths = words.map((word) => {
    const path = state.expand(word)
    if (path.trim() !== '') return path.trim()
    throw new TextFault('value', { message: `\`${word.text}\` comes to no path`, fix: 'Name one', offset: word.offset })
  })
  state.config = { ...state.config, Volumes: { ...state.config.Volumes, ...marks(paths) } }
  state.commit(`VOLUME [${paths.join(' ')}]`)
}

export function evaluateExpose(words: readonly Word[], state: StageState): void {
  const sorted = words.toSorted((a, b) => (a.text < b.text ? -1 : 1))
  const ports = sorted.flatMap((word) =>
    shifted(word.offset, () => {
      const expanded = expandWords(word.text, state.lookup, state.escaping)
      if (expanded.some(mapsPort)) {
        state.note('ExposeInvalidFormat', `EXPOSE names ports of the image alone; \`${word.text}\` maps one`)
      }
      return expanded.flatMap(parsePorts)
    }),
  )
  if (ports.length > 0) {
    state.config = { ...state.config, ExposedPorts: { ...state.config.ExposedPorts, ...marks(ports) } }
  }
  state.commit(`EXPOSE [${ports.join(' ')}]`)
}

function marks(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}

export function evaluateText(
  { kind, value: word }: Of<'user' | 'workdir' | 'stopsignal' | 'maintainer'>,
  state: StageState,
): void {
  const value = kind === 'maintainer' ? word.text : state.expand(word)
  switch (kind) {
    case 'user':
      state.config = { ...withoutKeys(state.config, ['User']), ...(value !== '' && { User: value }) }
      {
        state.commit(`USER ${value}`)
        return
      }
    case 'stopsignal':
      shifted(word.offset, () => checkStopSignal(value))
      state.config = { ...state.config, StopSignal: value }
      {
        state.commit(`STOPSIGNAL ${value}`)
        return
      }
    case 'maintainer':
      state.author = value
      {
        state.commit(`MAINTAINER ${value}`)
        return
      }
    case 'workdir': {
      evaluateWorkdir(value, state)
      return
    }
  }
}

function evaluateWorkdir(value: string, state: StageState): void {
  if (!state.hasWorkdir && !isAbsolute(value)) {
    const message = `WORKDIR ${value} depends on the image below; write the whole path`
    state.note('WorkdirRelativePath', message)
  }
  state.hasWorkdir = true
  const path = joinPath(isAbsolute(value) ? '/' : state.workdir, value)
  state.config = { ...state.config, WorkingDir: path }
  const user = state.config.User ?? ''
  state.commit(`WORKDIR ${path}`, path === '/' ? undefined : { kind: 'directory', path, user })
}

/** Instructions that hold no variable. */
export function evaluateFixed(instruction: Of<'shell' | 'healthcheck' | 'onbuild'>, state: StageState): void {
  const { config } = state
  switch (instruction.kind) {
    case 'shell':
      state.config = { ...config, Shell: instruction.argv }
      {
        state.commit(`SHELL [${instruction.argv.join(' ')}]`)
        return
      }
    case 'healthcheck':
      noteUsedTwice('healthcheck', state)
      state.config = { ...config, Healthcheck: instruction.healthcheck }
      {
        state.commit(`HEALTHCHECK ${JSON.stringify(instruction.healthcheck)}`)
        return
      }
    case 'onbuild':
      state.config = { ...config, OnBuild: [...(config.OnBuild ?? []), instruction.trigger] }
  }
}
