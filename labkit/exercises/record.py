"""From an answer to a record of what it did: the probe runs inside a fence, and plain arrays are kept."""

import linecache
import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from labkit.exercises.exercise import Exercise, Finding
from labkit.exercises.guard import TookTooLong, preserved_state, time_limit
from labkit.exercises.probing import OTHER_DEVICE, NotReady, make_ready
from labkit.exercises.properties import ONE_DEVICE

LIMIT_SECONDS = 2.0
LARGEST = 20_000_000  # numbers in one array: more than any exercise asks for, few enough to look at
BLANK = "your code here"
NOT_YOURS = "the kit's own, not yours"  # what a grader's sandbox raises in the place of the kit's answers
_WHOSE = re.compile(rf"Exercise (\d+\.\d+): {BLANK}")
_TERMINAL = re.compile(r"\x1b\[[0-9;]*m?")  # colours of a terminal


@dataclass(frozen=True)
class Record:
    """What an answer did under the probe. Plain data: it can travel as ``.npz`` and JSON.

    ``status`` is "answered", "blank" (not written yet), "refused" (not callable, or labkit's own), "raised"
    (an exception) or "late" (past the time limit). ``failure`` says more about the last three, and of a
    blank one which other exercise is not written yet; ``odd`` describes the values that are no arrays.
    """

    status: str
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    failure: Finding | None = None


LATE = Finding(
    f"it finishes within {LIMIT_SECONDS:g} seconds",
    False,
    "still running",
    "an answer in a moment",
    "a loop that never ends, or Python loops over pixels where one tensor operation would do",
)


def run_probe(exercise: Exercise, answer: Any, seed: int) -> Record:
    """Probe a student's ``answer`` on the inputs of ``seed``. Never raises on account of the answer (but a
    student's own interrupt passes through), and leaves the process's global state as it was."""
    refusal = _refusal(exercise, answer)
    return Record("refused", failure=refusal) if refusal else record_of(exercise, answer, seed)


def record_of(exercise: Exercise, answer: Any, seed: int, seconds: float | None = None) -> Record:
    """As `run_probe`, for any answer: the kit's own are not refused, and may take more ``seconds``."""
    try:
        return _record_of(exercise, answer, seed, seconds)
    except NotReady:  # once in a process, and only if a probe wants the other device
        make_ready()
        return _record_of(exercise, answer, seed, seconds)


def _record_of(exercise: Exercise, answer: Any, seed: int, seconds: float | None) -> Record:
    with preserved_state(seed):
        inputs = exercise.inputs(seed)
        try:
            with time_limit(seconds or LIMIT_SECONDS):
                return _as_record(exercise, exercise.probe(answer, inputs))
        except (KeyboardInterrupt, NotReady):
            raise
        except TookTooLong:
            return Record("late", failure=LATE)
        except BaseException as error:  # SystemExit too: an answer may call exit()
            if _is_blank(error):
                return Record("blank", failure=_needed_first(exercise, error))
            return Record("raised", failure=failure_of(exercise, error))


def as_array(value: Any) -> np.ndarray | str:
    """The value as a plain array, or a few words on what it is instead."""
    if isinstance(value, torch.Tensor):
        if value.device.type != "cpu":  # with a GPU: `.cuda()` in the answer, which a grader may not have
            return f"a tensor on {value.device}"
        # The base class's methods: a subclass may have overridden them.
        if torch.Tensor.numel(value) > LARGEST:
            return f"a tensor of shape {tuple(value.shape)}"
        plain = torch.Tensor.detach(value)
        return plain.float().numpy().copy() if plain.dtype == torch.bfloat16 else plain.numpy().copy()
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufU" and value.size <= LARGEST:
        return np.array(value)
    if type(value) in (bool, int, float, str):
        return np.array(value)
    if type(value) in (list, tuple) and all(type(v) in (bool, int, float) for v in value):
        return np.array(value)
    return "None" if value is None else f"{_article(type(value).__name__)}"


def _as_record(exercise: Exercise, values: dict[str, Any]) -> Record:
    arrays, odd = {}, {}
    for name, value in values.items():
        array = as_array(value)
        if name in exercise.tensors and isinstance(value, list | tuple | np.ndarray):
            array = "a numpy array" if isinstance(value, np.ndarray) else _article(type(value).__name__)
        if isinstance(array, str) or array.dtype.kind not in "biufU":
            odd[name] = array if isinstance(array, str) else f"an array of {array.dtype}"
        else:
            arrays[name] = array
    return Record("answered", arrays, odd)


