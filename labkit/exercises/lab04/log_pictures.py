"""Exercise 4.2: samples as one picture, and D's logits as two histograms."""

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab04 import _logbook
from labkit.exercises.probing import elsewhere, tried
from labkit.exercises.properties import Case, fits_any_device, same, same_shape, unchanged
from labkit.exercises.reading import numbers

PER_ROW = 4


def samples(seed: int) -> dict[str, torch.Tensor]:
    """Fakes (N, 3, H, W), some values beyond [-1, 1], and D's logits of them and of real images; and a
    second, smaller set ("one …") of a single row of grey fakes with one logit each."""
    generator = torch.Generator().manual_seed(seed)
    rows = (2, 3, 5)[int(torch.randint(3, (), generator=generator))]
    height = 4 + int(torch.randint(4, (), generator=generator))
    many = _some(generator, (PER_ROW * rows, 3, height, height + 1), 6)
    one = _some(generator, (PER_ROW, 1, height + 1, height), 1)
    return many | {f"one {name}": tensor for name, tensor in one.items()}


def _some(generator, shape: tuple[int, ...], logits: int) -> dict[str, torch.Tensor]:
    fake = torch.rand(shape, generator=generator) * 2.4 - 1.2
    real_logits, fake_logits = torch.randn(2, logits, generator=generator) * 3
    return {"fake": fake, "real_logits": real_logits + 4, "fake_logits": fake_logits - 5}


def probe(log_pictures, given):
    page = _logbook.Logbook()
    tensors = [given[name].clone().requires_grad_() for name in ("fake", "real_logits", "fake_logits")]
    log_pictures(page, 40, *tensors)
    tags = "; ".join(sorted({tag for _, tag, _ in page.pictures}))
    grid = page.pictures[-1][2] if page.pictures else torch.zeros(0)
    spreads = {tag: values for _, tag, values in page.spreads}
    one = [given[f"one {name}"].clone() for name in ("fake", "real_logits", "fake_logits")]
    return {
        "pictures": f"{len(page.pictures)} under {tags or 'no tag'}",
        "type": str(getattr(grid, "dtype", type(grid).__name__)).removeprefix("torch."),
        "grid": grid,
        "histogram tags": "; ".join(sorted(spreads)),
        "real": spreads.get("logits/real", torch.zeros(0)),
        "fake": spreads.get("logits/fake", torch.zeros(0)),
        "steps": [step for step, _, _ in page.pictures + page.spreads],
        "the fakes afterwards": tensors[0],
        "the logits afterwards": torch.cat(tensors[1:]),
        "closed": page.closed,
        "one row": tried(lambda: _one_row(log_pictures, one)),
        "elsewhere": elsewhere(lambda: log_pictures(_logbook.Logbook(), 40, *(t.to("meta") for t in one))),
    }


def _one_row(log_pictures, given) -> torch.Tensor:
    page = _logbook.Logbook()
    log_pictures(page, 40, *given)
    return page.pictures[-1][2]


