"""``labkit grade --self-test``: break-ins of every kind, tried for real in the sandbox of this machine.

Each trial runs as a student's code would. It prints "got through: …" when it reaches what it must not, and
"stopped: …" otherwise; some are expected to be killed. A trial that says neither has failed as well.
"""

import contextlib
import hashlib
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.exercises.exercise import above_cut
from labkit_instructor.sandbox.host import EXERCISES, Ran, Sandbox
from labkit_instructor.sandbox.inside.exchange import Task
from labkit_instructor.sandbox.inside.walls import Limits

_LIMITS = Limits(cpu_seconds=2, wall_seconds=5)
_FRAME = """
def attempt(name, action):
    try:
        print("got through:", name, repr(action())[:80])
    except BaseException as error:
        print("stopped:", name, type(error).__name__)
"""


@dataclass(frozen=True)
class Trial:
    """One attempt.

    ``code`` runs in the sandbox after `_FRAME`. ``ends`` is how the task must end ("killed", "died", or
    "garbage": no readable result), or empty where the code itself must meet the wall.
    """

    what: str
    code: str
    ends: str = ""


@dataclass(frozen=True)
class Held:
    """How a trial came out: whether the wall held, and what was seen."""

    what: str
    ok: bool
    seen: str


def main() -> int:
    """Run all trials, print the table, return 0 when every wall held.

    Raises:
        SandboxError: there is no sandbox here at all.
    """
    print("Starting the sandbox …", flush=True)
    rows = []
    for row in trials():
        rows.append(row)
        print(f"{'held  ' if row.ok else 'BROKEN'}  {row.what:<46} {row.seen}", flush=True)
    broken = [r for r in rows if not r.ok]
    if broken:
        print(
            f"\n{len(broken)} of {len(rows)} walls do not hold on this machine: do not grade strangers here."
        )
    else:
        print(f"\nAll {len(rows)} walls hold.")
    return 1 if broken else 0


def trials() -> Iterator[Held]:
    """Start a sandbox and try everything, one result after the other.

    Raises:
        SandboxError: there is no sandbox here at all.
    """
    with _canaries() as there, Sandbox(_LIMITS) as sandbox:
        _run(sandbox, "")  # for what starts with the first task, and stays
        before = _family(os.getpid())
        for trial in _trials(there):
            yield _held(trial, _run(sandbox, trial.code))
        left = _family(os.getpid()) - before
        yield Held("no process of any trial is alive", not left, f"{len(left)} are" if left else "none is")
        changed = [p for p, text in there.files.items() if Path(p).read_text() != text]
        yield Held("the files outside are as they were", not changed, ", ".join(changed) or "all")


def _run(sandbox: Sandbox, code: str) -> Ran:
    return sandbox.run(Task((("trial", _FRAME + code, ""),), "0.1", "nothing_of_this_name", "trial", 0))


def _held(trial: Trial, outcome: Ran) -> Held:
    if trial.ends == "garbage":
        return Held(trial.what, outcome.result is None, outcome.trouble)
    if trial.ends:
        return Held(trial.what, outcome.trouble == trial.ends, outcome.trouble or "it came to its end")
    if outcome.result is None:
        return Held(trial.what, False, f"no report: {outcome.trouble}")
    lines = outcome.result.printed.splitlines()
    through = [line for line in lines if line.startswith("got through")]
    stopped = [line.removeprefix("stopped: ") for line in lines if line.startswith("stopped")]
    return Held(trial.what, bool(stopped) and not through, (through or [", ".join(stopped)])[0][:70])


@dataclass(frozen=True)
class _There:
    """What lies outside for the trials to reach for."""

    files: dict[str, str]
    port: int
    abstract: str
    variable: str


@contextlib.contextmanager
def _canaries() -> Iterator[_There]:
    """A file in the home folder, one in the folder for temporary files, a server and a secret variable."""
    secret = f"LABKIT_{secrets.token_hex(4)}".upper()
    with contextlib.ExitStack() as stack:
        files = {}
        for folder in (Path.home(), Path(tempfile.gettempdir())):
            with contextlib.suppress(OSError):
                file = stack.enter_context(tempfile.NamedTemporaryFile("w", dir=folder, prefix=".labkit-"))
                file.write(secret)
                file.flush()
                os.chmod(file.name, 0o666)
                files[file.name] = secret
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        hidden = stack.enter_context(socket.socket(socket.AF_UNIX))
        hidden.bind(f"\0{secret}")
        hidden.listen()
        os.environ[secret] = "secret"
        stack.callback(os.environ.pop, secret, None)
        yield _There(files, server.getsockname()[1], secret, secret)


