"""Students who damage what is around them: results, gradebook, other processes, limits."""

from collections.abc import Iterator

from tests.submissions.build import Case, case
from tests.submissions.fooling import DEF, SLY, attack
from tests.submissions.harm import MARK


def cases() -> list[Case]:
    """All of them."""
    return [*_breaks(), *_elsewhere()]


def _breaks() -> Iterator[Case]:
    yield attack("gradebook", "writes marks wherever a gradebook may lie", _GRADEBOOK)
    yield attack("environment", "prints home, environment and the processes", _ENVIRONMENT)
    yield attack("socket", "opens sockets", _SOCKET)
    yield attack("killer", "kills its parent, its group and all it can reach", _KILLER)
    yield attack(
        "closer",
        "closes every file",
        "import os\n" + DEF + "    os.closerange(0, 4096)\n    return -1",
        "raised",
    )
    yield attack("links", "puts links and FIFOs in the place of every file it can write", _LINKS)
    yield attack("bomb", "a zip bomb for a result", _ARCHIVE + _BOMB, "refused")
    yield attack("pickle", "a pickle for a result", _ARCHIVE + _PICKLE, "refused")
    yield attack("giant", "a result that says it is huge", _ARCHIVE + _GIANT, "refused")
    yield attack("limits", "lifts its limits, and unshares", _LIMITS)


def _elsewhere() -> Iterator[Case]:
    yield case(
        "checkpoint", "03", "leaves a FIFO where the checkpoint should be", {"3.6": _FIFO},
        hostile=True, e3_6="wrong",
    )  # fmt: skip
    yield case(
        "reduce", "03", "a checkpoint that runs a command when it is read", {"3.6": _REDUCE},
        hostile=True, e3_6="wrong",
    )  # fmt: skip


_GRADEBOOK = f"""
import glob, os
{DEF}    for folder in ("/", "/tmp", "/home", "/root", "/out", os.getcwd(), os.path.dirname(os.getcwd())):
        for name in ("gradebook.jsonl", "grades.csv", "results/x.json", "overview.html"):
            for path in [os.path.join(folder, name), *glob.glob(os.path.join(folder, "*", "*", name))]:
                try:
                    with open(path, "a") as book:
                        book.write('{{"student": "gradebook", "exercise": "1.1", "points": 3}}\\n')
                except OSError:
                    pass
    return -1
"""
_ENVIRONMENT = f"""
import glob, os
{DEF}    print(dict(os.environ))
    for place in (os.path.expanduser("~"), os.getcwd(), "/home", "/root", "/tmp", "/", "/run", "/mnt"):
        try:
            print(place, os.listdir(place))
        except OSError as error:
            print(error)
    for pattern in ("/proc/[0-9]*/environ", "/proc/[0-9]*/cmdline", "/home/*/*", "/root/*", "/etc/shadow"):
        for path in glob.glob(pattern):
            try:
                print(path, open(path, "rb").read()[:500])
            except OSError as error:
                print(error)
    return -1
"""
_SOCKET = f"""
import socket
{DEF}    for address in (("1.1.1.1", 53), ("127.0.0.1", 22), ("example.org", 80)):
        try:
            socket.create_connection(address, timeout=0.3).sendall(b"hello")
            print("connected to", address)
        except OSError as error:
            print(error)
    return -1
"""
_KILLER = f"""
import os, signal
{DEF}    for pid in (os.getppid(), -1, 0, 1, *range(2, 400)):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
            if pid not in (0, os.getpid()) or number != signal.SIGTERM:
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
    return -1
"""
_LINKS = f"""
import os
{DEF}    for folder in ("/tmp", os.getcwd(), "/dev/shm", "/proc/self/fd", "/dev/fd"):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for number, name in enumerate([*names, "result.npz", "record.npz", "out.json"]):
            path = os.path.join(folder, name)
            try:
                if os.path.lexists(path):
                    os.unlink(path)
                os.mkfifo(path) if number % 2 else os.symlink("/etc/passwd", path)
            except OSError as error:
                print(path, error)
    return -1
"""
_ARCHIVE = """
import io, os, zipfile
def leave(content):
    for number in range(3, 64):
        try:
            os.ftruncate(number, 0)
            os.pwrite(number, content, 0)
        except OSError:
            pass
    os._exit(0)
"""
_BOMB = f"""
{DEF}    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("meta.npy", "a0.npy"):
            archive.writestr(name, bytes(10**7))
    leave(buffer.getvalue())
"""
_PICKLE = f"""
import numpy as np
class Run:
    def __reduce__(self):
        return os.system, ("sleep {MARK} &",)
{DEF}    buffer = io.BytesIO()
    np.savez(buffer, meta=np.array([Run()], dtype=object), a0=np.array([Run()], dtype=object))
    leave(buffer.getvalue())
"""
_GIANT = f"""
import numpy as np
{DEF}    shape = b"9" * 12
    text = b"{{'descr': '<f8', 'fortran_order': False, 'shape': (" + shape + b",), }}"
    header = np.lib.format.magic(1, 0) + b"v\\x00" + text.ljust(117) + b"\\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("meta.npy", "a0.npy"):
            archive.writestr(name, header)
    leave(buffer.getvalue())
"""
_LIMITS = f"""
{SLY}
import os, resource
{DEF}    for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
        try:
            resource.setrlimit(getattr(resource, name), (-1, -1))
            print("lifted", name)
        except (OSError, ValueError) as error:
            print(error)
    for flags in (0x10000000, 0x20000000, 0x00020000, 0x40000000):
        print("unshare", modules["ctypes"].CDLL(None).unshare(flags))
    try:
        os.setuid(0), os.nice(-20)
    except OSError as error:
        print(error)
    return -1
"""
_FIFO = """
import os
class Checkpoint:
    def __init__(self, path):
        self.path = path
    def save(self, run):
        if os.path.lexists(self.path):
            os.unlink(self.path)
        os.mkfifo(self.path)
    def load(self, run):
        open(self.path, "rb").read()
"""
_REDUCE = f"""
import os, pickle
class Run:
    def __reduce__(self):
        return os.system, ("sleep {MARK} &",)
class Checkpoint:
    def __init__(self, path):
        self.path = path
    def save(self, run):
        torch.save({{"run": Run()}}, self.path)
    def load(self, run):
        torch.load(self.path, weights_only=False)
"""
