"""Other programs: by pipes, by a shell, and at a terminal."""

import asyncio
import os
import pty
import signal


async def sorted_lines():
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("sort", stdin=pipe, stdout=pipe)
    output, _ = await process.communicate(b"pear\napple\n")
    return output.split()[0].decode()


async def ended_by():
    process = await asyncio.create_subprocess_shell("exec sleep 100")
    process.send_signal(signal.SIGTERM)
    return signal.Signals(-await process.wait()).name


def at_terminal():
    written = []

    def read(descriptor):
        written.append(os.read(descriptor, 1024))
        return b""

    pty.spawn(["sh", "-c", "test -t 1 && echo terminal"], read, lambda descriptor: b"")
    return b"".join(written).decode().strip()


async def answer(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    terminal = await asyncio.to_thread(at_terminal)
    body = f"{await sorted_lines()} {await ended_by()} {terminal}\n".encode()
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


async def main():
    await (await asyncio.start_server(answer, "0.0.0.0", 8000)).serve_forever()


asyncio.run(main())
