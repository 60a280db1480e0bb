import type { Adapter, BuildAnswer, BuildRequest, MakeAdapter, Recorder } from '../adapter.ts'
import { GoRecording } from './go-record.ts'
import { GoReplay } from './go-replay.ts'
import { readGoRequest, type GoRequest } from './go-requests.ts'

/** Go's module proxies, their checksum database, and the toolchains that `go` fetches through them. */
export const go: MakeAdapter = (): Adapter => {
  const recording = new GoRecording()
  let replay: GoReplay | undefined
  return {
    kind: 'go',
    record: async (request, recorder) => {
      const wanted = wantedBy(request)
      return wanted ? record(recording, { request, wanted }, recorder) : undefined
    },
    replay: async (request, shelf) => {
      const wanted = wantedBy(request)
      if (!wanted) return undefined
      replay ??= new GoReplay(shelf.artifacts)
      return replay.answer(wanted, shelf)
    },
  }
}

function wantedBy({ method, url }: BuildRequest): GoRequest | undefined {
  return method === 'GET' || method === 'HEAD' ? readGoRequest(url) : undefined
}

interface Asked {
  readonly request: BuildRequest
  readonly wanted: GoRequest
}

function record(recording: GoRecording, { request, wanted }: Asked, recorder: Recorder): Promise<BuildAnswer> {
  switch (wanted.kind) {
    case 'checksums':
      return recording.checksums(request, recorder)
    case 'list':
      return recording.list(request, wanted.module, recorder)
    case 'latest':
      return recording.latest(request, wanted.module, recorder)
    case 'info':
      return recording.info(request, wanted, recorder)
    case 'mod':
    case 'zip':
      return recording.file(request, wanted, recorder)
    default:
      return wanted satisfies never
  }
}
