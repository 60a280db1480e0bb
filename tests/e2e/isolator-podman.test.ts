import { isolatorContract } from '../contract/isolator.ts'

isolatorContract('podman')
