"""Exercise 4.4: the numbers in a TensorBoard event file, read record by record."""

import io
import tempfile
from pathlib import Path

import numpy as np

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import tried
from labkit.exercises.properties import Case, same
from labkit.exercises.reading import word

TAGS = ("accuracy/d", "gap/d", "grad_norm/d", "grad_norm/g", "loss/d", "loss/g", "prob/real", "signal/g")
PICTURE = "samples/fixed_z"
TEARS = ("in the length", "in its checksum", "in the event", "in the last checksum")


def event_files(seed: int) -> dict[str, bytes]:
    """An event file with three columns and a picture, and a torn last record: "file". The same one whole,
    and torn within each of the last record's four parts, by name.

    One event holds two numbers; elsewhere each has its own: files have either. One number is 0.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    generator = np.random.default_rng(seed)
    tags = generator.permutation(TAGS)[:3].tolist()
    count = int(generator.integers(9, 14))
    steps = generator.choice(np.arange(1, 200), count, replace=False)
    steps.sort()
    out = io.BytesIO()
    writer = RecordWriter(out)
    writer.write(Event(wall_time=1e9, file_version="brain.Event:2").SerializeToString())
    for index, step in enumerate(steps.tolist()):
        whole = len(out.getvalue())
        numbers = {tags[index % 3]: 0.0 if index == 4 else generator.uniform(0.5, 2.0)}
        if index == 4:
            numbers[tags[0]] = generator.uniform(0.5, 2.0)
        if index == 3:
            numbers[PICTURE] = 0.0
        event = Event(wall_time=1e9 + step, step=step, summary=Summary(value=_values(Summary, numbers)))
        writer.write(event.SerializeToString())
    content = out.getvalue()
    length = len(content) - whole - 16
    least = whole + np.cumsum([1, 7, 4 + length // 2, length - length // 2 + 1])
    cuts = dict(zip(TEARS, (least + generator.integers(0, 3, 4)).tolist(), strict=True))
    return {"file": content[: cuts["in the event"]], "whole": content} | {
        tear: content[:cut] for tear, cut in cuts.items()
    }


def _values(summary, numbers: dict[str, float]) -> list:
    picture = summary.Image(height=1, width=1, colorspace=1)
    return [
        summary.Value(tag=tag, image=picture)
        if tag == PICTURE
        else summary.Value(tag=tag, simple_value=number)
        for tag, number in numbers.items()
    ]


def probe(read_scalars, given):
    found = _read(read_scalars, given["file"])
    if found is None:
        return {"the result": None}
    kind, columns = ("dict", found) if isinstance(found, dict) else (type(found).__name__, {})
    steps, values = _columns(columns)
    record = {"kind": kind, "tags": "; ".join(sorted(map(str, columns))), "steps": steps, "values": values}
    for name in ("whole", *TEARS):
        record[name] = tried(lambda name=name: _columns(_read(read_scalars, given[name]))[0])
    return record


def _read(read_scalars, content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.out.tfevents.0.check"
        path.write_bytes(content)
        return read_scalars(path)


def _columns(columns) -> tuple[list[float], list[float]]:
    """The steps and the values of all columns, one tag after the other; those that are no pair are empty."""
    pairs = [columns[tag] for tag in sorted(columns)] if isinstance(columns, dict) else []
    pairs = [pair for pair in pairs if isinstance(pair, tuple | list) and len(pair) == 2]
    return tuple([float(number) for pair in pairs for number in pair[part]] for part in (0, 1))


EXERCISE = Exercise(
    "4.4",
    "Read an event file",
    0,
    "read_scalars(path)",
    event_files,
    probe,
    causes={
        r"UnicodeDecodeError": 'the file holds bytes, no text: `path.read_bytes()`, or `open(path, "rb")`',
        r"DecodeError|Error parsing|error: unpack|OverflowError|MemoryError|cannot fit": (
            "bytes were read that are no whole record: each has 8 bytes of length (little-endian), 4 of "
            "checksum, the record, 4 of checksum; and a torn last record does not count"
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


def _missing(case: Case) -> str:
    if word(case.got["tags"]):
        return "every record may hold values: go on to the end of the file"
    return (
        "no number was found: print the length of each record; it is little-endian, and the next record "
        "begins 16 + n bytes after this one"
    )


def _torn(tear: str):
    def cause(case: Case) -> str:
        got, right = case.got[tear], case.expected[tear]
        if got.dtype.kind == "U":
            return "fewer bytes are left than the record needs: ask before you unpack them, and stop there"
        if got.size > right.size:
            return "a record that is not whole does not count: its 16 + n bytes must all be there"
        return "the records before the torn one are whole and count"

    return same(tear, f"a last record torn {tear} does not count", cause)


PROPERTIES = (
    same("kind", "it returns a dictionary", expected="{tag: (steps, values)}"),
    same(
        "tags",
        "it holds the tags of the numbers, and no others",
        _missing,
    ),
    same(
        "steps",
        "the steps of each tag are those that were written",
        "`event.step`, once for every value of that tag, in the order of the file",
    ),
    same(
        "values",
        "the values stand beside their steps",
        "`value.simple_value`, in the order of the file",
    ),
    same(
        "whole",
        "in a file without a torn record the last one counts",
        "the last record ends where the file ends: it is whole, and counts",
    ),
    *map(_torn, TEARS),
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
    "they run backwards": _each(lambda s, v: (s[::-1], v[::-1])),
    "the values run backwards": _each(lambda s, v: (s, v[::-1])),
    # Before the swapped ones, whose values are the steps too.
    "those are the steps": _each(lambda s, v: (s, s)),
    "steps and values are swapped: (steps, values)": _each(lambda s, v: (v, s)),
}
