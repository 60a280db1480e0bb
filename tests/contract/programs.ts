/** What the contract runs inside of sandboxes. */

export const threads = `import threading, time
for _ in range(3): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
print('ready', flush=True); time.sleep(1000)`

/**
 * What it starts is left to whoever takes orphans; once they are gone, zombies too, it tells of all processes of its user.
 * That they sleep is no sign: one that has only just been forked does not yet, and one that has ended does not any more.
 * Nothing of its own ends while it looks: what has ended and is about to be waited for is a zombie, too.
 */
export const orphans = `left=$(for i in 1 2 3 4 5; do (sleep 0.1 >/dev/null & echo $!); done)
for pid in $left; do while [ -d /proc/$pid ]; do sleep 0.1; done; done
me=$(id -u); all=$(ps -eo uid=,stat=,comm=); echo "$all" | grep "^ *$me "; echo gone; exec sleep 1000`

export const families = `import socket, errno
def attempt(*args):
  try: socket.socket(*args).close(); return 'ok'
  except OSError as e: return errno.errorcode[e.errno]
print(*[f'{f}:' + attempt(f, socket.SOCK_DGRAM) for f in (1, 2, 10, 16, 17, 38, 40)], 'netlink9:' + attempt(16, 3, 9))`

export const writableDirectories = `find / -xdev -type d -writable 2>/dev/null; for d in /tmp /run /dev /dev/shm /srv/deep/data /sys; do [ -w $d ] && echo $d; done`

/** However slowly they are made, none ends before the last is. */
export const forks = `import os, signal, time
made = []
try:
  while len(made) < 500:
    child = os.fork()
    if child == 0: time.sleep(60); os._exit(0)
    made.append(child)
except OSError: pass
print(len(made), flush=True)
for child in made: os.kill(child, signal.SIGKILL)`

export const inotify = `import ctypes
libc = ctypes.CDLL(None); n = 0
while n < 1000 and libc.inotify_init() >= 0: n += 1
print(n)`

export const cpython = `import asyncio, multiprocessing, sqlite3, ssl, subprocess, tempfile, threading
thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
lock = multiprocessing.Lock(); lock.acquire(); lock.release()
with tempfile.TemporaryDirectory() as place:
  sqlite3.connect(place + '/x.db').execute('create table t (x)')
asyncio.run(asyncio.sleep(0)); ssl.create_default_context()
print(subprocess.check_output(['echo', 'ok']).decode())`

export const node = `const { Worker } = require('node:worker_threads')
require('node:fs').watch('/tmp').close()
require('node:crypto').randomBytes(8)
require('node:child_process').execFileSync('true')
new Worker('process.exit(0)', { eval: true }).once('exit', () => console.log('ok'))`

export const gunicorn = `cd "$(mktemp -d)"; trap 'rm -r "$PWD"' EXIT; cat > app.py <<'END'
def app(environ, start): start('200 OK', []); return [b'ok']
END
gunicorn -w 2 -b 127.0.0.1:8000 app:app 2>/dev/null &
for i in $(seq 200); do sleep 0.3
  python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8000").read().decode())' 2>/dev/null && break; done`
