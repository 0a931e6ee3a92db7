"""The sandbox: students' code runs in a bubblewrap container that shows Python, the kit, and nothing else.

A `Sandbox` holds one warm process in there, which has imported PyTorch and forks for every task. What it
runs is the package ``inside``, all of `labkit_instructor` that it can see; of every exercise the judge,
which stands below the cut in its file, is hidden from it. bubblewrap:
https://github.com/containers/bubblewrap
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import labkit
from labkit.exercises.exercise import above_cut
from labkit.files import shipped
from labkit_instructor.sandbox.inside.exchange import ExchangeError, Result, Task, read_result, task_bytes
from labkit_instructor.sandbox.inside.kit import NOTHING, Shown
from labkit_instructor.sandbox.inside.walls import Limits

NONE = "none (--unsafe)"
_FIRST_USER = (
    61_000  # as root, task n runs as user 61000 + n: nobody's files, and a limit on threads that holds
)
_READY_SECONDS = 180
EXERCISES = Path(labkit.__file__).parent / "exercises"
_INSIDE = "labkit_instructor/sandbox/inside"
_MEND = (
    "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap). Where it "
    "is there and forbidden, docs/instructors.md says how to allow it. --unsafe grades without a sandbox: "
    "the students' code can then read and change whatever you can."
)


_OWN_PLACE = (
    "Make the environment in a folder of its own (python -m venv .venv), or grade from another folder."
)


class SandboxError(RuntimeError):
    """There is no working sandbox here. The message says why and what to do."""


@dataclass(frozen=True)
class Ran:
    """How a task ended: ``result``, or ``trouble`` ("died", "killed", or what was wrong with the result)."""

    result: Result | None
    trouble: str
    seconds: float


class Sandbox:
    """A warm process in a container; use it in a ``with`` statement. One task runs at a time.

    Args:
        limits: of each task.
        unsafe: fork without any walls.
        imports: Python source that the warm process runs once: what the notebooks import.

    Raises:
        SandboxError: no sandbox works here.
    """

    def __init__(self, limits: Limits | None = None, *, unsafe: bool = False, imports: str = ""):
        self.limits = limits or Limits()
        self.unsafe = unsafe
        self.imports = imports
        self.name = NONE if unsafe else version()
        self._process: subprocess.Popen | None = None
        self._line: socket.socket | None = None
        self._start()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def run(self, task: Task, shown: Shown = NOTHING, seconds: float | None = None) -> Ran:
        """Run one task to its end or to its limits. Never raises on account of the student's code.

        Args:
            shown: what the student's code finds of the kit, beside what the probe needs.
            seconds: by the clock; None: as the limits have it.

        Raises:
            SandboxError: the sandbox itself failed, twice.
        """
        for _attempt in range(2):
            try:
                with tempfile.TemporaryFile() as job, tempfile.TemporaryFile() as answer:
                    job.write(task_bytes(task))
                    job.flush()
                    room = json.dumps({"exercise": task.exercise, **asdict(shown)})
                    report = self._ask(room, seconds or self.limits.wall_seconds, job, answer)
                    return _outcome(report, answer)
            except (OSError, ValueError) as error:  # the warm process died or answers nonsense
                trouble = error
                self.close()
                self._start()
        raise SandboxError(f"the sandbox fails: {trouble}. {_MEND}")

    def close(self) -> None:
        """End the warm process and everything in its container."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None

    def _start(self) -> None:
        if not self.unsafe:
            keep_apart(Path(labkit.__file__).parent.parent, Path.cwd())
        if not hasattr(os, "fork"):
            raise SandboxError(f"grading needs Linux, or macOS with --unsafe; on Windows use WSL 2. {_MEND}")
        with tempfile.TemporaryFile() as errors:  # a pipe that nobody reads would fill up
            self._launch(errors)
            try:
                self._answer(_READY_SECONDS)
            except OSError:
                self.close()
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip().splitlines()
                why = said[-1] if said else "it ended at once"
                raise SandboxError(f"no sandbox works here: {why}. {_MEND}") from None

    def _launch(self, errors: BinaryIO) -> None:
        """Start the warm process, with its end of our line as its standard input."""
        ours, theirs = socket.socketpair()
        home = tempfile.gettempdir() if self.unsafe else scratch()
        command = [sys.executable, "-m", "labkit_instructor.sandbox.inside"]
        command += ["" if self.unsafe else home, str(_FIRST_USER if _is_root() else 0)]
        command += [json.dumps(asdict(self.limits)), self.imports]
        environment = {**_environment(home), "PYTHONPATH": str(Path(labkit.__file__).parent.parent)}
        with contextlib.ExitStack() as stack:
            shown = {}  # an open file for each exercise: nothing of them lies on the disk, or is left there
            for name, source in without_judges().items():
                file = stack.enter_context(tempfile.TemporaryFile())
                file.write(source.encode())
                file.seek(0)
                shown[name] = file.fileno()
            self._process = subprocess.Popen(
                command if self.unsafe else [*bubblewrap(shown), "--", *command],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=environment if self.unsafe else None,
                pass_fds=() if self.unsafe else tuple(shown.values()),
                start_new_session=True,  # Ctrl-C is the batch's business
            )
        theirs.close()
        self._line = ours

    def _ask(self, room: str, seconds: float, job: BinaryIO, answer: BinaryIO) -> dict:
        socket.send_fds(self._line, [f"{seconds} {room}".encode()], [job.fileno(), answer.fileno()])
        return self._answer(seconds + 15)

    def _answer(self, seconds: float) -> dict:
        """One line from the warm process.

        Raises:
            OSError: it is late or gone.
        """
        self._line.settimeout(seconds)
        text = b""
        while not text.endswith(b"\n"):
            data = self._line.recv(4096)
            if not data:
                raise ConnectionError("the warm process is gone")
            text += data
        return json.loads(text)


