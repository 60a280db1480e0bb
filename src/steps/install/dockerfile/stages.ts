import { nearest } from '../../../model/nearest.ts'
import type { Dockerfile, WrittenStage } from './dockerfile.ts'
import { expandWord } from './expand.ts'
import { parseImageReference } from './image-reference.ts'
import { note, wantedNotes, type Note } from './notes.ts'
import type { Stage, StageBase } from './plan-data.ts'
import { formatPlatform, parsePlatform, type Platform } from './platform.ts'
import { reported, type Word } from './source.ts'
import { shifted, TextFault } from './text-fault.ts'
import { parentTriggers } from './triggers.ts'

type Globals = Readonly<Record<string, string>>

/** Finds out what each stage stands on, and puts the triggers of a stage below in. */
export function readStages(
  file: Dockerfile,
  globals: Globals,
  platform: Platform,
): { stages: readonly Stage[]; notes: readonly Note[] } {
  const stages: Stage[] = []
  const notes: Note[] = []
  file.stages.forEach((written, index) => {
    const { name, line, comments } = written.from
    const context = { file, globals, platform, earlier: stages }
    const { found, ...head } = reported(file.source, line, () => readFrom(written, context))
    const below = head.base.kind === 'stage' ? stages[head.base.index] : undefined
    const triggers = parentTriggers(file.source, line, below)
    const instructions = [...triggers, ...written.instructions]
    notes.push(...wantedNotes([...found, ...nameNotes(written, stages)], file.checks, comments))
    stages.push({ index, ...(name !== undefined && { name }), ...head, line, instructions })
  })
  return { stages, notes }
}

interface FromContext {
  readonly file: Dockerfile
  readonly globals: Globals
  readonly platform: Platform
  readonly earlier: readonly Stage[]
}

function readFrom({ from }: WrittenStage, context: FromContext): Pick<Stage, 'base' | 'platform'> & { found: Note[] } {
  const found: Note[] = []
  const put = (word: Word): string => {
    const { text, missing } = expandGlobals(word, context)
    for (const name of missing) found.push(note('UndefinedArgInFrom', from.line.line, undeclared(name, context)))
    return text
  }
  const platform = from.platform ? readPlatform(from.platform, put, context) : formatPlatform(context.platform)
  const name = put(from.base)
  if (name === '') {
    throw new TextFault('variable', {
      message: `\`${from.base.text}\` comes to nothing`,
      fix: 'Declare it with a default above the first FROM, or pass it as a build argument',
      offset: from.base.offset,
    })
  }
  const base = readBase(name, platform, { word: from.base, earlier: context.earlier })
  // A stage on a stage is of its platform, whatever `--platform` says.
  const below = base.kind === 'stage' ? context.earlier[base.index] : undefined
  return { base, platform: below?.platform ?? platform, found }
}

function expandGlobals(
  { text, offset }: Word,
  { file, globals }: FromContext,
): { text: string; missing: readonly string[] } {
  const { escape } = file.directives
  const lookup = (name: string): string | undefined => (Object.hasOwn(globals, name) ? globals[name] : undefined)
  return shifted(offset, () => expandWord(text, lookup, { escape }))
}

function undeclared(name: string, { globals, file }: FromContext): string {
  const declared = file.globals.flatMap((one) =>
    one.kind === 'arg' ? one.declarations.map((each) => each.name.text) : [],
  )
  const meant = nearest(name, [...Object.keys(globals), ...declared])
  const isDeclared = declared.includes(name)
  if (isDeclared) return `The ARG ${name} of FROM has neither a default nor a build argument`
  return `FROM uses ${name}, which no ARG above it declares${meant === undefined ? '' : ` (did you mean ${meant}?)`}`
}

function readPlatform(word: Word, put: (word: Word) => string, { platform: own }: FromContext): string {
  const text = put(word)
  return shifted(word.offset, () => {
    const platform = parsePlatform(text, own)
    if (platform.os === 'linux') return formatPlatform(platform)
    throw new TextFault('unsupported', {
      message: `images of ${platform.os} cannot be built or used`,
      fix: 'Choose an image of Linux, and a platform such as linux/amd64',
    })
  })
}

function readBase(
  name: string,
  platform: string,
  { word, earlier }: { word: Word; earlier: readonly Stage[] },
): StageBase {
  const stage = earlier.findLast((one) => one.name === name)
  if (stage) return { kind: 'stage', index: stage.index }
  if (name === 'scratch') return { kind: 'scratch' }
  shifted(word.offset, () => parseImageReference(name))
  return { kind: 'image', reference: name, platform }
}

function nameNotes({ from }: WrittenStage, earlier: readonly Stage[]): Note[] {
  const { name, line } = from
  const notes: Note[] = []
  if (name !== undefined && earlier.some((stage) => stage.name === name)) {
    notes.push(note('DuplicateStageName', line.line, `Two stages are called ${name}; the later one is taken`))
  }
  if (name === 'scratch' || name === 'context') {
    notes.push(note('ReservedStageName', line.line, `A stage should not be called ${name}`))
  }
  return notes
}
