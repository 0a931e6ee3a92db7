"""One task, in the forked process: run the cells, probe the answer, write the result."""

import ast
import base64
import contextlib
import io
import linecache
import marshal
import sys
import types
import warnings
from collections.abc import Iterator
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


class Printed(io.TextIOBase):
    """Stands where stdout and stderr were: keeps the beginning of what is written and lets the rest go."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self):
        self.text = ""

    def reconfigure(self, **_options: object) -> None:
        """Nothing depends on how a notebook wants to print."""

    def write(self, text: str) -> int:
        if isinstance(text, str) and len(self.text) < PRINTED:
            self.text += text[: PRINTED - len(self.text)]
        return len(text)


def answer(task: Task, exercise: Exercise, file: BinaryIO) -> None:
    """Do the task and write its result to ``file``. Whatever the student's code raises is in the result."""
    printed = Printed()
    sys.stdout = sys.stderr = printed
    failed: dict[str, str] = {}
    namespace = _notebook()
    # For those only who may need it: it slows every call of torch.
    wanted = any("cuda" in source or "mps" in source for _, source, _ in task.cells)
    with gpu.stand_in() if wanted else contextlib.nullcontext() as asked:
        record = _run_cells(exercise, task, namespace, failed)
        if record is None and task.name in namespace:
            record = run_probe(exercise, namespace[task.name], task.seed)
    write_result(Result(record, printed.text, failed, bool(asked and asked.used)), file)


def _notebook() -> dict[str, Any]:
    """The names of a fresh ``__main__``, as a kernel has it."""
    notebook = types.ModuleType("__main__")
    sys.modules["__main__"] = notebook  # classes of the answer must be found by pickle, as in a kernel
    notebook.__dict__.update(stand_ins.names())
    stand_ins.provide_colab()
    return notebook.__dict__


def _run_cells(
    exercise: Exercise, task: Task, namespace: dict[str, Any], failed: dict[str, str]
) -> Record | None:
    """Run the cells. A statement that fails is noted, and the next one runs: `import pandas` fails here, and
    an answer below it need not. A cell whose time is up is left, as there may be somebody's training in it.
    The answer's own cell ends the task where the answer is not defined by then.
    """
    for label, source, code in task.cells:
        first = None
        try:
            with time_limit(LIMIT_SECONDS):
                for piece in _pieces(label, source, code):
                    try:
                        exec(piece, namespace)
                    except TookTooLong:
                        raise
                    except BaseException as error:  # SystemExit and KeyboardInterrupt too
                        first = first or error
        except TookTooLong:
            if label == task.own and task.name not in namespace:
                return Record("late", failure=LATE_CELLS)
            failed[label] = TimeoutError.__name__
            continue
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # it does not compile
            first = error
        if first is not None:
            if label == task.own and task.name not in namespace:
                return Record("raised", failure=failure_of(exercise, first))
            failed[label] = type(first).__name__
    return None


def _pieces(label: str, source: str, code: str) -> Iterator[types.CodeType]:
    """A given cell as it is, a student's in its statements, each with the line numbers of the whole."""
    if code:
        yield marshal.loads(base64.b64decode(code))
        return
    name = f"your cell of {label}"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(source, name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        compile(source, name, "exec", dont_inherit=True)  # finds what no single statement shows
        ahead = [s for s in tree.body if isinstance(s, ast.ImportFrom) and s.module == "__future__"]
        pieces = [
            compile(ast.Module([*ahead, statement], []), name, "exec", dont_inherit=True)
            for statement in tree.body
        ]
    yield from pieces
