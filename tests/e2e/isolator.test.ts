import { containerIsolator } from '../../src/isolation/ladder.ts'
import { isolatorContract } from '../contract/isolator.ts'

isolatorContract({
  name: 'container',
  create: containerIsolator,
  starter: new URL('start-container.ts', import.meta.url).pathname,
})
