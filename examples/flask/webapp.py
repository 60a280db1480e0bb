import os
import socket

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def main():
    lines = [
        "Hello from Flask!",
        "",
        f"From: {socket.gethostname()}",
        f"Listening on port: {request.environ['SERVER_PORT']}",
        f"Greeting: {os.environ.get('GREETING', 'none')}",
    ]
    return "\n".join(lines) + "\n", {"Content-Type": "text/plain; charset=utf-8"}
