import asyncio

import tornado.web
import tornado.websocket


class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message.upper())


class Page(tornado.web.RequestHandler):
    async def get(self):
        """Talks to itself by a name."""
        connection = await tornado.websocket.websocket_connect("ws://localhost:8000/echo")
        await connection.write_message("hello by websocket")
        self.write(await connection.read_message())
        connection.close()


async def main():
    tornado.web.Application([("/", Page), ("/echo", Echo)]).listen(8000)
    await asyncio.Event().wait()


asyncio.run(main())
