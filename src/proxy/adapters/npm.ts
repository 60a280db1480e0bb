import type { Adapter, MakeAdapter } from '../adapter.ts'
import { NpmRecording } from './npm-record.ts'
import { NpmReplay } from './npm-replay.ts'
import { readNpmRequest } from './npm-requests.ts'
import { answerService } from './npm-services.ts'

/** npm's registry, for npm, pnpm, yarn and whoever else speaks to it. */
export const npm: MakeAdapter = (): Adapter => {
  const recording = new NpmRecording()
  let replay: NpmReplay | undefined
  return {
    kind: 'npm',
    record: async (request, recorder) => {
      const wanted = readNpmRequest(request)
      if (wanted?.kind === 'service') return answerService(wanted.path)
      const download = recording.identify(request, wanted)
      if (download) return recording.tarball(request, download, recorder)
      return wanted?.kind === 'document' ? recording.document(request, wanted, recorder) : undefined
    },
    replay: async (request, shelf) => {
      const wanted = readNpmRequest(request)
      if (wanted?.kind === 'service') return answerService(wanted.path)
      replay ??= new NpmReplay(shelf.artifacts)
      const download = await replay.tarball(request, wanted, shelf)
      if (download) return download
      return wanted?.kind === 'document' ? replay.document(request, wanted, shelf) : undefined
    },
  }
}
