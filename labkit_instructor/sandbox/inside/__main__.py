"""The warm process of a sandbox: imports PyTorch once, then forks for every task that it is handed.

It speaks over the socket that is its standard input. In come seconds, an exercise and what is shown of the
kit, with two open files, the task to read and the plain file for the result; a line of JSON goes out when the
task is over. For each exercise it keeps a fork of itself, a room, in which only that of the kit is left which
the exercise needs (`kit`), and the tasks fork from there. The student's code never sees the socket or a file
of the kit, and the result file is all that it can write to.
"""

import contextlib
import io
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import labkit
from labkit.exercises import all_exercises
from labkit.exercises.exercise import Exercise
from labkit_instructor.sandbox.inside import answer, kit, walls
from labkit_instructor.sandbox.inside.exchange import task_from

_HOME = Path(labkit.__file__).resolve().parent.parent
_OWN_FILES = (str(_HOME / "labkit"), str(_HOME / "labkit_instructor"))  # no task sees the source of anything
MOST_ROOMS = 24  # of some 25 MB each: twice what the longest lab has exercises
RESULT = 3  # the only open file of a task besides its standard three


@dataclass(frozen=True)
class Ground:
    """Where a task runs: its exercise, its limits, the folder it may write to, whether there are walls, and
    as which user (None: as the warm process)."""

    exercise: Exercise
    limits: walls.Limits
    folder: str
    walled: bool
    user: int | None


@dataclass(frozen=True)
class Room:
    """A process that runs the tasks of one exercise, and the line to it."""

    pid: int
    line: socket.socket

    def close(self) -> None:
        """End it."""
        self.line.close()
        os.waitpid(self.pid, 0)


def main(argv: list[str]) -> int:
    """Serve tasks until the socket closes.

    Args:
        argv: the folder that a task may write to, empty where there are no walls; the number of the first
            task's user, 0 to stay who one is; the limits as JSON; what to import.
    """
    scratch, first, limits = argv[0], int(argv[1]), walls.Limits(**json.loads(argv[2]))
    _warm_up(argv[3])
    exercises, loaded = all_exercises(), kit.Loaded()
    line = socket.socket(fileno=os.dup(0))
    line.sendall(b'{"ready": true}\n')
    rooms: dict[bytes, Room] = {}
    number = 0
    while True:
        data, files, _, _ = socket.recv_fds(line, 2**16, 2)
        if not data:
            return 0
        number += 1
        seconds, _, name = data.partition(b" ")
        if name not in rooms:
            wanted = json.loads(name)
            shown = kit.Shown(tuple(wanted["names"]), tuple(wanted["answers"]))
            loaded.load(shown)
            ours, theirs = socket.socketpair()
            if (pid := os.fork()) == 0:
                for other in (line, ours, *(room.line for room in rooms.values())):
                    other.close()
                for file in files:
                    os.close(file)
                exercise = exercises[wanted["exercise"]]
                _withdraw(exercise, shown, loaded)
                _serve(theirs, exercise, limits, scratch)
            theirs.close()
            rooms[name] = Room(pid, ours)
            if len(rooms) > MOST_ROOMS:  # the one that was opened first
                rooms.pop(next(iter(rooms))).close()
        user = first + number % 1000 if first and scratch else 0
        socket.send_fds(rooms[name].line, [b"%d %s" % (user, seconds)], files)
        for file in files:
            os.close(file)
        report = rooms[name].line.recv(4096)
        if not report:  # the room is gone: whoever asks starts another sandbox
            return 1
        line.sendall(report)


def _withdraw(exercise: Exercise, shown: kit.Shown, loaded: kit.Loaded) -> None:
    """Leave only so much of the kit as is shown, and as the probe and what runs after it need."""
    inside = [module for name, module in sys.modules.items() if name.startswith(f"{__package__}.")]
    roots = (exercise, *(value for module in inside for value in vars(module).values()))
    kit.withdraw(loaded.functions, kit.remains(shown, roots))


