import { describe } from 'node:test'
import type { Instance } from '../../src/host/instance.ts'
import type { LevelName } from '../../src/model/levels.ts'
import type { Isolator } from '../../src/isolation/isolator.ts'
import { lifeOfSandboxes } from './isolator-life.ts'
import { wallsOfSandboxes } from './isolator-walls.ts'

export interface IsolatorUnderTest {
  readonly name: LevelName
  create(instance: Instance): Isolator
  /** A program that starts the sandbox given as JSON in its first argument, prints its pid and stays. */
  readonly starter: string
}

/** What every isolator promises. Each backend runs this suite with its own constructor. */
export function isolatorContract(subject: IsolatorUnderTest): void {
  describe(`${subject.name} isolator`, { concurrency: false }, () => {
    lifeOfSandboxes(subject)
    wallsOfSandboxes(subject)
  })
}
