/**
 * Frames of a `berth-command` connection, both ways: one byte of kind, four bytes of length (big-endian), the payload.
 * The client sends stdin, stdin's end and terminal sizes; the daemon sends stdout, stderr and one exit frame.
 */
export const frameKinds = { stdin: 0, stdout: 1, stderr: 2, exit: 3, resize: 4, stdinEnd: 5, problem: 6 } as const
export type FrameKind = keyof typeof frameKinds

export interface Frame {
  readonly kind: FrameKind
  readonly payload: Buffer
}

const maximumPayload = 1024 * 1024

export function encodeFrame(kind: FrameKind, payload: Buffer | string = ''): Buffer {
  const body = Buffer.from(payload)
  const header = Buffer.alloc(5)
  header.writeUInt8(frameKinds[kind], 0)
  header.writeUInt32BE(body.length, 1)
  return Buffer.concat([header, body])
}

/** Gives a function that takes bytes as they come and calls back with each whole frame. */
export function frameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  const kinds = new Map<number, FrameKind>(
    (Object.keys(frameKinds) as FrameKind[]).map((name) => [frameKinds[name], name]),
  )
  let pending: Buffer = Buffer.alloc(0)
  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 5) {
      const kind = kinds.get(pending.readUInt8(0))
      const length = pending.readUInt32BE(1)
      if (kind === undefined || length > maximumPayload) throw new Error('not a berth-command frame')
      if (pending.length < 5 + length) return
      onFrame({ kind, payload: pending.subarray(5, 5 + length) })
      pending = pending.subarray(5 + length)
    }
  }
}