def _serve(line: socket.socket, exercise: Exercise, limits: walls.Limits, scratch: str) -> None:
    """Run the tasks of one exercise until the socket closes. Does not return."""
    code = 1
    try:
        while True:
            data, files, _, _ = socket.recv_fds(line, 100, 2)
            if not data:
                code = 0
                return
            with contextlib.ExitStack() as stack:
                folder = scratch or stack.enter_context(
                    tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
                )
                user, seconds = data.split()
                own = replace(limits, wall_seconds=float(seconds))
                report = _task(files, Ground(exercise, own, folder, bool(scratch), int(user) or None))
            for file in files:
                os.close(file)
            line.sendall(json.dumps(report).encode() + b"\n")
    finally:
        os._exit(code)


def _task(files: list[int], ground: Ground) -> dict:
    """Fork, put up the walls, run one task, and see to it that nothing of it is left."""
    start = time.monotonic()
    hear, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            code = _warden(files, ground)
        except OSError as error:
            os.write(tell, str(error).encode()[:300])
        finally:
            os._exit(code)
    os.close(tell)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    why = os.read(hear, 300).decode(errors="replace")
    os.close(hear)
    return {"code": code, "why": why, "seconds": time.monotonic() - start}


def _warden(files: list[int], ground: Ground) -> int:
    """Between the warm process and the task: owns the task's namespaces and kills it when its time is up.

    Returns:
        0 for a task that ended, 1 for one that died, 2 for one that was killed for time.

    Raises:
        OSError: the walls did not stand.
    """
    stands, say_so = os.pipe()
    space = walls.address_space() if sys.platform == "linux" else 0  # without walls, elsewhere
    if ground.walled:
        walls.own_namespaces(ground.limits, ground.folder, hidden=_OWN_FILES)
    child = os.fork()
    if child == 0:
        _student(files, ground, space, say_so)
    os.close(say_so)
    said = os.read(stands, 300)
    if said != b"1":
        os.waitpid(child, 0)
        raise OSError(said.decode(errors="replace") or "a task ended before it began")
    try:
        ended = select.select([os.pidfd_open(child)], [], [], ground.limits.wall_seconds)[0]
    except (AttributeError, OSError):  # no pidfd on this system
        ended = _poll(child, ground.limits.wall_seconds)
    if not ended:
        os.kill(child, signal.SIGKILL)  # the first of its namespace: all others go with it
    if not ground.walled:
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)  # without a namespace: as many as have not got away
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not ended or code in (-signal.SIGXCPU, -signal.SIGKILL):
        return 2
    return 0 if code == 0 else 1


def _student(files: list[int], ground: Ground, space: int, say_so: int) -> None:
    """The task itself. Does not return."""
    code = 1
    try:
        with os.fdopen(files[0], "rb", closefd=False) as file:
            file.seek(0)
            task = task_from(file.read())
        os.setsid()
        os.chdir(ground.folder)
        if space:
            walls.set_limits(ground.limits, space)
        if ground.walled:
            walls.give_up_privileges(ground.user)
        nothing = os.open(os.devnull, os.O_RDWR)
        result_file = os.dup(files[1])
        os.write(say_so, b"1")
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        os.dup2(result_file, RESULT)
        os.closerange(RESULT + 1, 4096)
        with os.fdopen(RESULT, "wb") as result:
            answer.answer(task, ground.exercise, result)
        code = 0
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(say_so, str(error).encode()[:300])
    finally:
        os._exit(code)


def _poll(child: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return True
        time.sleep(0.02)
    return False


def _warm_up(imports: str) -> None:
    """Import and touch what answers need, so that no task pays for it."""
    import matplotlib.pyplot  # noqa: F401
    import torch

    from labkit.exercises.probing import make_ready

    torch.set_num_threads(1)
    for exercise in all_exercises().values():
        if isinstance(exercise, Exercise):
            exercise.inputs(0)  # some import a good part of torch
    make_ready()
    layer = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(layer.parameters())  # the first one imports half of torch
    layer(torch.zeros(1, 2)).sum().backward()
    optimizer.step()
    saved = io.BytesIO()
    torch.save(layer.state_dict(), saved)
    torch.load(io.BytesIO(saved.getvalue()))
    for line in imports.splitlines():
        with contextlib.suppress(Exception):  # a task that needs it says what is wrong with it
            exec(line, {})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
