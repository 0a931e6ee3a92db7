"""The walls around one task, put up by the forked process itself before it runs a student's code.

bubblewrap has already hidden the machine. What is left to do is to keep tasks apart: each has its own
processes, files and shared memory, hard limits, and no privilege that it could use to take the walls down.
Source: namespaces(7), capabilities(7), prctl(2), setrlimit(2).
"""

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass

from labkit_instructor.sandbox.inside import seccomp

_NEWNS, _NEWIPC, _NEWPID = 0x00020000, 0x08000000, 0x20000000
_NOSUID, _NODEV, _NOEXEC, _RDONLY = 2, 4, 8, 1
_REC, _PRIVATE = 0x4000, 0x40000
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 24, 38
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Limits:
    """What one task may use: seconds of processor time and by the clock, bytes, numbers of things."""

    cpu_seconds: int = 8
    wall_seconds: float = 20
    memory: int = 2 * 2**30  # address space beyond what the warm process has
    file_size: int = 64 * 2**20  # of any one file, the result among them
    disk: int = 64 * 2**20  # of all files together
    open_files: int = 64
    threads: int = 256


def own_namespaces(limits: Limits, scratch: str, hidden: Sequence[str] = ()) -> None:
    """Give the calling process its own files (``scratch`` is all it can write to, ``hidden`` are empty) and
    shared memory, and its next child its own processes.

    Raises:
        OSError: the kernel refused.
    """
    _call("unshare", _NEWNS | _NEWPID | _NEWIPC)
    _mount(None, b"/", None, _REC | _PRIVATE)
    room = f"size={limits.disk},nr_inodes=4096,mode=1777".encode()
    _mount(b"tmpfs", scratch.encode(), b"tmpfs", _NOSUID | _NODEV, room)
    for folder in ("/dev/shm", "/proc", *hidden):
        empty = _NOSUID | _NODEV | _NOEXEC | _RDONLY
        _mount(b"tmpfs", folder.encode(), b"tmpfs", empty, b"size=4096")


def set_limits(limits: Limits, space: int) -> None:
    """Hard limits of the calling process; those that a system lacks are passed over.

    Args:
        space: what `address_space` said of the warm process, before it was hidden.
    """
    import resource  # not on Windows, where this module is imported all the same

    for name, value in (
        ("RLIMIT_AS", space + limits.memory),
        ("RLIMIT_CPU", limits.cpu_seconds),
        ("RLIMIT_FSIZE", limits.file_size),
        ("RLIMIT_NOFILE", limits.open_files),
        ("RLIMIT_NPROC", limits.threads),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_MSGQUEUE", 0),
        ("RLIMIT_MEMLOCK", 0),
    ):
        which = getattr(resource, name, None)
        if which is not None:
            resource.setrlimit(which, (value, value))


def address_space() -> int:
    """Bytes of address space that this process has.

    Raises:
        OSError: the system does not say: this is not Linux.
    """
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def give_up_privileges(user: int | None) -> None:
    """Become ``user`` (a number; None: stay who one is) without any capability, and never get one back.

    Raises:
        OSError: the kernel refused.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
            break  # past the last that this kernel knows
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    seccomp.install()


def _mount(source: bytes | None, target: bytes, kind: bytes | None, flags: int, options: bytes = b"") -> None:
    _call("mount", source, target, kind, ctypes.c_ulong(flags), options or None)


def _call(name: str, *arguments) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
