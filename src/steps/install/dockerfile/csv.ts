import type { Word } from './source.ts'
import { TextFault } from './text-fault.ts'

/**
 * Splits a line of comma-separated fields, which may be quoted (RFC 4180), as `--mount` takes them.
 * @throws TextFault for a quote where none can be.
 */
export function csvFields({ text, offset }: Word): Word[] {
  const fields: Word[] = []
  let at = 0
  for (;;) {
    const [field = '', quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)/.exec(text.slice(at)) ?? [undefined]
    if (quoted === undefined && plain === undefined) {
      throw new TextFault('syntax', {
        message: 'a quote stands where none can be',
        fix: 'Quote the whole field: "target=/a,b"; a quote in it is written twice',
        offset: offset + at,
      })
    }
    fields.push({ text: quoted?.replaceAll('""', '"') ?? plain ?? '', offset: offset + at })
    at += field.length + 1
    if (at > text.length) return fields
  }
}
