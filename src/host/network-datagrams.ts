import { createSocket, type Socket } from 'node:dgram'
import { connect } from 'node:net'

/** Messages of DNS, by UDP and TCP. What is in them is not looked at here. */

export interface DatagramServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * Listens on a UDP port of an address.
 * @param port 0: any that is free
 * @param answer gets each message and the IPv4 address that it came from; no answer is sent for undefined
 * @throws Error when the port is taken
 */
export async function listenForDatagrams(
  { address, port }: { readonly address: string; readonly port: number },
  answer: (message: Buffer, from: string) => Promise<Buffer | undefined>,
): Promise<DatagramServer> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 512 * 1024 })
  const isOpen = { now: true }
  socket.on('message', (message, { address: from, port: fromPort }) => {
    void answer(message, from)
      .catch(() => undefined)
      .then((reply) => {
        // Who asked may be gone; that is nobody's mistake.
        if (reply && isOpen.now) socket.send(reply, fromPort, from, () => undefined)
      })
  })
  await bound(socket, address, port)
  socket.on('error', () => undefined)
  return {
    port: socket.address().port,
    close: async () => {
      isOpen.now = false
      await new Promise<void>((resolve) => socket.close(() => resolve()))
    },
  }
}

function bound(socket: Socket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}

export interface Place {
  readonly address: string
  readonly port: number
}

/**
 * Sends a message from a port of its own and gives the first answer that is accepted; undefined when none comes in time.
 * Each message has another port, which an attacker who forges answers would have to guess.
 */
export function askByDatagram(
  { address, port }: Place,
  message: Buffer,
  { milliseconds, isAnswer }: { readonly milliseconds: number; readonly isAnswer: (reply: Buffer) => boolean },
): Promise<Buffer | undefined> {
  const socket = createSocket('udp4')
  return new Promise<Buffer | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), milliseconds)
    const settle = (reply: Buffer | undefined) => {
      clearTimeout(timer)
      resolve(reply)
    }
    socket.on('error', () => settle(undefined))
    socket.on('message', (reply) => {
      if (isAnswer(reply)) settle(reply)
    })
    // Connected, so that the kernel drops what others send, and a port where nobody listens is refused at once.
    socket.connect(port, address, () => socket.send(message, () => undefined))
  }).finally(() => socket.close())
}

/** The same over TCP, for answers that no datagram holds (RFC 1035, 4.2.2: two bytes of length before each message). */
export function askByStream(
  { address, port }: Place,
  message: Buffer,
  milliseconds: number,
): Promise<Buffer | undefined> {
  const socket = connect({ host: address, port })
  const received: Buffer[] = []
  return new Promise<Buffer | undefined>((resolve) => {
    const settle = (reply: Buffer | undefined) => resolve(reply)
    socket.setTimeout(milliseconds, () => settle(undefined))
    socket.once('error', () => settle(undefined))
    socket.once('close', () => settle(undefined))
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk)
      const whole = Buffer.concat(received)
      if (whole.length >= 2 && whole.length >= 2 + whole.readUInt16BE(0)) {
        settle(whole.subarray(2, 2 + whole.readUInt16BE(0)))
      }
    })
    const length = Buffer.alloc(2)
    length.writeUInt16BE(message.length)
    socket.write(Buffer.concat([length, message]))
  }).finally(() => socket.destroy())
}

/** A UDP port of an address that is free just now: the preferred one if it is. */
export async function freeDatagramPort(address: string, preferred?: number): Promise<number> {
  for (const port of [...(preferred === undefined ? [] : [preferred]), 0]) {
    const socket = createSocket('udp4')
    try {
      await bound(socket, address, port)
      return socket.address().port
    } catch (error) {
      if (port === 0) throw error
    } finally {
      socket.close()
    }
  }
  throw new Error(`no UDP port of ${address} is free`)
}
