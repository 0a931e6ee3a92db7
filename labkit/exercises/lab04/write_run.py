"""Exercise 4.8: losses and a picture into an event file, with a SummaryWriter."""

import importlib
import io
import tempfile
import threading
from pathlib import Path

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import same, says, unchanged

_LOSSES = ("loss/d", "loss/g")
_PICTURE = "samples/fixed_z"


def a_run(seed: int) -> dict:
    """The losses of a run, a list of pairs (D's, G's), and a picture of uint8, (3, H, W)."""
    for slow in ("torch.utils.tensorboard", "tensorboard.backend.event_processing.event_accumulator"):
        importlib.import_module(slow)  # here, so that it does not count as the answer's time
    generator = torch.Generator().manual_seed(seed)
    count = 4 + int(torch.randint(5, (), generator=generator))
    height = 5 + int(torch.randint(4, (), generator=generator))
    losses = torch.rand(count, 2, generator=generator) + torch.tensor([0.5, 2.0])
    picture = torch.randint(256, (3, height, height + 2), generator=generator, dtype=torch.uint8)
    return {"losses": [tuple(pair) for pair in losses.tolist()], "picture": picture}


def probe(write_run, given):
    from PIL import Image
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    picture = given["picture"].clone()
    before = set(threading.enumerate())
    # Windows does not remove a file that a writer left open still holds.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            write_run(folder, list(given["losses"]), picture)
        finally:
            left_open = _stopped_writers(before)
        files = {path.name for path in Path(folder).rglob("*") if path.is_file()}
        events = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0, "tensors": 0})
        events.Reload()
    tags = events.Tags()
    columns = {tag: events.Scalars(tag) for tag in sorted(tags["scalars"])}
    shown = events.Images(_PICTURE) if _PICTURE in tags["images"] else []
    pixels = np.array(Image.open(io.BytesIO(shown[-1].encoded_image_string))) if shown else np.zeros(0)
    return {
        "left open": left_open,
        "anything": str(bool(columns or tags["images"])),
        "other files": "; ".join(sorted(name for name in files if ".tfevents." not in name)),
        "tags": "; ".join(columns),
        "steps": [event.step for column in columns.values() for event in column],
        "values": [event.value for column in columns.values() for event in column],
        "pictures": "; ".join(sorted(tags["images"])),
        "picture steps": [event.step for event in shown],
        "pixels": pixels,
        "the picture afterwards": picture,
    }


def _stopped_writers(before: set[threading.Thread]) -> int:
    """How many writers the answer left open. Each has a thread, which would go on writing: end it."""
    new = [t for t in set(threading.enumerate()) - before if type(t).__module__.startswith("tensorboard.")]
    for thread in new:
        thread.stop()
    return len(new)


EXERCISE = Exercise(
    "4.8",
    "An event file",
    4,
    "write_run(folder, losses, picture)",
    a_run,
    probe,
    causes={
        r"add_scalar\(\)": "`add_scalar` takes a tag, one number and the step, in this order",
        r"add_image\(\)": "`add_image` takes a tag, a picture (C, H, W) and the step, in this order",
        r"'SummaryWriter' object has no attribute": (
            "a `SummaryWriter` has `add_scalar(tag, number, step)`, `add_image(tag, picture, step)` and more"
        ),
        r"input tensor and input format|Cannot handle this data type|too many dimensions": (
            "`add_image` takes one picture, (C, H, W): pass `picture` as it came in"
        ),
        r"NotImplementedError: Got": (
            "a number, a tensor or an array is wanted: `add_scalar` takes a tag, one number and the step"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _writing(
    tags=_LOSSES,
    losses=lambda pair: pair,
    first=1,
    picture=lambda picture: picture,
    at=lambda count: count,
    every=False,
):
    """An answer that writes these losses from step ``first`` on, and this picture at one or every step."""

    def answer(folder, losses_, picture_):
        from torch.utils.tensorboard import SummaryWriter

        with SummaryWriter(folder) as writer:
            for step, pair in enumerate(losses_, first):
                for tag, value in zip(tags, losses(pair), strict=False):
                    writer.add_scalar(tag, value, step)
                if every:
                    writer.add_image(_PICTURE, picture(picture_), step)
            if not every:
                writer.add_image(_PICTURE, picture(picture_), at(len(losses_)))

    return answer


expected = _writing()

PROPERTIES = (
    same(
        "left open",
        "the writer is closed at the end",
        "call `writer.close()` after the last `add_…`: what a writer still holds may be lost",
        got="a writer that is open",
        expected="none",
    ),
    same(
        "anything",
        "something was written into `folder`",
        "the folder goes to the writer, `SummaryWriter(folder)`, and then every `add_…` is called on it",
        got="an empty file, or none",
        expected="an event file in `folder`",
    ),
    says(
        "other files",
        "the folder holds event files only",
        "",
        otherwise="the kit's `Logbook` writes a table as well: here the writer is a `SummaryWriter` of yours",
        expected="none",
    ),
    same(
        "tags",
        "the tags are `loss/d` and `loss/g`",
        "letter for letter as in the text, and `add_scalar` once for each of the two",
        points=1,
    ),
    same(
        "steps",
        "each loss stands at its step, from 1 on",
        "`add_scalar(tag, number, step)`, in this order, for every pair; the first step is 1",
        points=1,
        rtol=0,
    ),
    same(
        "values",
        "the values are the losses",
        "under `loss/d` the first of each pair, under `loss/g` the second, unchanged",
        points=1,
    ),
    same(
        "pictures",
        "a picture is there, as `samples/fixed_z`",
        "`add_image(tag, picture, step)`, once, after the loop",
    ),
    same(
        "picture steps",
        "there is one, at the last step",
        "after the loop, with the number of the last step",
        points=0.5,
        rtol=0,
    ),
    same("pixels", "it is the picture that came in", "its bytes and its axes stay as they are", points=0.5),
    unchanged("the picture afterwards", "the picture keeps its bytes", "work on a copy"),
)

MISTAKES = {
    "only D's loss was written": _writing(tags=_LOSSES[:1]),
    "only G's loss was written": _writing(tags=_LOSSES[1:], losses=lambda pair: pair[1:]),
    "the two losses are swapped": _writing(losses=lambda pair: pair[::-1]),
    "both tags hold D's loss": _writing(losses=lambda pair: (pair[0], pair[0])),
    "both tags hold G's loss": _writing(losses=lambda pair: (pair[1], pair[1])),
    "the steps begin with 0: `enumerate(losses, 1)` counts from 1": _writing(first=0),
    "the picture stands at step 0: pass the last step": _writing(at=lambda count: 0),
    "the picture was written at every step: once is enough, after the loop": _writing(every=True),
    "the picture lies on its side: height and width are exchanged": _writing(
        picture=lambda picture: picture.transpose(1, 2)
    ),
    "dark and light are exchanged": _writing(picture=lambda picture: 255 - picture),
}
