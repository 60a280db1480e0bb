from importlib.metadata import version

from flask import Flask

app = Flask(__name__)


@app.get("/")
def main():
    return f"Flask {version('flask')}\n"
