/** Several samples of one figure. */
export interface Figure {
  readonly median: number
  readonly least: number
  readonly most: number
}

export function figureOf(samples: readonly number[]): Figure {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, least: at(0), most: at(sorted.length - 1) }
}

/** Samples by what was measured and of whom. */
export class Samples {
  readonly #samples = new Map<string, number[]>()

  add(measure: Measure, peer: string, value: number): void {
    const key = `${measure} ${peer}`
    this.#samples.set(key, [...(this.#samples.get(key) ?? []), value])
  }

  figure(measure: Measure, peer: string): Figure | undefined {
    const samples = this.#samples.get(`${measure} ${peer}`)
    return samples && figureOf(samples)
  }
}

export type Measure =
  | `${'cold' | 'same' | 'line'}-${'seconds' | 'cpu'}`
  | 'line-live'
  | 'line-lost'
  | 'line-sent'
  | 'start-seconds'
  | 'memory-host'
  | 'memory-host-rss'
  | 'memory-helpers'
  | 'memory-helpers-rss'
  | 'disk-bytes'
