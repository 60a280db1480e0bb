import type { MakeAdapter } from '../adapter.ts'
import { PypiRecord } from './pypi-record.ts'
import { PypiReplay } from './pypi-replay.ts'

/**
 * Python packages: the simple repository API (PEP 503, 691 and what they grew since) as pip, uv, Poetry and easy_install
 * speak it. Pages are written here in both modes, from what the real index says or from the lock, so that a client
 * cannot tell them apart.
 */
export const pypi: MakeAdapter = () => {
  const recording = new PypiRecord()
  const replaying = new PypiReplay()
  return {
    kind: 'pypi',
    record: (request, recorder) => recording.answer(request, recorder),
    replay: (request, shelf) => replaying.answer(request, shelf),
  }
}