def _refusal(exercise: Exercise, answer: Any) -> Finding | None:
    if not callable(answer):
        return _not_callable(exercise, _article(type(answer).__name__))
    lineage = answer.__mro__ if isinstance(answer, type) else (answer,)
    if any(str(getattr(c, "__module__", "")).split(".")[0] == "labkit" for c in lineage):
        return _shipped(exercise)
    return None


def _not_callable(exercise: Exercise, got: str) -> Finding:
    wants = f"your own `{exercise.name}`"
    cause = f'pass the name itself: check("{exercise.id}", {exercise.name})'
    return Finding(f"there is {wants}", False, got, wants, cause)


def _shipped(exercise: Exercise) -> Finding:
    wants = f"your own `{exercise.name}`"
    cause = "an imported class or function is not an answer: write it in the exercise cell"
    return Finding(f"it is {wants}", False, "the one that labkit ships", wants, cause)


def _raised(exercise: Exercise, got: str, cause: str) -> Finding:
    return Finding(f"`{exercise.call}` runs", False, got, "no error", cause)


def retold(exercise: Exercise, record: Record) -> Finding | None:
    """The failure of a record from elsewhere, in the kit's own words: of the record's only ``got`` is kept,
    which says what was seen."""
    failure = record.failure
    if failure is None:
        return None
    if record.status == "late":
        return LATE
    if record.status == "refused":
        own = _shipped(exercise)
        return own if failure.got == own.got else _not_callable(exercise, failure.got)
    known = {*exercise.causes.values(), *_COMMON_CAUSES.values()}
    return _raised(exercise, failure.got, failure.cause if failure.cause in known else "")


def _is_blank(error: BaseException) -> bool:
    return isinstance(error, NotImplementedError) and BLANK in str(error)


def _needed_first(exercise: Exercise, error: BaseException) -> Finding | None:
    """Which other exercise the answer calls that is still blank; None where it is blank itself."""
    other = _WHOSE.search(str(error))
    if other is None or other[1] == exercise.id:
        return None
    return Finding(f"{other[1]} is needed first: this answer calls it, and it is not written yet", False)


def failure_of(exercise: Exercise, error: BaseException) -> Finding:
    """What to tell a student of an error that an answer raised: its text, their line, the likely cause."""
    text = f"{type(error).__name__}: {_message(error)}"
    where = _students_line(error)
    searched = text + (_INSIDE if where else "")
    causes = [*exercise.causes.items(), *_COMMON_CAUSES.items()]
    cause = next((c for part, c in causes if re.search(part, searched)), "")
    return _raised(exercise, text + (f"  [{where}]" if where else ""), cause)


_INSIDE = " <inside>"  # the error came from a line of the student's, not from the kit's call
_ARGUMENTS = r"missing \d+ required|takes (from )?\d+ |unexpected keyword|multiple values for argument"