def _outcome(report: dict, answer) -> Ran:
    code, seconds = report["code"], report["seconds"]
    if code == 3:
        raise OSError(f"the walls around a task do not stand ({report['why']})")
    if code == 2:
        return Ran(None, "killed", seconds)
    if code != 0 or os.fstat(answer.fileno()).st_size == 0:
        return Ran(None, "died", seconds)
    try:
        return Ran(read_result(answer), "", seconds)
    except ExchangeError as error:
        return Ran(None, str(error), seconds)


def keep_apart(*private: Path) -> None:
    """See to it that the sandbox, which shows the folders of Python and of the system, shows none of these.

    Args:
        private: folders with solutions, judges or grades. The folder where packages are installed is no such
            one: what is the kit's is covered there.

    Raises:
        SandboxError: one of them lies in such a folder, as with ``python -m venv .`` in a checkout.
    """
    packages = Path(sysconfig.get_paths()["purelib"]).resolve()
    for folder in (path.resolve() for path in private):
        for shown in (Path(prefix).resolve() for prefix in ("/usr", *_prefixes())):
            if folder.is_relative_to(shown) and folder != packages:
                raise SandboxError(
                    f"{folder} lies in {shown}, which the sandbox must show to run Python: students' code "
                    f"would see what is in it. {_OWN_PLACE}"
                )


def version() -> str:
    """ "bubblewrap 0.8.0".

    Raises:
        SandboxError: it is not installed, or this is not Linux.
    """
    if sys.platform != "linux":
        raise SandboxError(f"the sandbox needs Linux (on Windows: WSL 2); this is {sys.platform}. {_MEND}")
    if not (program := shutil.which("bwrap")):
        raise SandboxError(f"bubblewrap is not installed. {_MEND}")
    said = subprocess.run([program, "--version"], capture_output=True, text=True)
    return said.stdout.strip() or "bubblewrap"


