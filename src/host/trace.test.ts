import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TraceReader } from './trace.ts'

describe('TraceReader', () => {
  it('knows calls, whoever makes them, and each once', () => {
    const reader = new TraceReader()
    const lines = [
      'execve(""..., [...], 0x7ffd /* 8 vars */) = 0',
      '[pid    12] openat(AT_FDCWD, ""..., O_RDONLY|O_CLOEXEC <unfinished ...>',
      '[pid    13] read(3, ""..., 832) = 832',
      '[pid    12] <... openat resumed>) = 3',
      'read(3, ""..., 1) = 1',
      '--- SIGCHLD {si_signo=SIGCHLD} ---',
      '+++ exited with 0 +++',
    ]
    for (const line of lines) reader.read(line)
    assert.deepEqual(reader.result(), { calls: ['execve', 'openat', 'read'], reached: [] })
  })

  it('knows where a call leads to', () => {
    const reader = new TraceReader()
    const place = '{sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.7")}'
    reader.read(`[pid 5] connect(7, ${place}, 16) = -1 EINPROGRESS (Operation now in progress)`)
    reader.read(`sendto(5, ""..., 30, 0, ${place.replace('443', '53')}, 16) = 30`)
    reader.read('connect(7, {sa_family=AF_UNIX, sun_path=""...}, 20) = 0')
    assert.deepEqual(reader.result().reached, ['192.0.2.7:443', '192.0.2.7:53'])
  })
})
