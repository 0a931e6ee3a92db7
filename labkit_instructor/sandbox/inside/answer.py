"""One task, in the forked process: run the cells, probe the answer, write the result."""

import base64
import contextlib
import linecache
import marshal
import sys
import types
from collections.abc import Mapping
from typing import Any, BinaryIO

from labkit.exercises.exercise import Exercise, Finding
from labkit.exercises.guard import TookTooLong, time_limit
from labkit.exercises.record import LIMIT_SECONDS, Record, failure_of, run_probe
from labkit_instructor.sandbox.inside import gpu, stand_ins
from labkit_instructor.sandbox.inside.exchange import PRINTED, Result, Task, write_result

LATE_CELLS = Finding(
    f"its cells finish within {LIMIT_SECONDS:g} seconds",
    False,
    "still running",
    "an answer in a moment",
    "a loop outside any function: an answer cell only defines things",
)


class Printed:
    """Stands where stdout and stderr were: keeps the beginning of what is written and lets the rest go."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self):
        self.text = ""

    def write(self, text: str) -> int:
        if isinstance(text, str) and len(self.text) < PRINTED:
            self.text += text[: PRINTED - len(self.text)]
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def answer(task: Task, exercise: Exercise, file: BinaryIO) -> None:
    """Do the task and write its result to ``file``. Whatever the student's code raises is in the result."""
    printed = Printed()
    sys.stdout = sys.stderr = printed
    failed: dict[str, str] = {}
    record = None
    # For those only who may need it: it slows every call of torch.
    wanted = any("cuda" in source for _, source, _ in task.cells)
    with gpu.stand_in() if wanted else contextlib.nullcontext() as asked:
        try:
            with time_limit(LIMIT_SECONDS):
                namespace, record = _run_cells(exercise, task, failed)
        except TookTooLong:
            record = Record("late", failure=LATE_CELLS)
        if record is None and task.name in namespace:
            record = run_probe(exercise, namespace[task.name], task.seed)
    write_result(Result(record, printed.text, failed, bool(asked and asked.used)), file)


def _run_cells(
    exercise: Exercise, task: Task, failed: dict[str, str]
) -> tuple[Mapping[str, Any], Record | None]:
    """Run the cells in a fresh ``__main__``. A cell that fails is noted, as in a notebook that goes on; the
    answer's own ends the task, unless it had defined the answer by then."""
    notebook = types.ModuleType("__main__")
    sys.modules["__main__"] = notebook  # classes of the answer must be found by pickle, as in a kernel
    notebook.__dict__.update(stand_ins.names())
    stand_ins.provide_colab()
    for label, source, code in task.cells:
        try:
            exec(_compiled(label, source, code), notebook.__dict__)
        except TookTooLong:
            raise
        except BaseException as error:  # SystemExit and KeyboardInterrupt too
            if label == task.own and task.name not in notebook.__dict__:
                return notebook.__dict__, Record("raised", failure=failure_of(exercise, error))
            failed[label] = type(error).__name__
    return notebook.__dict__, None


def _compiled(label: str, source: str, code: str) -> types.CodeType:
    if code:
        return marshal.loads(base64.b64decode(code))
    name = f"your cell of {label}"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return compile(source, name, "exec", dont_inherit=True)
