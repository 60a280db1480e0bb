"""A web application that reads YAML as its author learnt to: with a loader that runs what it is told to.

`berth audit` sends its attacks through that hole. It must never be deployed for anybody.
"""
import os
import socket

import yaml
from flask import Flask, request

app = Flask(__name__)
version = "as released"
kept = []


@app.get("/ping")
def ping():
    return version


@app.post("/keep")
def keep():
    """What an application has in memory of its users."""
    kept.append(request.get_data())
    return "kept"


@app.post("/")
def read():
    answer = yaml.load(request.get_data(), Loader=yaml.UnsafeLoader)
    return answer if isinstance(answer, (bytes, str)) else repr(answer)


if __name__ == "__main__":
    everywhere = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"
    app.run(host=everywhere, port=int(os.environ["PORT"]), threaded=True)