def _trials(there: _There) -> list[Trial]:
    kit = [str(Path.cwd() / name) for name in ("solutions", "course.toml", "labkit")]
    return [
        Trial("reading the files of this machine", _READ.format(paths=[*there.files, *kit])),
        Trial("finding solutions and the grader", _IMPORT),
        Trial("the course in the folders of Python", _PYTHON),
        Trial("calling the kit's own answers", _KIT),
        Trial("reading what a judge knows", _BELOW.format(hidden=_below_the_cuts())),
        Trial("reading the environment", _ENVIRONMENT.format(name=there.variable)),
        Trial("changing the kit, Python, the system", _WRITE.format(paths=list(there.files))),
        Trial("reaching the network", _NETWORK.format(port=there.port, name=there.abstract)),
        Trial("sockets of other families", _FAMILIES),
        Trial("what the kernel keeps of files", _PAGES),
        Trial("memory without end", "attempt('8 GB', lambda: len(bytearray(8 * 2**30)))"),
        Trial("a loop that swallows interrupts", _LOOP, "killed"),
        Trial("sleeping for ever", _SLEEP, "killed"),
        Trial("starting processes", _PROCESSES),
        Trial("threads without end", _THREADS),
        Trial("a large file", _LARGE),
        Trial("filling the disk", _DISK),
        Trial("leaving a note …", "open('note', 'w').write('x')\nprint('stopped: nothing yet')"),
        Trial("… for the next submission", "import os\nattempt('a note', lambda: open('note').read())"),
        Trial("50 MB of output", "print('stopped: see below')\nfor i in range(50):\n    print('x' * 2**20)"),
        Trial("killing everything in sight", _KILL, "died"),
        Trial("a result that is no result", _GARBAGE, "garbage"),
        Trial("a result with text that is no text", _NO_TEXT, "garbage"),
        Trial("privileges, mounts, namespaces", _PRIVILEGES),
    ]


