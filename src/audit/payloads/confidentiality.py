def C04(scene):
    return {"found": [text("/proc/%d/environ" % pid) for pid in others()]}


def C05(scene):
    return {"found": text(scene["neighbourVolume"] + "/data.txt")}


def C06(scene):
    return {"found": text(scene["neighbourCode"])}


def C07(scene):
    room = ctypes.create_string_buffer(1 << 20)
    read_all = 3
    log = ""
    try:
        log = room.raw[: call("syslog", read_all, room, len(room))].decode("utf-8", "replace")
    except OSError:
        pass
    def device():
        lines = []
        place = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        try:
            while len(lines) < 5000:
                lines.append(os.read(place, 8192).decode("utf-8", "replace"))
        except OSError:
            pass
        return lines
    try:
        log += "".join(device())
    except OSError:
        pass
    return {"found": [line for line in log.split("\n") if "tok-" in line][-3:], "bytes": len(log)}


def C08(scene):
    return {"found": text(scene["rootFile"])}


def C09(scene):
    return {"found": text(scene["hostFile"])}


def C10(scene):
    names = [name for _, name in socket.if_nameindex()]
    try:
        names += os.listdir("/sys/class/net")
    except OSError:
        pass
    return {"interfaces": sorted(set(names)), "dev": text("/proc/net/dev")}


def C11(scene):
    everything = socket.htons(3)
    found = b""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, everything) as wire:
        wire.settimeout(0.2)
        until = time.time() + 8
        while time.time() < until and b"tok-" not in found:
            try:
                found += wire.recv(65536)
            except socket.timeout:
                pass
    at = found.find(b"tok-")
    return {"found": found[at:at + 64].decode("latin-1") if at >= 0 else "", "bytes": len(found)}


def C12(scene):
    return {"found": ask("\0" + scene["abstract"], None, family=socket.AF_UNIX)}


def C13(scene):
    """The keyring is the real host's: nothing is read but what the scene has put there."""
    read, room = 11, ctypes.create_string_buffer(256)
    listed = [line for line in text("/proc/keys").split("\n") if " tok-" in line]
    found = []
    for line in listed:
        try:
            found.append(room.raw[: call("keyctl", read, int(line.split()[0], 16), room, 256)].decode("latin-1"))
        except OSError as error:
            found.append(word(error))
    return {"listed": listed, "found": found}


def C14(scene):
    pointers = [line for line in text("/proc/kallsyms", 4000).split("\n")[:20] if line[:16].strip("0 ") != ""]
    ranges = [line for line in text("/proc/iomem").split("\n")[:20] if line.strip()[:8].strip("0-") != ""]
    return {"pointers": [line for line in pointers if line][:1], "ranges": [line for line in ranges if line][:1]}


def C15(scene):
    import stat
    opened = []
    for path in ("/proc/kcore", "/dev/mem", "/dev/port", "/proc/kpagecount", "/proc/kpageflags"):
        try:
            if os.stat(path).st_rdev == os.makedev(1, 3):
                continue
        except OSError:
            continue
        if can_open(path, os.O_RDONLY) == "done":
            opened.append(path)
    return {"opened": opened}


def C16(scene):
    return {"mounts": text("/proc/self/mountinfo")}


def C17(scene):
    names = ["sched_debug", "slabinfo", "vmallocinfo", "interrupts", "timer_list", "modules", "diskstats",
             "partitions", "softirqs", "key-users", "pagetypeinfo", "config.gz", "cmdline"]
    paths = ["/proc/" + name for name in names]
    paths += ["/sys/firmware", "/sys/devices/virtual/powercap", "/sys/block", "/sys/class/dmi/id"]
    def has(path):
        try:
            return bool(os.listdir(path)) if os.path.isdir(path) else text(path, 64).strip("\0 \n") != ""
        except OSError:
            return False
    return {"readable": [path for path in paths if has(path)]}


def C18(scene):
    return {"name": socket.gethostname() + text("/proc/sys/kernel/hostname") + text("/etc/hostname")}


def C19(scene):
    found = libc.shmget(ctypes.c_int(scene["shmKey"]), ctypes.c_size_t(0), 0)
    if found < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    libc.shmat.restype = ctypes.c_void_p
    place = libc.shmat(found, None, 0o10000)
    if place in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "shmat")
    return {"found": ctypes.string_at(place, 64).decode("latin-1")}


def C20(scene):
    return {"found": text("/dev/shm/" + scene["posixShm"])}


def C21(scene):
    return {"groups": text("/proc/self/cgroup")}


def C22(scene):
    total = [line for line in text("/proc/meminfo").split("\n") if line.startswith("MemTotal")]
    return {"memory": int(total[0].split()[1]) if total else 0}


def C23(scene):
    return {"vsock": attempt(lambda: socket.socket(40, socket.SOCK_STREAM, 0).close())}


def C24(scene):
    """What the neighbour has in memory."""
    found = []
    until = time.time() + 12
    for pid in others():
        try:
            ranges = [line for line in text("/proc/%d/maps" % pid).split("\n") if " rw-p " in line]
            memory = os.open("/proc/%d/mem" % pid, os.O_RDONLY)
        except OSError:
            continue
        for line in ranges:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if end - start > 64 * 1024 * 1024 or time.time() > until:
                continue
            try:
                piece = os.pread(memory, end - start, start)
            except (OSError, OverflowError):
                continue
            at = piece.find(b"kept-tok-")
            if at >= 0:
                found.append(piece[at:at + 64].decode("latin-1"))
        os.close(memory)
    return {"found": found[:20]}


def C25(scene):
    """Other applications' logs, and berth's own state."""
    found = []
    for folder in scene["berthFolders"]:
        try:
            found += [folder + "/" + name for name in os.listdir(folder)]
        except OSError:
            pass
    return {"found": "".join(text(path) for path in scene["berthFiles"]), "listed": found[:20]}


def C26(scene):
    """Its own specification, in which other settings may stand."""
    opened = [path for path in scene["runFolders"]
              if can_open(path, os.O_RDONLY) == "done" and any(name != "init" for name in os.listdir(path))]
    return {"opened": opened}
