"""Exercise 4.4: the numbers in a TensorBoard event file, read record by record."""

import io
import tempfile
from pathlib import Path

import numpy as np

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import same

TAGS = ("loss/d", "grad_norm/g")
PICTURE = "samples/fixed_z"


EVENTS = (  # at step 20 one event holds two numbers, elsewhere each has its own: files have either
    (1, "loss/d"),
    (5, "loss/d"),
    (5, "grad_norm/g"),
    (5, PICTURE),
    (20, "loss/d", "grad_norm/g"),
    (40, "loss/d"),
    (41, "loss/d"),
    (60, "grad_norm/g"),
    (80, "loss/d"),  # the last one is torn
)
ZERO = 20, "loss/d"  # a loss may be 0, and is written all the same


def event_file(seed: int) -> bytes:
    """An event file with two columns and a picture, and a torn last record."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    generator = np.random.default_rng(seed)
    out = io.BytesIO()
    writer = RecordWriter(out)
    writer.write(Event(wall_time=1e9, file_version="brain.Event:2").SerializeToString())
    for step, *tags in EVENTS:
        whole = len(out.getvalue())
        numbers = {tag: 0.0 if (step, tag) == ZERO else generator.uniform(0.5, 2.0) for tag in tags}
        values = [
            Summary.Value(tag=tag, image=Summary.Image(height=1, width=1, colorspace=1))
            if tag == PICTURE
            else Summary.Value(tag=tag, simple_value=number)
            for tag, number in numbers.items()
        ]
        writer.write(
            Event(wall_time=1e9 + step, step=step, summary=Summary(value=values)).SerializeToString()
        )
    return out.getvalue()[: whole + 17]


def probe(read_scalars, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.out.tfevents.0.check"
        path.write_bytes(content)
        found = read_scalars(path)
    if found is None:
        return {"the result": None}
    kind, columns = ("dict", found) if isinstance(found, dict) else (type(found).__name__, {})
    record = {"kind": kind, "tags": "; ".join(sorted(map(str, columns)))}
    for tag in TAGS:
        record[f"{tag} steps"], record[f"{tag} values"] = _column(columns.get(tag))
    return record


def _column(pair) -> tuple[list[float], list[float]]:
    """(steps, values) as two lists of floats; empty where it is no such pair."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return [], []
    return tuple([float(number) for number in part] for part in pair)


EXERCISE = Exercise(
    "4.4",
    "Read an event file",
    4,
    "read_scalars(path)",
    event_file,
    probe,
    causes={
        r"DecodeError|Error parsing|error: unpack|OverflowError|MemoryError|cannot fit": (
            "the bytes are cut in the wrong places: 8 of length (little-endian), 4 of checksum, the "
            "record, 4 of checksum; and a torn last record is no record"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(path))
    events.Reload()
    columns = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}
    return {
        tag: (np.array([e.step for e in column], float), np.array([e.value for e in column]))
        for tag, column in columns.items()
    }


def _each(change):
    """An answer whose columns (steps, values) all went through ``change``."""
    return lambda path: {tag: change(*column) for tag, column in expected(path).items()}


def _steps(tag: str):
    what = f"the steps of {tag} are those that were written"
    otherwise = "`event.step`, once for every value of that tag, in the order of the file"
    return same(f"{tag} steps", what, otherwise, points=1, alone=True)


def _values(tag: str):
    what = f"the values of {tag} stand beside their steps"
    otherwise = "`value.simple_value`, in the order of the file"
    return same(f"{tag} values", what, otherwise, points=0.5, alone=True)


_TAGS = "it holds the tags of the numbers, and no others"
PROPERTIES = (
    same("kind", "it returns a dictionary", expected="{tag: (steps, values)}"),
    same("tags", _TAGS, "every record may hold values: go on to the end of the file", points=1),
    _steps("loss/d"),
    _values("loss/d"),
    _steps("grad_norm/g"),
    _values("grad_norm/g"),
)

MISTAKES = {
    'a picture is no number: ask `value.HasField("simple_value")`': lambda path: (
        expected(path) | {PICTURE: ([5], [0])}
    ),
    "each column is a pair (steps, values), two lists": _each(lambda s, v: [*zip(s, v, strict=True)]),
    "a value of 0 is a value too: `if value.simple_value` drops it": _each(
        lambda s, v: (s[v != 0], v[v != 0])
    ),
    "the steps are 0, 1, 2, …: take `event.step`": _each(lambda s, v: (np.arange(len(s)), v)),
    "the steps are 1, 2, 3, …: take `event.step`": _each(lambda s, v: (np.arange(len(s)) + 1, v)),
    "that is the time of writing: take `event.step`": _each(lambda s, v: (s + 1e9, v)),
    "the last one only: append to a list": _each(lambda s, v: (s[-1:], v[-1:])),
    "the first one only: go on to the end of the file": _each(lambda s, v: (s[:1], v[:1])),
    "an event may hold several values: loop over `event.summary.value`": lambda path: {
        tag: column if tag == TAGS[0] else [part[column[0] != 20] for part in column]
        for tag, column in expected(path).items()
    },
    "the last record is torn and does not count": _each(lambda s, v: (np.append(s, 80), np.append(v, 9))),
    "they run backwards": _each(lambda s, v: (s[::-1], v[::-1])),
    # Before the swapped ones, whose values are the steps too.
    "those are the steps": _each(lambda s, v: (s, s)),
    "steps and values are swapped: (steps, values)": _each(lambda s, v: (v, s)),
}