EXERCISE = Exercise(
    "4.2",
    "Pictures and histograms",
    3,
    "log_pictures(logbook, step, fake, real_logits, fake_logits)",
    samples,
    probe,
    causes={
        "leaf [Vv]ariable": "a tensor that came in is changed in place: clamp and scale a copy of it",
        "is invalid for input of size": (
            "the numbers given to `view` or `reshape` do not fit: N, C, H and W come from `fake.shape`"
        ),
        "view size is not compatible": "after `permute`, use `reshape`: `view` cannot merge these axes",
        "requires grad": "a tensor is still attached to its graph: `.detach()` it before numpy sees it",
    }
    | _logbook.CAUSES,
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _bytes(images: torch.Tensor) -> torch.Tensor:
    return ((images.detach().double() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def _grid(pixels: torch.Tensor, columns: int = PER_ROW) -> torch.Tensor:
    """Pixel by pixel: the image whose place in the grid it is, and where it lies in that image."""
    count, _, height, width = pixels.shape
    y = torch.arange(count // columns * height)[:, None]
    x = torch.arange(columns * width)
    return pixels[y // height * columns + x // width, :, y % height, x % width].permute(2, 0, 1)


def _downwards(pixels: torch.Tensor) -> torch.Tensor:
    rows = len(pixels) // PER_ROW
    return _grid(pixels.unflatten(0, (PER_ROW, rows)).transpose(0, 1).flatten(0, 1))


def _logging(picture=lambda fake: _grid(_bytes(fake)), logits=lambda own, other: own):
    """An answer that writes this picture of the fakes, and this of the logits of either kind."""

    def answer(logbook, step, fake, real_logits, fake_logits):
        logbook.image(step, "samples/fixed_z", picture(fake))
        logbook.histogram(step, "logits/real", logits(real_logits, fake_logits))
        logbook.histogram(step, "logits/fake", logits(fake_logits, real_logits))

    return answer


expected = _logging()


def _pixels(case: Case) -> str:
    """What is wrong with a uint8 picture of the right shape: its bytes, or where they lie."""
    got, right = numbers(case.got["grid"]), numbers(case.expected["grid"])
    if got.shape != right.shape:
        return ""
    inside = (right > 0) & (right < 255)
    if np.abs(got - right)[inside].max() <= 1.01:
        return "only values beyond [-1, 1] went wrong: `clamp` before the bytes are made, or use `to_uint8`"
    if np.abs(np.sort(got) - np.sort(right)).max() <= 1.01:
        return (
            "the bytes are right but in the wrong places: the first row holds the first four fakes, each "
            "upright; with `permute`, (rows, 4, C, H, W) becomes (C, rows, H, 4, W)"
        )
    ordered = got[inside][np.argsort(right[inside])]
    if (np.diff(ordered) >= -1.01).all():
        return (
            "each pixel is in its place, with another byte: -1 becomes 0, 1 becomes 255, whatever the fakes"
        )
    if (np.diff(ordered) <= 1.01).all():
        return "dark and light are exchanged: -1 becomes 0, 1 becomes 255"
    return "first the bytes of each fake (`to_uint8`), then the fakes row by row, four in a row"


def _as_it_is(kind: str):
    what = f"`logits/{kind}` holds D's logits as they are"
    return same(kind, what, "pass the tensor that you were given, all of it", points=0.5, alone=True)


_SHARED = "the caller still needs this tensor: work on a copy, without `add_`, `clamp_` or `x[…] =`"
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
    same_shape(
        "grid",
        "its shape is (C, rows · H, 4 · W)",
        "all C channels, four fakes in a row, as many rows as there are, and no gap",
        points=0.5,
    ),
    same(
        "grid",
        "row by row, each fake stands upright in its place",
        _pixels,
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
    unchanged("the fakes afterwards", "the fakes keep their values", _SHARED),
    unchanged("the logits afterwards", "the logits keep their values", _SHARED),
    _logbook.stays_open("closed"),
    same(
        "one row",
        "four grey fakes give one row, (1, H, 4 · W)",
        "read N, C, H and W from `fake.shape`; `squeeze()` drops an axis of length 1",
        atol=1.01,
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the fakes were not put side by side: a grid is one picture": _logging(_bytes),
    "that is one fake: all of them belong into the grid": _logging(lambda x: _bytes(x)[0]),
    "channels come first in a logbook's picture, (C, H, W)": _logging(
        lambda x: _grid(_bytes(x)).permute(1, 2, 0)
    ),
    "all fakes are in one row: begin a new row after every four": _logging(
        lambda x: _grid(_bytes(x), len(x))
    ),
    "all fakes are in one column: four go into a row": _logging(lambda x: _grid(_bytes(x), 1)),
    "rows and columns are swapped: four fakes go into a row": _logging(
        lambda x: _grid(_bytes(x), len(x) // PER_ROW)
    ),
    "the fakes run down the columns: fill the first row first": _logging(lambda x: _downwards(_bytes(x))),
    "the pixels are shuffled: `permute` the axes before `reshape` merges them": _logging(
        lambda x: _bytes(x).reshape(x.shape[1], -1, PER_ROW * x.shape[3])
    ),
    "values past [-1, 1] wrapped around: clamp, or use `to_uint8`": _logging(
        lambda x: _grid((((x.double() + 1) * 127.5).round() % 256).to(torch.uint8))
    ),
    "the range is [-1, 1], so -1 must become 0": _logging(lambda x: _grid(_bytes(2 * x.clamp(0, 1) - 1))),
    "all places show the first fake": _logging(lambda x: _grid(_bytes(x)[[0] * len(x)])),
    "real and fake are swapped": _logging(logits=lambda own, other: other),
    "those are probabilities: a histogram of logits does not pile up at 0 and 1": _logging(
        logits=lambda own, other: own.sigmoid()
    ),
    "that is their mean: a histogram wants all of them": _logging(logits=lambda own, other: own.mean()),
    "those are absolute values: the sign says what D thinks": _logging(logits=lambda own, other: own.abs()),
}
