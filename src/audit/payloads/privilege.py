def P01(scene):
    witness = scene["setuidWitness"]
    if not os.path.exists(witness):
        return {"euid": -1}
    def plain():
        if os.geteuid() == 0:  # who is root already becomes nobody first
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        ran = subprocess.run([witness, "-u"], capture_output=True, text=True)
        return {"euid": int(ran.stdout.strip() or -1), "was": os.geteuid()}
    said = in_child(plain)
    return said if isinstance(said, dict) else {"refused": said}


def P02(scene):
    return {"unshare": in_child(lambda: attempt(call, "unshare", 0x10000000))}


def P03(scene):
    def clone():
        arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)
        child = call("clone3", ctypes.byref(arguments), ctypes.sizeof(arguments))
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        return "done"
    return {"clone3": in_child(clone)}


def P04(scene):
    status = dict(line.split(":\t") for line in text("/proc/self/status").split("\n") if ":\t" in line)
    return {"effective": status.get("CapEff", "")}


def P05(scene):
    return {"bounding": [number for number in range(41) if libc.prctl(23, number, 0, 0, 0) == 1]}


def P06(scene):
    return {"no_new_privs": libc.prctl(39, 0, 0, 0, 0)}


def P07(scene):
    return {"seccomp": libc.prctl(21, 0, 0, 0, 0)}


def P08(scene):
    """Calls that only an administrator or a debugger needs, each with arguments that do nothing."""
    none = ctypes.c_void_p(0)
    wrong = [
        ("bpf", 999, none, 0), ("perf_event_open", none, -1, -1, -1, 999), ("keyctl", 999), ("add_key", none, none, none, 0, 0),
        ("request_key", none, none, none, 0), ("io_uring_setup", 0, none), ("userfaultfd", 999), ("ptrace", 999, -1, 0, 0),
        ("mount", none, none, none, 0, none), ("umount2", none, 999999), ("pivot_root", none, none), ("setns", -1, 0),
        ("process_vm_readv", -1, none, 0, none, 0, 999), ("process_vm_writev", -1, none, 0, none, 0, 999),
        ("kcmp", -1, -1, 99, 0, 0), ("open_by_handle_at", -1, none, 0), ("name_to_handle_at", -1, none, none, none, 0),
        ("memfd_secret", 999), ("modify_ldt", 99, none, 0), ("vmsplice", -1, none, 0, 0), ("personality", 0x0800000),
        ("chroot", none), ("clock_settime", 99, none), ("statmount", none, none, 0, 999), ("listmount", none, none, 0, 999),
        ("unshare", 1), ("init_module", none, 0, none), ("finit_module", -1, none, 999), ("delete_module", none, 0),
        ("kexec_load", 0, 99, none, 0), ("kexec_file_load", -1, -1, 0, none, 999), ("swapon", none, 0), ("swapoff", none),
        ("quotactl", 0, none, 0, none), ("acct", ctypes.c_char_p(b"/nonexistent/account")), ("syslog", 99, none, 0),
        ("settimeofday", none, ctypes.c_void_p(8)), ("setdomainname", none, 999), ("sethostname", none, 999),
        ("mbind", none, 0, 99, none, 0, 0), ("move_pages", -1, 0, none, none, none, 99), ("migrate_pages", -1, 0, none, none),
        ("fanotify_init", 0xffffffff, 0), ("open_tree", -1, none, 999), ("move_mount", -1, none, -1, none, 9999),
        ("fsopen", none, 999), ("fsmount", -1, 0, 0), ("fspick", -1, none, 999), ("mount_setattr", -1, none, 9999, none, 0),
        ("pidfd_getfd", -1, -1, 0), ("process_madvise", -1, none, 0, 0, 0), ("process_mrelease", -1, 0), ("iopl", 99), ("ioperm", 0, 0, 0),
    ]
    def answered():
        reached = []
        for name, *arguments in wrong:
            if name not in numbers:
                continue
            said = attempt(call, name, *arguments)
            if said not in ("EPERM", "EACCES", "ENOSYS"):
                reached.append(name)
        return reached
    return {"reached": in_child(answered), "tried": len(wrong)}


def P09(scene):
    """getpid() by the 32-bit entry of the kernel."""
    import mmap
    if os.uname().machine != "x86_64":
        return {"answers": False, "why": "another architecture"}
    def enter():
        code = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20; int 0x80; ret
        room = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        room.write(code)
        place = ctypes.addressof(ctypes.c_char.from_buffer(room))
        return ctypes.CFUNCTYPE(ctypes.c_int)(place)() == os.getpid()
    return {"answers": in_child(enter)}


def P10(scene):
    """getpid() by the numbers of the x32 interface."""
    x32 = 0x40000000
    return {"answers": in_child(lambda: call(x32 + 39) == os.getpid())}


def P11(scene):
    def nested():
        call("unshare", 0x10000000 | 0x20000)
        os.makedirs("/tmp/nested", exist_ok=True)
        return attempt(call, "mount", b"none", b"/tmp/nested", b"tmpfs", 0, b"size=4k")
    return {"mount": in_child(nested)}


def P12(scene):
    import stat
    found = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [] if folder in ("/proc", "/sys", "/dev") else folders
        for name in files:
            try:
                facts = os.lstat(os.path.join(folder, name))
            except OSError:
                continue
            mode = facts.st_mode
            # Another attack may have planted its own, by which it only becomes who it is.
            if facts.st_uid == os.geteuid() != 0:
                continue
            # The witness of P01 was brought along.
            if os.path.join(folder, name) == scene["setuidWitness"]:
                continue
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                found.append(os.path.join(folder, name))
    return {"count": len(found), "first": found[:3]}


def P13(scene):
    """File capabilities: rights that a file gives to whoever runs it."""
    path = scene["volume"] + "/with-rights"
    import shutil
    shutil.copy("/bin/true", path)
    value = struct.pack("<IIIII", 0x02000001, 1 << 12, 0, 0, 0)  # cap_net_admin
    said = attempt(os.setxattr, path, "security.capability", value)
    attempt(os.unlink, path)
    return {"setxattr": said}


def P14(scene):
    """The groups that it has besides its own."""
    return {"groups": os.getgroups(), "gid": os.getegid()}


def P15(scene):
    """Whether it may put its characters into the terminal of whoever started it (TIOCSTI)."""
    import fcntl
    opened = []
    for path in ("/dev/tty", "/proc/self/fd/0", "/proc/1/fd/0"):
        def push():
            place = os.open(path, os.O_RDWR | os.O_NOCTTY)
            fcntl.ioctl(place, 0x5412, b"\n")
        if attempt(push) == "done":
            opened.append(path)
    return {"pushed": opened}
