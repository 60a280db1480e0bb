"""What every attack has at hand. This text and one function are sent through the application's hole."""
import ctypes
import errno
import json
import os
import socket
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
numbers = {
    "x86_64": dict(
        ptrace=101, syslog=103, personality=135, modify_ldt=154, pivot_root=155, adjtimex=159, chroot=161,
        mount=165, umount2=166, swapon=167, reboot=169, sethostname=170, init_module=175, quotactl=179,
        clock_settime=227, kexec_load=246, add_key=248, request_key=249, keyctl=250, mbind=237, migrate_pages=256,
        unshare=272, vmsplice=278, move_pages=279, perf_event_open=298, fanotify_init=300, name_to_handle_at=303,
        open_by_handle_at=304, setns=308, process_vm_readv=310, process_vm_writev=311, kcmp=312, finit_module=313,
        kexec_file_load=320, bpf=321, userfaultfd=323, io_uring_setup=425, open_tree=428, move_mount=429,
        fsopen=430, fsmount=432, fspick=433, clone3=435, pidfd_getfd=438, process_madvise=440, mount_setattr=442,
        memfd_secret=447, process_mrelease=448, statmount=457, listmount=458, acct=163, delete_module=176,
        lookup_dcookie=212, swapoff=168, settimeofday=164, setdomainname=171, iopl=172, ioperm=173, inotify_init1=294,
        memfd_create=319, getpid=39, prctl=157, capget=125,
    ),
    "aarch64": dict(
        ptrace=117, syslog=116, personality=92, pivot_root=41, adjtimex=171, chroot=51, mount=40, umount2=39,
        swapon=224, reboot=142, sethostname=161, init_module=105, quotactl=60, clock_settime=112, kexec_load=104,
        add_key=217, request_key=218, keyctl=219, mbind=235, migrate_pages=238, unshare=97, vmsplice=75,
        move_pages=239, perf_event_open=241, fanotify_init=262, name_to_handle_at=264, open_by_handle_at=265,
        setns=268, process_vm_readv=270, process_vm_writev=271, kcmp=272, finit_module=273, kexec_file_load=294,
        bpf=280, userfaultfd=282, io_uring_setup=425, open_tree=428, move_mount=429, fsopen=430, fsmount=432,
        fspick=433, clone3=435, pidfd_getfd=438, process_madvise=440, mount_setattr=442, memfd_secret=447,
        process_mrelease=448, statmount=457, listmount=458, acct=89, delete_module=106, swapoff=225,
        settimeofday=170, setdomainname=162, inotify_init1=26, memfd_create=279, getpid=172, prctl=167, capget=90,
    ),
}.get(os.uname().machine, {})


def call(name, *arguments):
    """One system call, past the C library. Gives its result, or raises OSError."""
    number = numbers.get(name) if isinstance(name, str) else name
    if number is None:
        raise OSError(errno.ENOSYS, name)
    ctypes.set_errno(0)
    plain = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = libc.syscall(ctypes.c_long(number), *plain)
    if result == -1:
        raise OSError(ctypes.get_errno(), "%s: %s" % (name, os.strerror(ctypes.get_errno())))
    return result


def word(error):
    """The name of an error, such as EPERM."""
    return errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)


def attempt(work, *arguments):
    """`done`, or the name of the error."""
    try:
        work(*arguments)
        return "done"
    except Exception as error:
        return word(error)


def text(path, most=200000):
    """A file's text, or nothing."""
    try:
        with open(path, "rb") as file:
            return file.read(most).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def can_open(path, flags):
    """`done` when a path can be opened; nothing is read or written."""
    return attempt(lambda: os.close(os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)))


def ask(address, port, request=b"GET / HTTP/1.0\r\n\r\n", seconds=8.0, family=socket.AF_INET):
    """What a server answers, or the name of the error."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(address if port is None else (address, port))
            connection.sendall(request)
            answer = b""
            while len(answer) < 65536:
                part = connection.recv(4096)
                if not part:
                    break
                answer += part
            return answer.decode("utf-8", "replace")
    except OSError as error:
        return word(error)


def forked(work):
    """A child that does the work and ends. Never comes back as a second exploit: a child that met a limit of its own,
    such as the one on processes, would go on in its parent's place and say everything twice. Gives its number."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child


def in_child(work, seconds=20):
    """Does the work in a child, so that what it breaks breaks there. Gives what it returned, as text."""
    reading, writing = os.pipe()

    def say():
        os.close(reading)
        try:
            said = json.dumps(work())
        except Exception as error:
            said = json.dumps(word(error))
        os.write(writing, said.encode())
    child = forked(say)
    os.close(writing)
    said = b""
    import select
    until = time.time() + seconds
    while time.time() < until:
        ready, _, _ = select.select([reading], [], [], 0.2)
        if ready:
            part = os.read(reading, 65536)
            if not part:
                break
            said += part
    os.close(reading)
    try:
        os.kill(child, 9)
    except OSError:
        pass
    os.waitpid(child, 0)
    return json.loads(said) if said else "killed"


def processes():
    """The ids of all processes that can be seen."""
    try:
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    except OSError:
        return []


def others():
    """The processes that are not this one's own application."""
    own = {os.getpid(), os.getppid()}
    return [pid for pid in processes() if pid not in own]


def main():
    name, scene = sys.argv[1], json.loads(sys.argv[2])
    try:
        said = globals()[name](scene)
    except OSError as error:
        said = {"refused": word(error)}
    except Exception as error:
        said = {"error": "%s: %s" % (type(error).__name__, error)}
    sys.stdout.write(json.dumps(said))
    sys.stdout.flush()
