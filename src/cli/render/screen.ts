import type { Paint } from './paint.ts'

/** Where talk goes: standard error, or a list in a test. */
export interface Screen {
  write(text: string): void
  /** Columns when it is a terminal whose lines can be drawn anew; undefined when each line stays. */
  readonly columns: number | undefined
  readonly paint: Paint
  /** Milliseconds of a clock that only goes forward. */
  now(): number
}

/** Draws work as it goes on. */
export interface EventRenderer<Event> {
  show(event: Event): void
  /** Takes away what was only there while the work went on. */
  end(): void
}
