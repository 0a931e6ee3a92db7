"""Lab 04, exercise 4.4: the numbers in a TensorBoard event file, read record by record."""

import io
import math
import tempfile
from pathlib import Path

import numpy as np

TAGS = ("loss/d", "grad_norm/g")


def event_file(seed: int) -> dict[str, object]:
    """The bytes of an event file with two columns, a picture and a histogram, and a torn last record."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    generator = np.random.default_rng(seed)
    steps = {"loss/d": np.array([1, 5, 20, 40, 41]), "grad_norm/g": np.array([5, 20, 60])}
    values = {tag: generator.uniform(0.5, 2.0, len(s)).astype(np.float32) for tag, s in steps.items()}
    values["loss/d"][2] = 0.0  # a loss may be 0, and is written all the same
    out = io.BytesIO()
    writer = RecordWriter(out)
    writer.write(Event(wall_time=1e9, file_version="brain.Event:2").SerializeToString())
    for step in (1, 5, 20, 40, 41, 60):
        both = [
            Summary.Value(tag=tag, simple_value=float(values[tag][s == step][0]))
            for tag, s in steps.items()
            if step in s
        ]
        # At step 20 one event holds both numbers, elsewhere each has its own: files have either.
        for part in [both] if step == 20 else [[value] for value in both]:
            writer.write(_event(Event, Summary, step, part))
        if step == 5:
            picture = Summary.Value(
                tag="samples/fixed_z", image=Summary.Image(height=1, width=1, colorspace=1)
            )
            writer.write(_event(Event, Summary, step, [picture]))
    whole = len(out.getvalue())
    writer.write(_event(Event, Summary, 80, [Summary.Value(tag="loss/d", simple_value=9.0)]))
    return {"content": out.getvalue()[: whole + 17], "steps": steps, "values": values}


def _event(event, summary, step, values) -> bytes:
    return event(wall_time=1e9 + step, step=step, summary=summary(value=values)).SerializeToString()


def probe_events(read_scalars, given):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.out.tfevents.0.check"
        path.write_bytes(given["content"])
        found = read_scalars(path)
    if found is None:
        return {"the result": None}
    if not isinstance(found, dict):
        return {"kind": type(found).__name__, "tags": ""} | {t: [math.nan] for t in _names()}
    columns = {tag: _column(found.get(tag)) for tag in TAGS}
    return {
        "kind": "dict",
        "tags": "; ".join(sorted(map(str, found))),
        **{f"{tag} {part}": columns[tag][i] for tag in TAGS for i, part in enumerate(("steps", "values"))},
    }


def _names() -> list[str]:
    return [f"{tag} {part}" for tag in TAGS for part in ("steps", "values")]


def _column(pair) -> tuple[list[float], list[float]]:
    """(steps, values) as two lists of floats; empty where it is no such pair."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return [], []
    return tuple([float(number) for number in part] for part in pair)
