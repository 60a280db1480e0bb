"""A service of the host that a level stands between the application and: what it has is not for applications.

Its orders come on standard input, as JSON; its command line is itself something to be found.
"""
import ctypes
import json
import os
import socket
import sys
import threading

order = json.load(sys.stdin)
libc = ctypes.CDLL(None, use_errno=True)


def serve(listener, answer):
    def reply(connection):
        try:
            connection.settimeout(30)
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + answer.encode())
        except OSError:
            pass
        connection.close()
    def loop():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=reply, args=(connection,), daemon=True).start()
    listener.listen(16)
    threading.Thread(target=loop, daemon=True).start()


def discard(listener):
    def take(connection):
        room = bytearray(1 << 20)
        try:
            while connection.recv_into(room):
                pass
        except OSError:
            pass
        connection.close()
    def loop():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=take, args=(connection,), daemon=True).start()
    listener.listen(16)
    threading.Thread(target=loop, daemon=True).start()


def tcp(address, port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    return listener


def unix(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    return listener


if "addresses" in order:
    # The interface that leads here comes later; these are ours whatever it is.
    import subprocess
    subprocess.run(["ip", "link", "set", "dev", "lo", "up"], check=True)
    for address in order["addresses"]:
        subprocess.run(["ip", "address", "add", address + "/32", "dev", "lo"], check=True)
for address, port, answer in order.get("tcp", []):
    serve(tcp(address, port), answer)
for address, port in order.get("sinks", []):
    discard(tcp(address, port))
for path, answer in order.get("unix", []):
    if not path.startswith("\0"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    serve(unix(path), answer)
for address, port, answer in order.get("udp", []):
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.bind((address, port))
    def name_server(asked=asked, answer=answer):
        while True:
            _, sender = asked.recvfrom(512)
            asked.sendto(answer.encode(), sender)
    threading.Thread(target=name_server, daemon=True).start()
if "shm" in order:
    key, content = order["shm"]
    segment = libc.shmget(ctypes.c_int(key), ctypes.c_size_t(4096), 0o1666)
    libc.shmat.restype = ctypes.c_void_p
    place = libc.shmat(segment, None, 0)
    ctypes.memmove(place, content.encode(), len(content))
if "posixShm" in order:
    path, content = order["posixShm"]
    with open(path, "w") as file:
        file.write(content)
    os.chmod(path, 0o644)
if "key" in order:
    name, content, seconds = order["key"]
    add_key, keyctl = (248, 250) if os.uname().machine == "x86_64" else (217, 219)
    set_permission, link, set_timeout, process_ring, user_ring = 5, 8, 15, -2, -4
    key = libc.syscall(add_key, b"user", name.encode(), content.encode(), ctypes.c_size_t(len(content)),
                       ctypes.c_int(process_ring))
    # The user's keyring is the real host's: only a key that goes by itself is put there, whatever becomes of us. Who does
    # not possess a key may not say when it ends, so that is said while it is our own.
    root_may_read = 0x3f1f0000
    if key > 0 and libc.syscall(keyctl, set_timeout, key, seconds) == 0:
        libc.syscall(keyctl, set_permission, key, root_may_read)
        libc.syscall(keyctl, link, key, ctypes.c_int(user_ring))
sys.stdout.write("ready\n")
sys.stdout.flush()
os.close(1)
threading.Event().wait()
