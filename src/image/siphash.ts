/**
 * SipHash with a 64-bit result (Aumasson and Bernstein, "SipHash: a fast short-input PRF"), on pairs of 32-bit words,
 * because BigInt is a hundred times slower. Python names the source of byte-code by it (PEP 552).
 */

/** Sixteen 32-bit words would not be faster: v0 to v3, each low word first. */
type State = [number, number, number, number, number, number, number, number]

/**
 * @param key Two 64-bit words, low halves first: [k0 low, k0 high, k1 low, k1 high].
 * @param rounds Of compression: 1 or 2. Of finalisation there are two more.
 * @returns eight bytes, little-endian
 */
export function sipHash(data: Buffer, key: readonly [number, number, number, number], rounds: 1 | 2): Buffer {
  const state = initialState(key)
  const whole = data.length - (data.length % 8)
  for (let at = 0; at < whole; at += 8) absorb(state, [data.readUInt32LE(at), data.readUInt32LE(at + 4)], rounds)
  const last = Buffer.alloc(8)
  data.copy(last, 0, whole)
  last[7] = data.length & 0xff
  absorb(state, [last.readUInt32LE(0), last.readUInt32LE(4)], rounds)
  state[4] ^= 0xff
  for (let round = 0; round < rounds + 2; round += 1) mix(state)
  const hash = Buffer.alloc(8)
  hash.writeInt32LE(state[0] ^ state[2] ^ state[4] ^ state[6], 0)
  hash.writeInt32LE(state[1] ^ state[3] ^ state[5] ^ state[7], 4)
  return hash
}

function initialState([k0, k0High, k1, k1High]: readonly [number, number, number, number]): State {
  return [
    ...([k0 ^ 0x70736575, k0High ^ 0x736f6d65, k1 ^ 0x6e646f6d, k1High ^ 0x646f7261] as const),
    ...([k0 ^ 0x6e657261, k0High ^ 0x6c796765, k1 ^ 0x79746573, k1High ^ 0x74656462] as const),
  ]
}

function absorb(state: State, [low, high]: readonly [number, number], rounds: number): void {
  state[6] ^= low
  state[7] ^= high
  for (let round = 0; round < rounds; round += 1) mix(state)
  state[0] ^= low
  state[1] ^= high
}

function mix(v: State): void {
  add(v, 0, 2)
  turnAndXor(v, 2, 0, 13)
  swap(v, 0)
  add(v, 4, 6)
  turnAndXor(v, 6, 4, 16)
  add(v, 0, 6)
  turnAndXor(v, 6, 0, 21)
  add(v, 4, 2)
  turnAndXor(v, 2, 4, 17)
  swap(v, 4)
}

type Word = 0 | 2 | 4 | 6

function add(v: State, to: Word, from: Word): void {
  const low = (v[to] >>> 0) + (v[from] >>> 0)
  v[to + 1] = (at(v, to + 1) + at(v, from + 1) + (low > 0xffffffff ? 1 : 0)) | 0
  v[to] = low | 0
}

/** Rotates a word to the left by fewer than 32 bits, then adds another one by exclusive or. */
function turnAndXor(v: State, word: Word, other: Word, bits: number): void {
  const [low, high] = [v[word], at(v, word + 1)]
  v[word] = ((low << bits) | (high >>> (32 - bits))) ^ v[other]
  v[word + 1] = ((high << bits) | (low >>> (32 - bits))) ^ at(v, other + 1)
}

/** Rotates a word by 32 bits. */
function swap(v: State, word: Word): void {
  const low = v[word]
  v[word] = at(v, word + 1)
  v[word + 1] = low
}

function at(v: State, index: number): number {
  return v[index] ?? 0
}