def without_judges() -> dict[str, str]:
    """The files of ``labkit.exercises`` by their path in there, each down to its cut, where it has one."""
    files = {str(file.relative_to(EXERCISES)): file.read_text("utf-8") for file in EXERCISES.rglob("*.py")}
    return {at: above_cut(text) for at, text in files.items()}


def bubblewrap(exercises: Mapping[str, int]) -> list[str]:
    """The command line of bubblewrap up to the command that it runs.

    Args:
        exercises: what stands in the place of the kit's own exercises: open files, by their path in there.

    As root no user namespace is needed, and a task can become a user of its own; an ordinary user gets the
    right to make namespaces in a user namespace, and each task gives it up before any student's code runs.
    """
    kit = Path(labkit.__file__).parent
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname", "sandbox"]
    if _is_root():
        command += ["--cap-drop", "ALL"]
        for capability in ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL", "SYS_RESOURCE"):
            command += ["--cap-add", f"CAP_{capability}"]
    else:
        command += ["--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
    command += ["--clearenv"]
    for name, value in {**_environment(scratch()), "PYTHONPATH": "/kit"}.items():
        command += ["--setenv", name, value]
    prefixes = _prefixes()
    for folder in _above("/kit/data/x", f"/kit/{_INSIDE}", "/etc/x", *prefixes):
        command += ["--perms", "0755", "--dir", folder]  # a task's user must be able to pass through
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", scratch(), "--ro-bind", "/usr", "/usr"]
    for top in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if Path(top).is_symlink():
            command += ["--symlink", os.readlink(top), top]
        elif Path(top).is_dir():
            command += ["--ro-bind", top, top]
    for file in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"):
        command += ["--ro-bind-try", file, file]
    for prefix in prefixes:
        command += ["--ro-bind", prefix, prefix]
    for package in ("labkit", "labkit_instructor"):
        installed = Path(sysconfig.get_paths()["purelib"]) / package
        if installed.is_dir():
            command += ["--tmpfs", str(installed)]
    command += [
        "--ro-bind",
        str(kit),
        "/kit/labkit",
        "--ro-bind",
        str(kit.parent / _INSIDE),
        f"/kit/{_INSIDE}",
    ]
    place = "/kit/labkit/exercises"
    command += ["--perms", "0755", "--tmpfs", place]
    for lab in sorted({str(Path(name).parent) for name in exercises} - {"."}):
        command += ["--perms", "0755", "--dir", f"{place}/{lab}"]
    for name, file in exercises.items():
        command += ["--perms", "0644", "--file", str(file), f"{place}/{name}"]
    # As in a checkout, what ships lies beside the package: a task sees no file of the package itself.
    command += ["--ro-bind", str(kit / "__init__.py"), "/kit/pyproject.toml"]
    for part in ("runs", "classifiers"):
        command += ["--ro-bind", str(shipped(part)), f"/kit/data/{part}"]
    command += ["--chdir", scratch()]
    for top in (place, "/dev", "/"):
        command += ["--remount-ro", top]
    return command


def scratch() -> str:
    """The one folder that a task may write to: /tmp, unless Python itself lies in there."""
    return "/scratch" if any(Path(p).is_relative_to("/tmp") for p in _prefixes()) else "/tmp"


def _prefixes() -> list[str]:
    return sorted({sys.base_prefix, sys.prefix} - {"/usr"})


def _above(*paths: str) -> list[str]:
    """Every folder above these paths, outermost first."""
    return sorted({str(folder) for path in paths for folder in Path(path).parents if folder != Path("/")})


def _environment(home: str) -> dict[str, str]:
    """All that the warm process learns of its surroundings."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "LANG": "C.UTF-8",
        "TMPDIR": home,
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": home,
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "LABKIT_BUDGET": "smoke",
        "LABKIT_TENSORBOARD": "off",
        "TORCHDYNAMO_DISABLE": "1",  # `torch.compile` starts compilers, and no process starts here
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
