/** What a visitor sees when no application answers. Caddy puts the request's host in. */

const host = '{http.request.host}'

export const unknownHostPage = page(
  'No application here',
  `No application answers at <strong>${host}</strong>. If you have just deployed one, compare its name and domains with this address.`,
)

export const notAnsweringPage = page(
  'Not answering',
  `The application at <strong>${host}</strong> does not answer right now. Please try again in a moment.`,
)

function page(title: string, sentence: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem;color:#1c2733;background:#f7f9fb}h1{font-size:1.5rem}@media(prefers-color-scheme:dark){body{color:#dde5ec;background:#141a20}}</style>
</head><body><h1>${title}</h1><p>${sentence}</p></body></html>
`
}
