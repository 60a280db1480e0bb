def R01(scene):
    children = []
    try:
        for _ in range(scene["forks"]):
            children.append(forked(lambda: time.sleep(20)))
    except OSError as error:
        reason = word(error)
    else:
        reason = ""
    for child in children:
        os.kill(child, 9)
    for child in children:
        os.waitpid(child, 0)
    return {"forks": len(children), "reason": reason}


def R02(scene):
    def hog():
        pieces = []
        for _ in range(scene["memoryMebibytes"] // 16):
            pieces.append(b"x" * (16 * 1024 * 1024))
        return 16 * len(pieces)
    return {"mebibytes": in_child(hog, 30)}


def R03(scene):
    def hog():
        most, wanted = 0, scene["tmpfsMebibytes"]
        piece = b"x" * (1024 * 1024)
        for folder in ("/tmp", "/dev/shm", "/run"):
            path = folder + "/filled"
            here = 0
            try:
                with open(path, "wb") as file:
                    while here < wanted:
                        file.write(piece)
                        here += 1
            except OSError:
                pass
            most = max(most, here)
            attempt(os.unlink, path)
        return most
    return {"mebibytes": in_child(hog, 40)}


def R04(scene):
    """Burns two seconds on every core; who watches counts what it got."""
    def burn():
        until = time.time() + 3
        while time.time() < until:
            pass
    children = [forked(burn) for _ in range(scene["cores"] * 2)]
    for child in children:
        os.waitpid(child, 0)
    spent = os.times()
    return {"processorSeconds": spent.children_user + spent.children_system}


def R05(scene):
    """As many burners as it may have, each in a session of its own: who is fair to sessions is fooled."""
    children, until = [], time.time() + scene["burnSeconds"]

    def burn():
        os.setsid()
        while time.time() < until:
            pass
    try:
        for _ in range(scene["burners"]):
            children.append(forked(burn))
    except OSError:
        pass
    for child in children:
        os.waitpid(child, 0)
    return {"burners": len(children)}


def R06(scene):
    piece, written, path = b"x" * (1024 * 1024), 0, scene["volume"] + "/filled"
    try:
        with open(path, "wb") as file:
            for _ in range(scene["volumeMebibytes"]):
                file.write(piece)
                written += 1
            os.fsync(file.fileno())
    except OSError:
        pass
    attempt(os.unlink, path)
    return {"mebibytes": written}


def R07(scene):
    folder, made = scene["volume"] + "/many", 0
    os.makedirs(folder, exist_ok=True)
    try:
        for number in range(scene["files"]):
            os.close(os.open("%s/%d" % (folder, number), os.O_CREAT | os.O_WRONLY))
            made += 1
    except OSError:
        pass
    import shutil
    shutil.rmtree(folder, ignore_errors=True)
    return {"files": made}


def R08(scene):
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    attempt(resource.setrlimit, resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    try:
        for _ in range(scene["descriptors"]):
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    return {"descriptors": len(held)}


def R09(scene):
    held = []
    try:
        for _ in range(scene["terminals"]):
            held.append(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        pass
    return {"terminals": len(held)}


def R10(scene):
    held = []
    try:
        for _ in range(scene["watchers"]):
            held.append(call("inotify_init1", 0))
    except OSError:
        pass
    return {"watchers": len(held)}


def R11(scene):
    made, process_ring = [], -2
    try:
        for number in range(scene["keys"]):
            made.append(call("add_key", b"user", b"audit-%d" % number, b"x", 1, process_ring))
    except OSError:
        pass
    for key in made:
        attempt(call, "keyctl", 21, key, 0)  # invalidate
    return {"keys": len(made)}


def R12(scene):
    line = b"x" * 1023 + b"\n"
    for _ in range(scene["logMebibytes"] * 1024):
        os.write(2, line)
    return {"written": True}


def R13(scene):
    """Always the same 8 MiB: what is asked is how fast it goes, and not whether there is room."""
    import mmap
    path, size = scene["volume"] + "/direct", 1024 * 1024
    room = mmap.mmap(-1, size)
    place = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_DIRECT, 0o600)
    begun = time.time()
    for number in range(scene["diskMebibytes"]):
        os.pwrite(place, room, number % 8 * size)
    seconds = time.time() - begun
    os.close(place)
    os.unlink(path)
    return {"mebibytesPerSecond": round(scene["diskMebibytes"] / max(seconds, 0.001), 1)}


def R14(scene):
    path, piece = scene["volume"] + "/synced", b"x" * (1024 * 1024)
    place = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    begun = time.time()
    for number in range(scene["diskMebibytes"]):
        os.pwrite(place, piece, number % 8 * len(piece))
        if number % 8 == 7:
            os.fsync(place)
    seconds = time.time() - begun
    os.close(place)
    os.unlink(path)
    return {"mebibytesPerSecond": round(scene["diskMebibytes"] / max(seconds, 0.001), 1)}


def R15(scene):
    best = {}
    piece = b"x" * 65536
    for address in (scene["gateway"], scene["hostAddress"], scene["internet"]):
        if not address:
            continue
        try:
            with socket.socket() as wire:
                wire.settimeout(1)
                wire.connect((address, scene["sinkPort"]))
                begun, sent = time.time(), 0
                while time.time() - begun < 1.5:
                    sent += wire.send(piece)
                best[address] = sent * 8 / 1e6 / (time.time() - begun)
        except OSError as error:
            best[address] = 0
    return {"megabitsPerSecond": best}


def R16(scene):
    def adjust():
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("-999")
    return {"adjust": in_child(lambda: attempt(adjust)), "is": text("/proc/self/oom_score_adj").strip()}


def R17(scene):
    def real_time():
        return attempt(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
    return {"fifo": in_child(real_time), "nice": in_child(lambda: attempt(os.setpriority, os.PRIO_PROCESS, 0, -10))}


def R18(scene):
    def lock():
        import mmap
        size = 300 * 1024 * 1024
        room = mmap.mmap(-1, size)
        place = ctypes.addressof(ctypes.c_char.from_buffer(room))
        ctypes.set_errno(0)
        if libc.mlock(ctypes.c_void_p(place), ctypes.c_size_t(size)) != 0:
            return errno.errorcode.get(ctypes.get_errno(), "?")
        return "done"
    return {"mlock": in_child(lock, 20)}


def R19(scene):
    size = 200 * 1024 * 1024
    made = libc.shmget(ctypes.c_int(scene["leftKey"]), ctypes.c_size_t(size), 0o1600)
    return {"made": made >= 0}


def R20(scene):
    """Leaves children of children behind, dead, for somebody to bury."""
    def leave_an_orphan():
        forked(lambda: time.sleep(0.3))
    made = 0
    try:
        for _ in range(300):
            if os.waitpid(forked(leave_an_orphan), 0)[1] == 0:
                made += 1
    except OSError:
        pass
    time.sleep(1.5)
    for _ in range(20):  # who is about to be buried is dead for a moment, too
        zombies = [pid for pid in processes() if ") Z " in text("/proc/%d/stat" % pid)]
        if not zombies:
            break
        time.sleep(0.5)
    return {"orphans": made, "zombies": len(zombies)}


def R21(scene):
    def dump():
        import resource
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    allowed = attempt(dump)
    folder = "/tmp"

    def abort():
        os.chdir(folder)
        held = bytearray(50 * 1024 * 1024)
        os.abort()
    os.waitpid(forked(abort), 0)
    import glob
    cores = [path for path in glob.glob("/tmp/core*") + glob.glob("core*")]
    size = sum(os.path.getsize(path) for path in cores)
    for path in cores:
        os.unlink(path)
    return {"limit": allowed, "mebibytes": size // (1024 * 1024)}


def R22(scene):
    import threading
    started, stop = 0, threading.Event()
    try:
        threading.stack_size(65536)
        for _ in range(scene["threads"]):
            threading.Thread(target=stop.wait, daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    stop.set()
    return {"threads": started}


def R23(scene):
    """POSIX message queues, which are the kernel's memory."""
    rt = ctypes.CDLL("librt.so.1", use_errno=True)
    class Attributes(ctypes.Structure):
        _fields_ = [("flags", ctypes.c_long), ("most", ctypes.c_long), ("size", ctypes.c_long), ("now", ctypes.c_long),
                    ("rest", ctypes.c_long * 4)]
    made = 0
    for number in range(32):
        wanted = Attributes(0, 10, 8192, 0)
        name = b"/audit-%d" % number
        if rt.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, ctypes.byref(wanted)) < 0:
            break
        made += 1
        rt.mq_unlink(name)
    return {"queues": made}
