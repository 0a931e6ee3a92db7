"""A filter of system calls: a task may start threads but no process, and asks the kernel for nothing odd.

Of the families of sockets only Unix's is there, which ends with the task. All tasks of a sandbox share its
loopback, and a port that one has used tells the next one something. Others know no network namespace (vsock:
whoever listens there listens on the machine) or lead into the kernel's drivers. For the same reason no task
asks, or says, what the kernel keeps of a file in its memory.

A limit on the number of processes does not hold for root, and machines that grade often are containers
that run as root. So the calls that make a process or replace it fail with EPERM, whoever asks. Source:
seccomp(2), linux/filter.h, and the tables of system calls of the two architectures.
"""

import ctypes
import errno
import os
import platform
import struct

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# name -> its number on (x86_64, aarch64); None where an architecture lacks it.
_FORBIDDEN = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "open_by_handle_at": (304, 265),
    "memfd_create": (319, 279),  # memory that no limit counts
    "memfd_secret": (447, 447),
    "shmget": (29, 194),  # likewise, while nobody has attached it
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "prlimit64": (302, 261),
    "setrlimit": (160, 164),
    "mincore": (27, 232),  # from here on: what is in the page cache, which all tasks share
    "fadvise64": (221, 223),
    "readahead": (187, 213),
    "preadv2": (327, 286),
    "cachestat": (451, 451),
}
_SOCKETS = ((41, 198), (53, 199))  # socket, socketpair: the family is their first argument
_FAMILIES = (1,)  # AF_UNIX
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000  # the other table of system calls on x86_64
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data


def program(machine: str) -> bytes:
    """The filter for a machine ("x86_64" or "aarch64") as an array of ``struct sock_filter``.

    Raises:
        KeyError: there is no table for this machine.
    """
    arch = _ARCHITECTURES[machine]
    column = list(_ARCHITECTURES).index(machine)
    steps = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    if machine == "x86_64":
        steps += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    for numbers in _FORBIDDEN.values():
        if (number := numbers[column]) is not None:
            steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    for numbers in _SOCKETS:
        count = len(_FAMILIES)
        steps += [(_EQUAL, 0, count + 3, numbers[column]), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
        steps += [(_EQUAL, count - place, 0, family) for place, family in enumerate(_FAMILIES)]
        steps += [(_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT), (_RETURN, 0, 0, _ALLOW)]
    # clone3 passes its flags by a pointer, which a filter cannot follow: C libraries then fall back on clone.
    steps += [(_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    steps += [(_EQUAL, 0, 3, _CLONE[column]), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
    steps += [(_ANY_BIT, 1, 0, _CLONE_THREAD), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    steps += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def install() -> None:
    """Put the filter on this process, for good. Needs ``no_new_privs``.

    Raises:
        OSError: the kernel refused it, or there is no filter for this machine.
    """
    try:
        code = program(platform.machine())
    except KeyError:
        raise OSError(errno.ENOTSUP, f"no filter of system calls for {platform.machine()}") from None

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    pr_set_seccomp, mode_filter = 22, 2
    if libc.prctl(pr_set_seccomp, mode_filter, ctypes.byref(Program(len(code) // 8, code)), 0, 0):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
