import { describeChange } from '../../model/lock-changes.ts'
import type { Difference, FileChange, FileDifference, RunChange, SettingChange } from '../../model/supply-chain.ts'
import { cut } from './table.ts'
import { formatBytes } from './quantity.ts'
import { safeText } from './safe-text.ts'

const signs = { added: '+', removed: '-', changed: ' ' } as const

/** Packages, files, settings and how it runs, each under its heading. */
export function renderDifference(difference: Difference, columns: number | undefined): string {
  const { from, to, packages, files, settings, run, notes } = difference
  const parts = [
    ...section('packages', packages?.map(describeChange)),
    ...fileSection(files),
    ...section('settings', settings?.map(describeSetting)),
    ...section('run', run?.map(describeRun)),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `not compared: ${note}`)] : []),
  ]
  // A file's name may have line breaks.
  const lines = [`${from} → ${to}`, ...parts].map((line) => safeText(line.replaceAll('\n', '\\n')))
  return lines.map((line) => cut(line, columns)).join('\n')
}

function section(title: string, lines: readonly string[] | undefined): string[] {
  if (!lines) return []
  if (lines.length === 0) return ['', `${title}: the same`]
  return [
    '',
    `${title}: ${lines.length} ${lines.length === 1 ? 'differs' : 'differ'}`,
    ...lines.map((line) => `  ${line}`),
  ]
}

function fileSection(files: FileDifference | undefined): string[] {
  if (!files) return []
  const { added, removed, changed, list, otherTime } = files
  const total = added + removed + changed
  const times = otherTime > 0 ? [`  ${otherTime} have nothing but another time`] : []
  if (total === 0) return ['', 'files: the same', ...times]
  const more = total > list.length ? [`  and ${total - list.length} more (\`--files ${total}\` lists them)`] : []
  const counts = `files: ${added} added, ${removed} removed, ${changed} changed`
  return ['', counts, ...list.map((file) => `  ${describeFile(file)}`), ...more, ...times]
}

function describeFile({ change, path, from, to, detail }: FileChange): string {
  if (change === 'changed') return `${signs.changed} ${path}  ${sizes(from, to)}${detail}`
  const size = from ?? to
  return `${signs[change]} ${path}${size === undefined ? '' : `  ${formatBytes(size)}`}`
}

function sizes(from: number | undefined, to: number | undefined): string {
  if (from === undefined || to === undefined || from === to) return ''
  return `${formatBytes(from)} → ${formatBytes(to)}, `
}

function describeSetting({ change, name, secret }: SettingChange): string {
  const words = { added: 'set', removed: 'not set', changed: 'another value' } as const
  return `${signs[change]} ${name}: ${words[change]}${secret ? ' (secret)' : ''}`
}

function describeRun({ name, from, to }: RunChange): string {
  if (from === undefined && to === undefined) return `  ${name}`
  if (from === undefined) return `+ ${name} ${to ?? ''}`
  return to === undefined ? `- ${name} ${from}` : `  ${name} ${from} → ${to}`
}
