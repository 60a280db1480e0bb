import { ladder } from '../../src/isolation/ladder.ts'
import { isolatorContract } from '../contract/isolator.ts'

isolatorContract({
  name: 'container',
  create: ladder,
  starter: new URL('start-container.ts', import.meta.url).pathname,
})
