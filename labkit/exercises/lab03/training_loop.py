"""Exercise 3.5: the loop: which batch, which z and which state each step meets."""

import copy
import itertools

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03._small_run import BATCH, LATENT, seed_of_runs, small_run
from labkit.exercises.properties import Case, holds, rule, same, says, unchanged
from labkit.exercises.reading import numbers, whole, word

STEPS, EVERY = 7, 3


class Update:
    """Stands in for the student's step: notes what it is given and moves G by a known amount."""

    def __init__(self):
        self.reals, self.zs, self.training = [], [], []

    def __call__(self, G, D, d_optimizer, g_optimizer, real, z):
        self.reals.append(real.detach().clone())
        self.zs.append(z.detach().clone())
        self.training.append(bool(G.training))
        with torch.no_grad():
            G(torch.ones(4, LATENT, 1, 1) * torch.arange(4.0).view(4, 1, 1, 1))  # moves the statistics
            G[2].bias += 0.05
        count = len(self.reals)
        return {"d_loss": 1.0 + 0.5 * count, "g_loss": 2.0 - 0.25 * count}


def probe(training_loop, seed: int):
    run, update = small_run(seed), Update()
    training_loop(run, STEPS, EVERY, update)
    first = len(update.reals)
    pictures = [_pixels(f) for f in run.frames]
    training_loop(run, STEPS + 2, EVERY, update)
    zs = [z for z in update.zs if z.shape == (BATCH, LATENT, 1, 1)]
    return {
        "updates": first,
        "updates later": len(update.reals) - first,
        "batches": torch.cat([r.flatten() for r in update.reals]),
        "z shapes": "; ".join(sorted({str(tuple(z.shape)) for z in update.zs})),
        "z": torch.cat([z.flatten() for z in zs]) if zs else torch.zeros(1),
        "step": int(run.step),
        "the losses": [float(v) for v in (*run.d_losses, *run.g_losses)],
        "frames": len(pictures),
        "frame types": "; ".join(sorted({_type(f) for f in run.frames})),
        "pixels": torch.cat([f.flatten() for f in pictures]) if pictures else torch.zeros(1),
        "trained": update.training,
        "training": bool(run.G.training),
        "batches tracked": run.G[1].num_batches_tracked,
    }


def _pixels(frame) -> torch.Tensor:
    return frame.detach().cpu() if isinstance(frame, torch.Tensor) else torch.zeros(1)


def _type(frame) -> str:
    return f"{frame.dtype} {tuple(frame.shape)}" if isinstance(frame, torch.Tensor) else type(frame).__name__


EXERCISE = Exercise("3.5", "The loop", 4, "training_loop(run, steps, every, update)", seed_of_runs, probe)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(run, steps, every, update):
    while run.step < steps:
        z = torch.randn(BATCH, *run.fixed_z.shape[1:])
        told = update(run.G, None, None, None, next(run.batches), z)  # the probe asks for no more
        run.step += 1
        run.d_losses.append(told["d_loss"])
        run.g_losses.append(told["g_loss"])
        if run.step % every == 0:
            run.frames.append(_picture(run))


def _picture(run) -> torch.Tensor:
    """The bytes of G(fixed_z), by a copy of G."""
    images = copy.deepcopy(run.G).eval()(run.fixed_z)
    return ((images.detach() + 1) * 127.5).round().byte()


def _one_batch(run, *how):
    run.batches = itertools.repeat(next(run.batches))
    expected(run, *how)


def _swapped(run, steps, every, update):
    def swapping(*given):
        d_loss, g_loss = update(*given).values()
        return {"d_loss": g_loss, "g_loss": d_loss}

    expected(run, steps, every, swapping)


def _early(run, steps, every, update):
    def after_a_picture(*given):
        if (run.step + 1) % every == 0:
            run.frames.append(_picture(run))
        return update(*given)

    expected(run, steps, steps + 1, after_a_picture)  # so late that it takes none itself


def _then(change):
    """The loop, and after it something else."""

    def answer(run, *how):
        expected(run, *how)
        change(run)

    return answer


def _counted(case: Case):
    updates = whole(case.got["updates"]) + whole(case.got["updates later"])
    yield holds(
        "`run.step` counts the updates",
        whole(case.got["step"]) == updates,
        got=f"{whole(case.got['step'])} after {updates} updates",
        expected="the number of updates",
        cause="add 1 to `run.step` after each update",
    )