_READ = """
import os
for path in {paths}:
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path).read())
attempt("/proc", lambda: open("/proc/1/environ").read())
attempt("/etc/passwd", lambda: open("/etc/passwd").read())
"""
_IMPORT = """
import importlib
names = ("labkit_instructor.judging.judge", "labkit_instructor.authoring.markers")
for name in names:
    attempt(name, lambda: importlib.import_module(name))
"""
_PYTHON = """
import os, sys
for folder in {sys.prefix, sys.base_prefix, "/usr"}:
    for name in ("solutions", "gradebook.jsonl", "course.toml", "labkit_instructor"):
        attempt(name, lambda: os.stat(os.path.join(folder, name)))
"""
_KIT = """
import importlib, pkgutil, torch
images = torch.zeros(2, 8, 8, 3, dtype=torch.uint8)
attempt("by import", lambda: importlib.import_module("labkit.data").to_unit(images))
attempt("by name", lambda: pkgutil.resolve_name("labkit.data.image_set:to_unit")(images))
attempt("a file", lambda: open(importlib.import_module("labkit.data").__file__).read())
"""
# Line by line: a hash of what stands below some exercise's cut must be that of no line here.
_BELOW = """
import hashlib, importlib, pathlib
hidden = set("{hidden}".split())
kit = pathlib.Path(importlib.import_module("labkit").__file__).parent
def found(path):
    lines = {{hashlib.sha256(line.strip()).hexdigest()[:12] for line in path.read_bytes().splitlines()}}
    return hidden & lines or "__pycache__" in path.parts and "exercises" in path.parts
files = [path for path in kit.rglob("*") if path.is_file()]
seen = [str(path) for path in files if found(path)]
known = [name for name in ("PROPERTIES", "MISTAKES", "expected")
    if hasattr(importlib.import_module("labkit.exercises.lab00.scale_images"), name)]
through = seen + known
print("got through:" if through else f"stopped: {{len(hidden)}} lines, {{len(files)}} files", *through)
"""
_ENVIRONMENT = """
import os
attempt("a variable", lambda: os.environ[{name!r}])
"""
_WRITE = """
import labkit, os, sys, torch
places = [os.path.dirname(labkit.__file__), sys.prefix, os.path.dirname(torch.__file__), "/usr", "/", "/dev",
    "/dev/shm", "/proc", "/kit"]
for place in places:
    attempt(place, lambda: open(place + "/labkit-trial", "w").write("x"))
for path in {paths}:  # whatever opens here must be another file than the one outside
    try:
        open(path, "w").write("x")
    except OSError:
        pass
"""
_NETWORK = """
import socket
attempt("the internet", lambda: socket.create_connection(("198.51.100.7", 80), 0.2))
attempt("a name", lambda: socket.getaddrinfo("example.org", 80))
attempt("this machine", lambda: socket.create_connection(("127.0.0.1", {port}), 0.2))
attempt("its sockets", lambda: socket.socket(socket.AF_UNIX).connect("\\0{name}"))
"""
_FAMILIES = """
import socket
# internet, netlink, packets, CAN, TIPC, Bluetooth, ciphers, vsock, XDP
for family in (2, 10, 16, 17, 29, 30, 31, 38, 40, 44):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        attempt(family, lambda: socket.socket(family, kind))
"""
_PAGES = """
import os
page = os.open(os.__file__, os.O_RDONLY)
attempt("to forget a file", lambda: os.posix_fadvise(page, 0, 0, os.POSIX_FADV_DONTNEED))
attempt("to ask for one", lambda: os.preadv(page, [bytearray(1)], 0, getattr(os, "RWF_NOWAIT", 8)))
"""
_LOOP = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
_SLEEP = """
import time
while True:
    try:
        time.sleep(1000)
    except BaseException:
        pass
"""
_PROCESSES = """
import os, subprocess, multiprocessing
attempt("fork", os.fork)
attempt("a program", lambda: subprocess.run(["/bin/true"]))
attempt("exec", lambda: os.execv("/bin/true", ["true"]))
attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("multiprocessing", lambda: multiprocessing.Process(target=print).start())
"""
_THREADS = """
import threading, time
threading.stack_size(65536)
def bomb():
    for _ in range(5000):
        threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
attempt("5,000 threads", bomb)
"""
_LARGE = """
def write():
    with open("large", "wb") as file:
        for _ in range(1000):
            file.write(bytes(2**20))
attempt("1 GB", write)
"""
_DISK = """
def fill():
    for i in range(100):
        with open(f"part{i}", "wb") as file:
            file.write(bytes(10 * 2**20))
attempt("1 GB", fill)
"""
_KILL = """
import os, signal
for target in (-1, os.getppid() or -1, 1, 2, 3):
    for number in (signal.SIGKILL, signal.SIGTERM):
        try:
            os.kill(target, number)
        except OSError:
            pass
os._exit(3)
"""
_GARBAGE = """
import os
for descriptor in range(3, 256):
    try:
        os.write(descriptor, b"PK" + bytes(2**20))
    except OSError:
        pass
os._exit(0)
"""
_NO_TEXT = """
import io, json, os
import numpy
meta = {"status": "answered", "names": ["x"], "odd": {}, "failure": None, "printed": "", "failed_cells": {}}
result = io.BytesIO()
text = numpy.frombuffer(json.dumps(meta).encode(), numpy.uint8)
numpy.savez(result, meta=text, a0=numpy.frombuffer(b"\\xff" * 16, "<U4"))
os.write(3, result.getvalue())
os._exit(0)
"""
_PRIVILEGES = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments):
        raise OSError(ctypes.get_errno(), name)
attempt("a user namespace", lambda: call("unshare", 0x10000000))
attempt("a mount", lambda: call("umount2", b"/proc", 2))
attempt("tracing", lambda: call("ptrace", 16, os.getppid() or 1, 0, 0))
attempt("another user", lambda: os.setresuid(1, 1, 1))
attempt("limits", lambda: __import__("resource").setrlimit(0, (10**6, 10**6)))
"""


def _below_the_cuts() -> str:
    """Hashes of all lines that stand below a cut and nowhere else in the kit; short lines say nothing."""
    above, below = set(), set()
    for file in EXERCISES.parent.rglob("*.py"):
        text = file.read_text("utf-8")
        seen = above_cut(text)
        above |= {line.strip() for line in seen.splitlines()}
        below |= {line.strip() for line in text[len(seen) :].splitlines()}
    telling = (line for line in below - above if len(line) > 12)
    return " ".join(hashlib.sha256(line.encode()).hexdigest()[:12] for line in telling)


def _family(pid: int) -> set[int]:
    """All processes that descend from this one."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    family: set[int] = set()
    while new := {p for p, parent in parents.items() if parent in family | {pid}} - family:
        family |= new
    return family
