import { after, before } from 'node:test'
import { isolatorContract } from '../contract/isolator.ts'
import { startDocker } from '../contract/test-docker.ts'

let daemon: AsyncDisposable | undefined
before(async () => {
  daemon = await startDocker()
})
after(() => daemon?.[Symbol.asyncDispose]())

isolatorContract('docker')
