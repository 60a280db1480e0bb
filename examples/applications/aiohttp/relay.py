import asyncio
import socket

import aiohttp
from aiohttp import web


async def inner(request):
    return web.Response(text=f"inner by {request.headers['Host']}")


async def outer(request):
    """Asks itself by `localhost`, and by the name that the host has."""
    names = ["localhost:8000", f"{socket.gethostname()}:8000"]
    async with aiohttp.ClientSession() as session:
        texts = [await (await session.get(f"http://{name}/inner")).text() for name in names]
    return web.Response(text="; ".join(texts))


application = web.Application()
application.add_routes([web.get("/", outer), web.get("/inner", inner)])
web.run_app(application, host="0.0.0.0", port=8000)
