def D01(scene):
    """Links in the volume, for a deployer that gives files to their owner, or looks at them, as root."""
    made = []
    for name in ("logs", "lost+found", "data", ".berth", "current", "id"):
        made.append(attempt(os.symlink, scene["rootFile"], scene["volume"] + "/link-" + name))
    made.append(attempt(os.symlink, "/root", scene["volume"] + "/link-folder"))
    return {"made": made}


def D02(scene):
    """A pipe in the volume, for a deployer that opens files and waits."""
    return {"made": attempt(os.mkfifo, scene["volume"] + "/pipe", 0o666)}


def D03(scene):
    """A line for the log that looks as if somebody else had written it."""
    os.write(2, ("\n" + scene["forgedLine"] + "\n").encode())
    time.sleep(0.5)
    return {"written": True}


def D04(scene):
    """Nothing is done: who starts applications may tell their secrets by himself."""
    return {"uid": os.geteuid()}


def D05(scene):
    """Nothing is done: who starts applications may keep their secrets on a disk."""
    return {"uid": os.geteuid()}


def D06(scene):
    """The number of a process of the host, wherever whoever stops applications may look for it."""
    made = []
    for folder in (scene["volume"], os.path.dirname(scene["code"]), "/tmp", "/run"):
        for name in ("app.pid", "attacked.pid", "webapp.pid", "pid"):
            def write():
                with open(folder + "/" + name, "w") as file:
                    file.write("%d\n" % scene["victim"])
            made.append(attempt(write))
    return {"made": made}


def D07(scene):
    """A link to the engine's socket, wherever whoever brings traffic may connect to."""
    made = []
    for folder in (scene["volume"], os.path.dirname(scene["code"]), "/tmp", "/run"):
        for name in ("app.sock", "attacked.sock", "http.sock"):
            made.append(attempt(os.symlink, scene["engineSockets"][0], folder + "/" + name))
    return {"made": made}


def D08(scene):
    """What it is released with is the attack: it is started so outside."""
    return {"uid": os.geteuid()}
