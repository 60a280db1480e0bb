def I01(scene):
    path = scene["code"]
    with open(path) as file:
        source = file.read()
    with open(path, "w") as file:
        file.write(source.replace("as released", "as the thief wants it"))
    return {"written": path}


def I02(scene):
    import site
    places = [path for path in sys.path + site.getsitepackages() + scene["packages"] if path and os.path.isdir(path)]
    planted = []
    for place in places:
        path = os.path.join(place, "berth_audit_planted.pth")
        if attempt(lambda: open(path, "w").close()) == "done":
            planted.append(place)
            os.unlink(path)
    return {"planted": [place for place in planted if not place.startswith(("/tmp", scene["volume"]))]}


def I03(scene):
    places = ["/etc/cron.d", "/etc/systemd/system", "/etc/init.d", "/etc/profile.d", "/var/spool/cron/crontabs"]
    dropped = []
    for place in places:
        path = place + "/berth-audit-dropped"
        if attempt(lambda: open(path, "w").close()) == "done":
            dropped.append(path)
    return {"dropped": dropped}


def I04(scene):
    """A process that has left its parents, its session and its terminal, and wants to stay."""
    def sleep():
        for number in range(3):
            os.close(number)
        os.execvp("python3", ["python3", "-c", "import time\ntime.sleep(300) # " + scene["daemon"]])

    def leave():
        os.setsid()
        forked(sleep)
    forked(leave)
    time.sleep(0.3)
    return {"started": True}


def I05(scene):
    places = [os.path.dirname(scene["code"]) + "/berth.toml", "/etc/hosts", "/etc/resolv.conf", "/etc/passwd"]
    return {"opened": [path for path in places if can_open(path, os.O_WRONLY | os.O_APPEND) == "done"]}


def I06(scene):
    skipped = ("/proc", "/sys", "/dev", "/tmp", "/run", "/var/tmp", "/var/lock", scene["volume"])
    found = []
    for folder, folders, _ in os.walk("/"):
        folders[:] = [name for name in folders if not os.path.join(folder, name).startswith(skipped)]
        if folder.count("/") > 4:
            folders[:] = []
        if os.access(folder, os.W_OK):
            path = os.path.join(folder, ".berth-audit")
            if attempt(lambda: os.close(os.open(path, os.O_CREAT | os.O_WRONLY))) == "done":
                os.unlink(path)
                found.append(folder)
        if len(found) >= 5:
            break
    return {"writable": found}


def I07(scene):
    import shutil
    ran = []
    for folder in ("/tmp", "/run", "/dev/shm", "/var/tmp", scene["volume"]):
        path = folder + "/dropped-program"
        try:
            shutil.copy("/bin/true", path)
            os.chmod(path, 0o755)
            if subprocess.run([path]).returncode == 0:
                ran.append(folder)
        except OSError:
            pass
        attempt(os.unlink, path)
    return {"ran": ran}


def I08(scene):
    place = os.memfd_create("dropped", 0)
    with open("/bin/true", "rb") as source:
        os.write(place, source.read())
    child = forked(lambda: os.execve("/proc/self/fd/%d" % place, ["true"], {}))
    return {"ran": os.waitpid(child, 0)[1] == 0}


def I09(scene):
    import shutil
    for path in ["/usr/share/doc", "/usr/share/zoneinfo", os.path.dirname(scene["code"])]:
        shutil.rmtree(path, ignore_errors=True)
    return {"left": os.path.exists(scene["code"])}


def I10(scene):
    """Programs of the image, written over where they stand."""
    import shutil
    places = ["/bin/sh", "/usr/bin/env", os.path.realpath("/usr/bin/python3"), shutil.which("python3") or "/bin/sh"]
    return {"opened": [path for path in places if can_open(path, os.O_WRONLY | os.O_APPEND) in ("done",)]}
