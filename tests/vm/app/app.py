"""Answers, crashes as asked, or eats all the memory that it gets."""

import http.server
import os


def eat():
    hoard = []
    while True:
        hoard.append(b'x' * 8 * 1024 * 1024)


def crash():
    os._exit(7)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        {'/eat': eat, '/crash': crash}.get(self.path, lambda: None)()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'hello from alpha')


http.server.ThreadingHTTPServer(('', int(os.environ['PORT'])), Page).serve_forever()
