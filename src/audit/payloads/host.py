def H01(scene):
    done = {}
    for path in scene["canaries"]:
        subprocess.run(["rm", "-rf", path], stderr=subprocess.DEVNULL)
        done[path] = os.path.exists(path)
    return done


def H02(scene):
    with open(scene["hostFile"], "a") as file:
        file.write("changed\n")
    return {"done": True}


def H03(scene):
    found = []
    for pid in others():
        for door in ("root", "cwd"):
            found.append(text("/proc/%d/%s%s" % (pid, door, scene["rootFile"])))
    return {"found": "".join(found)}


def H04(scene):
    return {"finit_module": attempt(call, "finit_module", -1, b"", 0)}


def H05(scene):
    target = "/tmp/mounted"
    os.makedirs(target, exist_ok=True)
    done = attempt(call, "mount", b"none", target.encode(), b"tmpfs", 0, b"size=4k")
    if done == "done":
        call("umount2", target.encode(), 2)
    return {"mount": done}


def H06(scene):
    remount = 32
    return {"remount": attempt(call, "mount", b"none", b"/", b"", remount, 0)}


def H07(scene):
    import stat
    found, said = "", []
    for folder in ("/tmp", "/dev", "/dev/shm", "/run", scene["volume"]):
        path = folder + "/disk-node"
        made = attempt(os.mknod, path, 0o600 | stat.S_IFBLK, os.makedev(*scene["disk"]))
        said.append(made)
        if made == "done":
            found += text(path, 4 * 1024 * 1024)
            attempt(os.unlink, path)
    return {"made": said, "found": [line for line in found.split("\0") if "tok-" in line][:5]}


def H08(scene):
    import stat
    opened = []
    names = ["kmsg", "mem", "port", "kvm", "fuse", "vsock", "net/tun", "loop-control", "mapper/control", "btrfs-control"]
    for name in names + sorted(os.listdir("/dev")):
        path = "/dev/" + name
        try:
            is_block = stat.S_ISBLK(os.stat(path).st_mode)
        except OSError:
            continue
        if (is_block or name in names) and can_open(path, os.O_RDONLY) == "done":
            opened.append(name)
    return {"opened": sorted(set(opened))}


def H09(scene):
    return {"open": can_open("/proc/sysrq-trigger", os.O_WRONLY)}


def H10(scene):
    path = "/proc/sys/kernel/core_pattern"
    same = text(path)
    def write():
        with open(path, "w") as file:
            file.write(same)
    return {"write": attempt(write)}


def H11(scene):
    names = ["kernel/core_pattern", "kernel/modprobe", "kernel/panic", "kernel/sysrq", "kernel/randomize_va_space",
             "vm/overcommit_memory", "vm/panic_on_oom", "fs/file-max", "fs/suid_dumpable", "kernel/kptr_restrict",
             "kernel/threads-max"]
    paths = ["/proc/sys/" + name for name in names] + ["/proc/mtrr", "/proc/irq/default_smp_affinity"]
    return {"opened": [path for path in paths if can_open(path, os.O_WRONLY) == "done"]}


def H12(scene):
    paths = ["/sys/power/state", "/sys/kernel/uevent_helper", "/sys/kernel/mm/transparent_hugepage/enabled",
             "/sys/module/printk/parameters/time", "/sys/kernel/mm/ksm/run", "/sys/kernel/profiling"]
    return {"opened": [path for path in paths if can_open(path, os.O_WRONLY) == "done"]}


def H13(scene):
    opened = []
    for folder, _, files in os.walk("/sys/fs/cgroup"):
        for name in ("cgroup.procs", "tasks", "memory.max", "memory.limit_in_bytes", "pids.max", "release_agent"):
            if name in files and can_open(os.path.join(folder, name), os.O_WRONLY) == "done":
                opened.append(os.path.join(folder, name))
        if len(opened) > 3:
            break
    return {"opened": opened[:3]}


def H16(scene):
    wrong_magic = 0
    return {"reboot": attempt(call, "reboot", wrong_magic, wrong_magic, 0, 0)}


