"""Judges of exercises 4.1 and 4.2: what has been written into a logbook, against what was there to write."""

import numpy as np

from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.logging_specs import COLUMNS, EVERY, LAST
from labkit.exercises.reading import whole, word


def judge_losses(given, got):
    tags = word(got["tags"])
    names = {
        "nothing was written: call `logbook.scalars(step, {tag: value})`": not tags,
        "only D's loss was written": tags == "loss/d",
        "only G's loss was written": tags == "loss/g",
    }
    yield holds(
        "the tags are `loss/d` and `loss/g`",
        tags == "loss/d; loss/g",
        got=tags or "none",
        expected="loss/d; loss/g",
        cause=next((c for c, so in names.items() if so), "a tag is letter for letter what the text says"),
    )
    steps = np.arange(1, LAST + 1)
    logged = steps[steps % EVERY == 0]
    found = np.asarray(got["steps"])

    def both(which):
        return np.concatenate([which, which])

    yield close(
        f"with every={EVERY}, the steps {', '.join(map(str, logged))} are written, and no others",
        found,
        both(logged),
        mistakes={
            "every step was written: `every` decides which": both(steps),
            "the condition is turned round": both(steps[steps % EVERY != 0]),
            "the first multiple only: ask for `step % every == 0`": both(logged[:1]),
            "the row's number stands where the step should: pass `step` itself": both(logged // EVERY),
            "one step late: the steps count from 1": both(steps[steps % EVERY == 1]),
            "each number was written twice": np.concatenate([np.repeat(logged, 2)] * 2),
        },
        cause="write when `step % every` is 0, under the number `step`",
    )
    d_loss, g_loss = given.numpy()[logged - 1].T
    yield close(
        "the values are the losses of those steps",
        got["values"],
        np.concatenate([d_loss, g_loss]),
        mistakes={
            "the two losses are swapped": np.concatenate([g_loss, d_loss]),
            "both tags hold D's loss": both(d_loss),
            "both tags hold G's loss": both(g_loss),
            "divided by `every`: a curve shows the loss itself": np.concatenate([d_loss, g_loss]) / EVERY,
        },
        cause="under `loss/d` the value of d_loss, under `loss/g` that of g_loss, unchanged",
    )


def judge_pictures(given, got):
    yield holds(
        "one picture is written, as `samples/fixed_z`",
        word(got["picture tags"]) == "samples/fixed_z" and whole(got["pictures"]) == 1,
        got=f"{whole(got['pictures'])} under {word(got['picture tags']) or 'no tag'}",
        expected="1 under samples/fixed_z",
        cause="put all fakes side by side first, then call `logbook.image(step, tag, grid)` once",
    )
    pixels = ((given["fake"].double().numpy() + 1) * 127.5).clip(0, 255)
    n, c, h, w = pixels.shape
    rows = n // COLUMNS
    grid, wanted = np.asarray(got["grid"]), (c, rows * h, COLUMNS * w)
    yield holds(
        "the picture is uint8",
        word(got["type"]) == "torch.uint8" and grid.dtype == np.uint8,
        got=word(got["type"]),
        expected="torch.uint8",
        cause="`to_uint8` turns [-1, 1] into bytes; TensorBoard would read floats as 0 to 1",
    )
    shapes = {
        "the fakes were not put side by side: a grid is one picture": (n, c, h, w),
        "that is one fake: all of them belong into the grid": (c, h, w),
        "channels come first in a logbook's picture, (C, H, W)": (rows * h, COLUMNS * w, c),
        "all fakes are in one row: begin a new row after every four": (c, h, n * w),
        "all fakes are in one column: four go into a row": (c, n * h, w),
        "rows and columns are swapped: four fakes go into a row": (c, COLUMNS * h, rows * w),
    }
    yield holds(
        "its shape is (C, rows · H, 4 · W)",
        grid.shape == wanted,
        got=f"shape {grid.shape}",
        expected=f"shape {wanted}",
        cause=next((c for c, s in shapes.items() if grid.shape == s), "four fakes in a row, and no gap"),
    )

    def tiled(images):
        lines = [np.concatenate(list(images[r * COLUMNS : (r + 1) * COLUMNS]), axis=2) for r in range(rows)]
        return np.concatenate(lines, axis=1)

    down = np.stack([pixels[(i % COLUMNS) * rows + i // COLUMNS] for i in range(n)])
    wrapped = np.round((given["fake"].double().numpy() + 1) * 127.5) % 256
    yield close(
        "row by row, each fake stands upright in its place",
        grid,
        tiled(pixels),
        mistakes={
            "the fakes run down the columns: fill the first row first": tiled(down),
            "the pixels are shuffled: `permute` the axes before `reshape` merges them": pixels.reshape(
                wanted
            ),
            "values past [-1, 1] wrapped around: clamp, or use `to_uint8`": tiled(wrapped),
            "the range is [-1, 1], so -1 must become 0": tiled(
                (given["fake"].double().numpy() * 255).clip(0, 255)
            ),
            "all places show the first fake": tiled(np.repeat(pixels[:1], n, 0)),
        },
        cause="the axes (rows, 4, C, H, W) have to become (C, rows, H, 4, W) before they are merged",
        atol=1.01,
    )
    yield from _judge_spreads(given, got)


def _judge_spreads(given, got):
    yield holds(
        "two histograms are written, `logits/real` and `logits/fake`",
        word(got["histogram tags"]) == "logits/fake; logits/real",
        got=word(got["histogram tags"]) or "none",
        expected="logits/fake; logits/real",
        cause="`logbook.histogram(step, tag, values)`, once for each of the two",
    )
    real, fake = (given[name].double().numpy() for name in ("real_logits", "fake_logits"))
    for tag, own, other in (("real", real, fake), ("fake", fake, real)):
        yield close(
            f"`logits/{tag}` holds D's logits as they are",
            np.asarray(got[tag]).ravel(),
            own,
            mistakes={
                "real and fake are swapped": other,
                "those are probabilities: a histogram of logits does not pile up at 0 and 1": 1
                / (1 + np.exp(-own)),
                "that is their mean: a histogram wants all of them": own.mean().reshape(1),
                "those are absolute values: the sign says what D thinks": np.abs(own),
            },
            cause="pass the tensor that you were given, all of it",
        )
    steps = got["steps"]
    yield holds(
        "all of it stands at the step given",
        steps.shape == (3,) and bool((steps == 40).all()),
        got=str(steps.tolist()) if steps.ndim == 1 and steps.size < 20 else f"shape {steps.shape}",
        expected="[40, 40, 40]",
        cause="pass `step` on to every call",
    )