def _to_the_end(case: Case):
    first, later = whole(case.got["updates"]), whole(case.got["updates later"])
    yield holds(
        "it goes on until `run.step` is `steps`",
        (first, later) == (STEPS, 2),
        got=f"{first} updates, then {later}",
        expected=f"{STEPS} updates up to steps={STEPS}, then 2 more up to {STEPS + 2}",
        cause="each turn of the loop calls `update` once; a later call goes on from `run.step`",
    )


def _fresh_z(case: Case):
    z, in_one = numbers(case.got["z"]), BATCH * LATENT
    again = np.isin(z, small_run(case.given).fixed_z.numpy()).mean()  # a number or two may meet by chance
    different = {row.tobytes() for row in z.reshape(-1, in_one)} if z.size % in_one == 0 else ()
    yield holds(
        "z is drawn anew for every update",
        len(different) == STEPS + 2 and again < 0.01,
        got="the same z again",
        expected="fresh numbers",
        cause="fixed_z is for looking only: training on it teaches G nothing but these few points",
    )
    largest = np.abs(z).max()
    yield holds(
        "z is normal, with mean 0 and standard deviation 1",
        abs(z.mean()) < 0.12 and abs(z.std() - 1) < 0.1 and largest > 2.2,
        got=f"mean {z.mean():.2f}, deviation {z.std():.2f}, largest {largest:.2f}",
        expected="mean 0, deviation 1, largest above 3",
        cause="`torch.randn` draws from the normal distribution, `torch.rand` from [0, 1]",
    )


def _counted_pictures(case: Case):
    count = whole(case.got["frames"])
    yield holds(
        "a picture is taken after every `every` steps",
        count == STEPS // EVERY,
        got=f"{count} in {STEPS} steps with every={EVERY}",
        expected=f"{STEPS // EVERY}, after steps 3 and 6",
        cause="count first, then ask whether `run.step % every == 0`",
    )


def _no_picture(case: Case) -> str:
    if "torch.uint8 (6, 1, 4, 4)" in word(case.got["frame types"]):
        return "the picture was made of z, one image for each real one: it is made of `run.fixed_z`"
    return "`to_uint8(...)` turns [-1, 1] into bytes; keep all axes, and append once per picture"


PROPERTIES = (
    rule(_counted, "step", compared=True),
    rule(_to_the_end, "updates", "updates later", compared=True, points=0.5),
    same(
        "batches",
        "every update gets the next real batch",
        "call `next(run.batches)` once for every update",
        points=0.5,
    ),
    says(
        "z shapes",
        "z has one row for each real image, shaped like a row of fixed_z",
        str((BATCH, LATENT, 1, 1)),
        otherwise="`torch.randn(len(real), *run.fixed_z.shape[1:])`",
    ),
    rule(_fresh_z, "z", points=0.5),
    same(
        "the losses",
        "both losses of every step are kept, in order",
        "append what `update` returned under d_loss and g_loss to the two lists of the run",
        points=0.5,
    ),
    rule(_counted_pictures, "frames", compared=True, points=0.5),
    says(
        "frame types",
        "a picture is uint8 (N, C, H, W)",
        "torch.uint8 (5, 1, 4, 4)",
        otherwise=_no_picture,
    ),
    unchanged(
        ("trained", "training"),
        "G is in training mode whenever it is updated",
        "after a picture, set it back with `run.G.train()`",
        got="evaluation mode",
        expected="training mode",
        points=0.5,
    ),
    same(
        "batches tracked",
        "looking does not change G",
        "take the picture in evaluation mode: `run.G.eval()` before, `run.G.train()` after",
        got="batch norm counted the pictures as training",
        expected="running statistics as the updates left them",
        points=0.5,
    ),
    same(
        "pixels",
        "a picture shows G(fixed_z) after that step",
        "the same `run.fixed_z` every time, through G in evaluation mode",
        points=0.5,
        atol=1.01,  # one step of a byte: rounding may fall either way
    ),
)

MISTAKES = {
    "every update gets the same batch: call `next(run.batches)` inside the loop": _one_batch,
    "the two losses are swapped": _swapped,
    "only D's losses are kept": _then(lambda run: run.g_losses.clear()),
    "only G's losses are kept": _then(lambda run: run.d_losses.clear()),
    "the picture shows G before the update of that step": _early,
    "all pictures are of one moment": _then(
        lambda run: setattr(run, "frames", run.frames[-1:] * len(run.frames))
    ),
}
