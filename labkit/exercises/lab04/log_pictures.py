"""Exercise 4.2: samples as one picture, and D's logits as two histograms."""

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import same, same_shape
from labkit.logbook import Logbook


class Page(Logbook):
    """A logbook in memory that keeps pictures and histograms too, to be looked at."""

    def __init__(self):
        super().__init__()
        self.pictures: list[tuple[int, str, torch.Tensor]] = []
        self.spreads: list[tuple[int, str, torch.Tensor]] = []

    def image(self, step, tag, grid):
        self.pictures.append((int(step), str(tag), grid))

    def histogram(self, step, tag, values):
        # One row: a histogram does not know the shape that its values had.
        flat = values.flatten() if isinstance(values, torch.Tensor | np.ndarray) else values
        self.spreads.append((int(step), str(tag), flat))


def samples(seed: int) -> dict[str, torch.Tensor]:
    """Eight fakes (8, 3, 4, 5), some values beyond [-1, 1], and D's logits of them and of real images."""
    generator = torch.Generator().manual_seed(seed)
    fake = torch.rand(8, 3, 4, 5, generator=generator) * 2.2 - 1.1
    logits = torch.randn(2, 6, generator=generator) * 3
    return {"fake": fake, "real_logits": logits[0] + 4, "fake_logits": logits[1] - 5}


def probe(log_pictures, given):
    page = Page()
    given = {name: tensor.clone().requires_grad_() for name, tensor in given.items()}
    log_pictures(page, 40, given["fake"], given["real_logits"], given["fake_logits"])
    tags = "; ".join(sorted({tag for _, tag, _ in page.pictures}))
    grid = page.pictures[-1][2] if page.pictures else torch.zeros(0)
    spreads = {tag: values for _, tag, values in page.spreads}
    return {
        "pictures": f"{len(page.pictures)} under {tags or 'no tag'}",
        "type": str(getattr(grid, "dtype", type(grid).__name__)),
        "grid": grid,
        "histogram tags": "; ".join(sorted(spreads)),
        "real": spreads.get("logits/real", torch.zeros(0)),
        "fake": spreads.get("logits/fake", torch.zeros(0)),
        "steps": [step for step, _, _ in page.pictures + page.spreads],
    }


EXERCISE = Exercise(
    "4.2",
    "Pictures and histograms",
    3,
    "log_pictures(logbook, step, fake, real_logits, fake_logits)",
    samples,
    probe,
    causes={"requires grad": "a tensor is still attached to its graph: `.detach()` it before numpy sees it"},
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _bytes(images: torch.Tensor) -> torch.Tensor:
    return ((images.detach().double() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def _grid(pixels: torch.Tensor, columns: int = 4) -> torch.Tensor:
    """Pixel by pixel: the image whose place in the grid it is, and where it lies in that image."""
    count, _, height, width = pixels.shape
    y = torch.arange(count // columns * height)[:, None]
    x = torch.arange(columns * width)
    return pixels[y // height * columns + x // width, :, y % height, x % width].permute(2, 0, 1)


def _logging(picture=lambda fake: _grid(_bytes(fake)), logits=lambda own, other: own):
    """An answer that writes this picture of the fakes, and this of the logits of either kind."""

    def answer(logbook, step, fake, real_logits, fake_logits):
        logbook.image(step, "samples/fixed_z", picture(fake))
        logbook.histogram(step, "logits/real", logits(real_logits, fake_logits))
        logbook.histogram(step, "logits/fake", logits(fake_logits, real_logits))

    return answer


expected = _logging()


def _as_it_is(kind: str):
    what = f"`logits/{kind}` holds D's logits as they are"
    return same(kind, what, "pass the tensor that you were given, all of it", points=0.5, alone=True)


PROPERTIES = (
    same(
        "pictures",
        "one picture is written, as `samples/fixed_z`",
        "put all fakes side by side first, then call `logbook.image(step, tag, grid)` once",
    ),
    same(
        "type",
        "the picture is uint8",
        "`to_uint8` turns [-1, 1] into bytes; TensorBoard would read floats as 0 to 1",
    ),
    same_shape("grid", "its shape is (C, rows · H, 4 · W)", "four fakes in a row, and no gap", points=0.5),
    same(
        "grid",
        "row by row, each fake stands upright in its place",
        "the axes (rows, 4, C, H, W) have to become (C, rows, H, 4, W) before they are merged",
        points=1,
        atol=1.01,  # rounded or cut off
    ),
    same(
        "histogram tags",
        "two histograms are written, `logits/real` and `logits/fake`",
        "`logbook.histogram(step, tag, values)`, once for each of the two",
    ),
    _as_it_is("real"),
    _as_it_is("fake"),
    same("steps", "all of it stands at the step given", "pass `step` on to every call", points=0.5, rtol=0),
)

MISTAKES = {
    "the fakes were not put side by side: a grid is one picture": _logging(_bytes),
    "that is one fake: all of them belong into the grid": _logging(lambda x: _bytes(x)[0]),
    "channels come first in a logbook's picture, (C, H, W)": _logging(
        lambda x: _grid(_bytes(x)).permute(1, 2, 0)
    ),
    "all fakes are in one row: begin a new row after every four": _logging(lambda x: _grid(_bytes(x), 8)),
    "all fakes are in one column: four go into a row": _logging(lambda x: _grid(_bytes(x), 1)),
    "rows and columns are swapped: four fakes go into a row": _logging(lambda x: _grid(_bytes(x), 2)),
    "the fakes run down the columns: fill the first row first": _logging(
        lambda x: _grid(_bytes(x)[[0, 2, 4, 6, 1, 3, 5, 7]])
    ),
    "the pixels are shuffled: `permute` the axes before `reshape` merges them": _logging(
        lambda x: _bytes(x).reshape(3, 8, 20)
    ),
    "values past [-1, 1] wrapped around: clamp, or use `to_uint8`": _logging(
        lambda x: _grid((((x.double() + 1) * 127.5).round() % 256).to(torch.uint8))
    ),
    "the range is [-1, 1], so -1 must become 0": _logging(lambda x: _grid(_bytes(2 * x.clamp(0, 1) - 1))),
    "all places show the first fake": _logging(lambda x: _grid(_bytes(x)[[0] * 8])),
    "real and fake are swapped": _logging(logits=lambda own, other: other),
    "those are probabilities: a histogram of logits does not pile up at 0 and 1": _logging(
        logits=lambda own, other: own.sigmoid()
    ),
    "that is their mean: a histogram wants all of them": _logging(logits=lambda own, other: own.mean()),
    "those are absolute values: the sign says what D thinks": _logging(logits=lambda own, other: own.abs()),
}
