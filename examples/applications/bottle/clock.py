import datetime
import locale
import os
import pwd
import tempfile
import zoneinfo

from bottle import route, run


@route("/")
def clock():
    """What programs take for granted: a locale, time zones, a user with a name, a temporary file."""
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("grüezi")
        file.flush()
        text = open(file.name, encoding="utf-8").read()
    winter = datetime.datetime(2026, 1, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Zurich"))
    home = os.path.expanduser("~")
    return f"{text} {winter.isoformat()} {pwd.getpwuid(os.getuid()).pw_name} {home} {os.cpu_count()}\n"


run(host="0.0.0.0", port=8000)