def H17(scene):
    seize, detach, seized = 0x4206, 17, []
    for pid in [scene["hostPid"], scene["ownPid"]]:
        if attempt(call, "ptrace", seize, pid, 0, 0) == "done" and text("/proc/%d/comm" % pid) != "":
            seized.append(text("/proc/%d/cmdline" % pid))
            attempt(call, "ptrace", detach, pid, 0, 0)
    return {"seized": seized}


def H18(scene):
    """By its number on the host."""
    import signal
    return {"sent": attempt(os.kill, scene["ownPid"], signal.SIGTERM)}


def H19(scene):
    became = attempt(os.setuid, 0)
    return {"setuid": became, "euid": os.geteuid(), "uid_map": text("/proc/self/uid_map").split()}


def H20(scene):
    name = socket.gethostname().encode()
    return {"sethostname": attempt(call, "sethostname", name, len(name)), "uts": os.readlink("/proc/self/ns/uts")}


def H21(scene):
    def write():
        place = os.open("/dev/kmsg", os.O_WRONLY)  # not made where it is not
        with os.fdopen(place, "w") as file:
            file.write("berth-audit: a line that an application wrote into the host's log %s\n" % scene["kernelMark"])
    return {"write": attempt(write)}


def H22(scene):
    class Timex(ctypes.Structure):
        _fields_ = [("modes", ctypes.c_uint), ("rest", ctypes.c_long * 40)]
    now = Timex()
    call("adjtimex", ctypes.byref(now))
    now.modes = 0x4000  # ADJ_TICK, with the value that it has
    return {"adjtimex": attempt(call, "adjtimex", ctypes.byref(now))}


def H23(scene):
    def break_out():
        os.makedirs("/tmp/jail", exist_ok=True)
        call("chroot", b"/tmp/jail")
        for _ in range(40):
            os.chdir("..")
        call("chroot", b".")
        return text(scene["rootFile"])
    return {"found": in_child(break_out)}


def H24(scene):
    """shocker: a file handle of the root directory, guessed."""
    found = []
    for path in ("/", scene["volume"], "/etc/hosts", "/etc/hostname"):
        def open_root():
            place = os.open(path, os.O_RDONLY)
            handle = struct.pack("IiQQ", 8, 1, 2, 0)
            root = call("open_by_handle_at", place, ctypes.create_string_buffer(handle), os.O_RDONLY)
            return os.listdir(root) + [text("/proc/self/fd/%d%s" % (root, scene["rootFile"]))]
        found.append(in_child(open_root))
    return {"found": found}


def H25(scene):
    """Of the application itself, too: what it starts does not get what it was started with."""
    found, looked = [], 0
    for pid in ["self"] + [str(each) for each in processes()]:
        try:
            names = os.listdir("/proc/%s/fd" % pid)
        except OSError:
            continue
        looked += len(names)
        for name in names:
            for up in ("", "/..", "/../..", "/../../..", "/../../../.."):
                found.append(text("/proc/%s/fd/%s%s%s" % (pid, name, up, scene["rootFile"])))
    return {"found": "".join(found), "looked": looked}


def H26(scene):
    import shutil
    path = scene["volume"] + "/planted"
    shutil.copy("/bin/true", path)
    return {"chmod": attempt(os.chmod, path, 0o4755)}


def H27(scene):
    import stat
    path = scene["volume"] + "/planted-node"
    return {"mknod": attempt(os.mknod, path, 0o666 | stat.S_IFBLK, os.makedev(*scene["disk"]))}


def H28(scene):
    path = scene["volume"] + "/planted-link"
    return {"symlink": attempt(os.symlink, scene["rootFile"], path), "found": text(path)}


def H29(scene):
    return {"open": can_open("/proc/sys/fs/binfmt_misc/register", os.O_WRONLY)}


def H30(scene):
    return {"kexec": attempt(call, "kexec_file_load", -1, -1, 0, b"", 0)}
