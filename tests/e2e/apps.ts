/** Small applications for the tests: Python's standard library alone, so that they build in no time. */

const server = `
import http.server, os, signal, socket, sys, time

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES.get(self.path)
        if page is None:
            return self.answer(404, 'no such page')
        try:
            self.answer(200, page())
        except Exception as error:
            self.answer(500, repr(error))

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

def crash():
    print('crashing as asked', flush=True)
    os._exit(7)

def slow():
    time.sleep(3)
    return 'slow but whole'

PAGES = {'/': lambda: TEXT, '/crash': crash, '/slow': slow}
`

const start = `
print('serving on', os.environ['PORT'], flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), Page).serve_forever()
`

export interface PythonApp {
  readonly name: string
  /** What its front page says. */
  readonly text?: string
  /** Python that runs before it serves: pages are put into PAGES. */
  readonly code?: string
  /** More of its manifest: whole tables. */
  readonly manifest?: string
  /** Keys of its table \`[start]\`. */
  readonly start?: string
}

/** The files of an application without dependencies. */
export function pythonApp({
  name,
  text = `hello from ${name}`,
  code = '',
  manifest = '',
  start: keys = '',
}: PythonApp): Record<string, string> {
  return {
    'requirements.txt': '',
    'app.py': `${server}\nTEXT = ${JSON.stringify(text)}\n${code}\n${start}`,
    'berth.toml': `name = "${name}"\n\n[start]\ncommand = "python3 app.py"\n${keys}\n${manifest}\n`,
  }
}
