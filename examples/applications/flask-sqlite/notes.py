import sqlite3

from flask import Flask

app = Flask(__name__)


@app.get("/")
def notes():
    """Two workers write to one database at once, which takes locks and memory that they share."""
    with sqlite3.connect("/data/notes.sqlite", timeout=10) as database:
        mode = database.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        database.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")
        database.execute("INSERT INTO notes VALUES ('read the manual')")
        count = database.execute("SELECT count(*) FROM notes").fetchone()[0]
    return f"{count} notes by {mode}\n"
