"""Students who want to hang, damage or outlive the grader. Each attack is the code of exercise 1.1."""

from collections.abc import Iterator

from tests.submissions.build import Case
from tests.submissions.fooling import DEF, SLY, attack

MARK = 27182818  # seconds that no other process sleeps: how the tests know what an attack has started


def cases() -> list[Case]:
    """All of them."""
    return [*_ends(), *_hangs(), *_floods(), *_strays()]


def _ends() -> Iterator[Case]:
    yield attack("exit", "os._exit(0): a good end", "import os\n" + DEF + "    os._exit(0)", "raised")
    yield attack("sysexit", "sys.exit(0)", "import sys\n" + DEF + "    sys.exit(0)", "raised", "SystemExit")
    yield attack(
        "exits at once",
        "leaves while its cell runs",
        "import os\nos._exit(0)\n" + DEF + "    pass",
        "raised",
    )
    yield attack("segfault", "reads address 0", SLY + DEF + "    modules['ctypes'].string_at(0)", "raised")
    yield attack("recursion", "recursion without a limit", _RECURSION, "timed out")
    yield attack("raiser", "an exception whose text, name and class raise", _RAISER, "raised")
    yield attack("base", "a BaseException with a page of HTML", _BASE, "raised")


def _hangs() -> Iterator[Case]:
    yield attack("sleeper", "sleeps for ever", "import time\n" + DEF + f"    time.sleep({MARK})", "timed out")
    yield attack("swallow", "a loop that swallows interrupts and everything else", _SWALLOWS, "timed out")
    yield attack("deaf", "ignores every signal, resets the timers and waits", _DEAF, "timed out")
    yield attack("regex", "a regular expression that takes for ever in C", _REGEX, "timed out")
    yield attack("stops", "stops itself", _STOPS)


def _floods() -> Iterator[Case]:
    yield attack(
        "printer",
        "50 MB of output",
        DEF + "    print('<script>alert(1)</script>' * 2_000_000)\n    return -1",
    )
    yield attack("writer", "50 MB to every open file", _WRITER, "refused")
    yield attack(
        "memory",
        "takes all memory",
        DEF + "    hog = []\n    while True:\n        hog.append(bytes(10**9))",
        "raised",
    )
    yield attack("tensors", "takes all memory at once", DEF + "    return torch.zeros(10**11)", "raised")
    yield attack("disk", "fills every folder that it can write to", _DISK)
    yield attack("inodes", "a million files", _INODES)
    yield attack("forks", "a fork bomb", _FORKS)
    yield attack("threads", "a thread bomb", _THREADS)


def _strays() -> Iterator[Case]:
    """What must not survive."""
    yield attack("background", "a process that goes on", _BACKGROUND)
    yield attack("daemon", "a daemon: fork, setsid, fork", _DAEMON)
    yield attack("thread", "a thread that goes on", _THREAD)


_RECURSION = f"""
import sys
sys.setrecursionlimit(10**9)
{DEF}    return output_size(size + 1, kernel_size) + 1
"""
_RAISER = f"""
class Meta(type):
    __name__ = property(lambda self: 1 / 0)
    __str__ = __repr__ = lambda self: 1 / 0
class Bad(Exception, metaclass=Meta):
    def __str__(self):
        raise SystemExit(0)
    __repr__ = __str__
    args = property(__str__)
    __traceback__ = property(__str__)
{DEF}    raise Bad()
"""
_BASE = f"""
class Page(BaseException):
    pass
{DEF}    raise Page("<script>alert('exception')</script><img src=x onerror=alert(2)>")
"""
_SWALLOWS = f"""
import time
{DEF}    while True:
        try:
            time.sleep(1)
        except BaseException:
            continue
"""
_DEAF = f"""
import signal, time
{DEF}    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    time.sleep({MARK})
"""
_REGEX = f"""
import re
{DEF}    return re.match(r"(a+)+$", "a" * 60 + "b")
"""
_STOPS = f"""
import os, signal
{DEF}    for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN):
        os.kill(os.getpid(), number)
    return -1
"""
_WRITER = f"""
import os
{DEF}    for number in range(0, 256):
        try:
            for _ in range(50):
                os.write(number, b"<script>alert(1)</script>" * 40_000)
        except OSError:
            pass
    os._exit(0)
"""
_DISK = f"""
import os
{DEF}    if os.path.exists("/tmp/fill0"):
        return -1
    for folder in ("/tmp", "/dev/shm", "/var/tmp", os.getcwd(), os.path.expanduser("~")):
        for number in range(100):
            try:
                with open(os.path.join(folder, f"fill{{number}}"), "wb") as file:
                    for _ in range(64):
                        file.write(bytes(2**20))
            except OSError as error:
                print(folder, error)
                break
        else:
            print("no limit in", folder)
    return -1
"""
_INODES = f"""
import os
{DEF}    if os.path.exists("/tmp/0"):
        return -1
    for folder in ("/tmp", "/dev/shm", "/var/tmp", os.getcwd()):
        for number in range(10**6):
            try:
                os.mkdir(f"{{folder}}/{{number}}")
            except OSError as error:
                print(folder, number, error)
                break
    return -1
"""
_FORKS = f"""
import os
{DEF}    try:
        while True:
            os.fork()
    except OSError as error:
        print(error)
    return -1
"""
_THREADS = f"""
import threading, time
{DEF}    try:
        while True:
            threading.Thread(target=time.sleep, args=({MARK},)).start()
    except RuntimeError as error:
        print(error)
    return -1
"""
_BACKGROUND = f"""
import multiprocessing, os, subprocess
{DEF}    for start in (
        lambda: subprocess.Popen(["sleep", "{MARK}"], start_new_session=True),
        lambda: os.system("nohup sleep {MARK} &"),
        lambda: os.posix_spawnp("sleep", ["sleep", "{MARK}"], {{}}),
        lambda: multiprocessing.Process(target=print).start(),
        lambda: os.execvp("sleep", ["sleep", "{MARK}"]),
    ):
        try:
            print("started", start())
        except (OSError, RuntimeError) as error:
            print(error)
    return -1
"""
_DAEMON = f"""
{SLY}
import os, time
{DEF}    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                modules["ctypes"].CDLL(None).prctl(15, b"{MARK}", 0, 0, 0)
                time.sleep({MARK})
            os._exit(0)
    except OSError as error:
        print(error)
    return -1
"""
_THREAD = f"""
{SLY}
import threading
def goes_on():
    modules["ctypes"].CDLL(None).prctl(15, b"{MARK}", 0, 0, 0)
    while True:
        pass
threading.Thread(target=goes_on).start()
{DEF}    return -1
"""
