import type { Dockerfile } from './dockerfile.ts'
import { expandWord } from './expand.ts'
import { formatPlatform, type Platform } from './platform.ts'
import { reported } from './source.ts'
import { shifted } from './text-fault.ts'

/** What the variables before the first `FROM` depend on. */
export interface GlobalRequest {
  readonly platform: Platform
  readonly buildPlatform: Platform
  readonly buildArgs: Readonly<Record<string, string>>
  /** The name of the stage that is built. */
  readonly target: string
}

/**
 * Variables that `FROM` can use, and a stage after an `ARG` without a default: the platforms, and the `ARG`s above the
 * first `FROM`. A build argument takes the place of any of them.
 */
export function globalVariables(file: Dockerfile, request: GlobalRequest): Record<string, string> {
  const { source, directives } = file
  const { buildArgs } = request
  const given = (name: string): string | undefined => (Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined)
  const values = new Map(predefined(request).map(([name, value]) => [name, given(name) ?? value]))
  for (const instruction of file.globals) {
    if (instruction.kind !== 'arg') continue
    for (const { name, value } of instruction.declarations) {
      const chosen = given(name.text)
      const { escape } = directives
      const text = value
        ? () => shifted(value.offset, () => expandWord(value.text, (one) => values.get(one), { escape }).text)
        : undefined
      const result = chosen ?? (text && reported(source, instruction.line, text))
      if (result !== undefined) values.set(name.text, result)
    }
  }
  return Object.fromEntries(values)
}

function predefined({ platform, buildPlatform, target }: GlobalRequest): [string, string][] {
  return [
    ['BUILDPLATFORM', formatPlatform(buildPlatform)],
    ['BUILDOS', buildPlatform.os],
    ['BUILDOSVERSION', ''],
    ['BUILDARCH', buildPlatform.architecture],
    ['BUILDVARIANT', buildPlatform.variant],
    ['TARGETPLATFORM', formatPlatform(platform)],
    ['TARGETOS', platform.os],
    ['TARGETOSVERSION', ''],
    ['TARGETARCH', platform.architecture],
    ['TARGETVARIANT', platform.variant],
    ['TARGETSTAGE', target],
  ]
}