# In this order, by the error's text. Each holds wherever the error does: where two slips give the same error,
# both are named, and an exercise that knows better says so in its own `causes`.
_COMMON_CAUSES = {
    NOT_YOURS: f"{NOT_YOURS}: labkit has a function for this, and it is not there while answers are graded",
    rf"({_ARGUMENTS}).*{_INSIDE}": (
        "a function is called with other arguments than it takes: compare the line shown with its `def`"
    ),
    _ARGUMENTS: "the parameters differ from those of the exercise cell: keep its `def` line as it was given",
    r"UnboundLocalError": "a variable is used before it has a value: is it set in every branch?",
    r"NameError": "a name is misspelt, or it is never set: the cell must import or define all that it uses",
    OTHER_DEVICE: ONE_DEVICE,
    r"all elements of (input|target) should be between 0 and 1": (
        "`BCELoss` takes probabilities from 0 to 1, and it was given something else: for logits take "
        "`BCEWithLogitsLoss`"
    ),
    r"arget size .* input size": (
        "the targets have another shape than what they are compared with: `torch.ones_like(logits)` has the "
        "same one, and `squeeze()` also drops a batch of one"
    ),
    r"cannot assign module before Module.__init__": (
        "`super().__init__()` must be the first line of `__init__`"
    ),
    r"[Cc]an't (call numpy|convert .* numpy)": (
        "a tensor that has a gradient, or lives on a GPU, becomes an array by `.detach().cpu().numpy()`"
    ),
    r"argument 'tensors' \(position 1\) must be tuple": (
        "`torch.cat` and `torch.stack` take one list: `torch.cat([x, y], dim=1)`"
    ),
    r"NoneType": (
        "a value is None there: does the function that made it lack a `return`? What changes a list in "
        "place, like `x.reverse()` or `x.append(…)`, returns nothing"
    ),
    r"'(int|float|str|bool|list|tuple|dict|set|function|method|builtin_function_or_method|type)' "
    r"object has no attribute": (
        "the object before the dot is of another kind than that line expects: print its `type`; is an "
        "argument in another's place, or a call's `()` missing?"
    ),
    r"has no attribute": (
        "a name is misspelt, or an `__init__` does not set it (or lacks `super().__init__()`)"
    ),
    r"not callable": "something is called that is no function: is a `*` missing, or a name used twice?",
    r"not subscriptable": "square brackets stand behind something that cannot be indexed: print its `type`",
    r"expected .* to have \d+ channels": "a layer receives another number of channels than it was made for",
    r"Dimension out of range": (
        "an axis is named that the tensor does not have: print its `.shape` just before that line"
    ),
    r"IndexError|out of bounds|out of range": (
        "an index lies outside: print the index and the `.shape` or `len` just before that line"
    ),
    r"KeyError": "the dictionary has no such key: print its keys just before that line",
    r"permute|number of dim|repeated dim": (
        "the axes named do not fit the tensor's: name each of them once; print its `.shape` before that line"
    ),
    r"shapes? cannot be multiplied|size mismatch|must match|is invalid for input|Expected \d?-?D|expand|"
    r"inconsistent tensor size|Sizes of tensors|broadcast|equal size": (
        "two shapes do not fit: print the `.shape` of each tensor just before that line"
    ),
    r"does not require grad": (
        "nothing leads from this value back to a weight: is there a `.detach()`, `.item()`, `.data` or "
        "`no_grad()` on the way, or are the weights frozen?"
    ),
    r"backward through the graph a second time": (
        "`backward()` went through the same graph twice: is it called in a function that should only compute "
        "a loss, or for two losses that share fakes which are not detached?"
    ),
    r"leaf Variable that requires grad": (
        "a weight is changed in place: do that under `torch.no_grad()`, or leave it to the optimizer"
    ),
    r"modified by an inplace operation": (
        "a tensor is changed in place before `backward()` has used it: look for `+=`, `x[…] =`, or an "
        "optimizer's step that comes too early"
    ),
    r"[Bb]oolean value of Tensor": (
        "`if`, `and` and `or` need one truth value, and a tensor holds many: use `torch.where`, `&`, `|`. "
        "Or a loss is a class that wants brackets of its own first: `nn.L1Loss()(x, y)`"
    ),
    r"only .*tensors can be converted|must be Tensor, not|must be real number": (
        "a number, a list or a whole tensor stands where something else is wanted: print its `type` and shape"
    ),
    r"dtype|scalar type|floating point": (
        "the number types do not fit: print each `.dtype`; `.float()` turns whole numbers into fractions"
    ),
    r"torch\.return_types": (
        "`torch.max` and `torch.min` along a dimension return values and indices: take `.values`; for the "
        "larger of x and a number write `x.clamp(min=number)`"
    ),
    r"unsupported operand": "two kinds of values meet that cannot be combined: print the `type` of each",
    r"ZeroDivisionError": "a division by zero: which of the numbers can be 0?",
    r"RecursionError": "the function calls itself without an end",
    r"SystemExit": "`exit()` or `quit()` was called: an answer returns its result instead",
}


def _message(error: BaseException) -> str:
    try:
        lines = _TERMINAL.sub("", str(error)).strip().splitlines()
    except BaseException:  # an exception whose text itself fails
        lines = []
    return lines[0][:200] if lines else "(no message)"


def _students_line(error: BaseException) -> str:
    """The last line of the student's own code in the traceback: neither the kit's nor a library's."""
    kit = str(Path(__file__).parent.parent)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(kit) or "site-packages" in frame.filename or "<" in frame.filename[:1]:
            continue
        line = frame.line or linecache.getline(frame.filename, frame.lineno).strip()
        return f"line {frame.lineno}: {line.strip()}" if line else f"line {frame.lineno}"
    return ""


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
