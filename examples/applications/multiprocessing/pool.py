"""Processes, semaphores, shared memory, and SQLite between them: the standard library alone."""

import http.server
import multiprocessing
import os
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory


def add(arguments):
    lock, counter = state
    with lock:
        counter.value += arguments
    with sqlite3.connect("/data/sums.sqlite", timeout=20) as database:
        database.execute("CREATE TABLE IF NOT EXISTS sums (value INTEGER)")
        database.execute("INSERT INTO sums VALUES (?)", (arguments,))
    return os.getpid()


def prepare(*given):
    global state
    state = given


def fill(name):
    memory = shared_memory.SharedMemory(name)
    memory.buf[:4] = b"full"
    memory.close()


def report():
    lock, counter = multiprocessing.Semaphore(2), multiprocessing.Value("i", 0)
    with multiprocessing.Pool(4, prepare, (multiprocessing.Lock(), counter)) as pool:
        pool.map(add, range(20), chunksize=1)
    memory = shared_memory.SharedMemory(create=True, size=1 << 20)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        pool.submit(fill, memory.name).result()
    with lock:
        text = bytes(memory.buf[:4]).decode()
    memory.close()
    memory.unlink()
    rows = sqlite3.connect("/data/sums.sqlite").execute("SELECT count(*) FROM sums").fetchone()[0]
    return f"sum {counter.value}, memory {text}, rows {rows}\n"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = report().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
