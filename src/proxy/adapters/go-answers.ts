import type { BuildAnswer } from '../adapter.ts'

/** `go` shows the text of an error that is plain. */
export function goText(status: number, body: string): BuildAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=UTF-8' }, body }
}

/** `go` may look elsewhere, or for another module that has the package. */
export function notFound(module: string, why: string): BuildAnswer {
  return goText(404, `berth: ${module}: ${why}\n`)
}
