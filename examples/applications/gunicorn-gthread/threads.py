import fcntl
import tempfile
import threading


def app(environ, start_response):
    """Forty threads more that wait for one another, and a lock on a file."""
    barrier = threading.Barrier(41)
    for _ in range(40):
        threading.Thread(target=barrier.wait, daemon=True).start()
    barrier.wait(10)
    with tempfile.TemporaryFile() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"forty threads, multithread {environ['wsgi.multithread']}\n".encode()]
