"""Judge of exercise 3.5: which batch, which z and which state each step of a loop met."""

import numpy as np
import torch

from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.reading import all_are, is_true, numbers, whole, word
from labkit.exercises.run_specs import BATCH, EVERY, LATENT, STEPS, Update, small_run


def judge_loop(seed: int, got):
    run = small_run(seed)
    yield holds(
        "`run.step` counts the updates",
        whole(got["step"]) == whole(got["updates"]) + whole(got["updates later"]),
        got=f"{whole(got['step'])} after {whole(got['updates']) + whole(got['updates later'])} updates",
        expected="the number of updates",
        cause="add 1 to `run.step` after each update",
    )
    yield holds(
        "it goes on until `run.step` is `steps`",
        (whole(got["updates"]), whole(got["updates later"])) == (STEPS, 2),
        got=f"{whole(got['updates'])} updates, then {whole(got['updates later'])}",
        expected=f"{STEPS} updates up to steps={STEPS}, then 2 more up to {STEPS + 2}",
        cause="each turn of the loop calls `update` once; a later call goes on from `run.step`",
    )
    reals = np.concatenate([next(run.batches).numpy().ravel() for _ in range(STEPS + 2)])
    once = np.tile(reals[: len(reals) // (STEPS + 2)], STEPS + 2)
    yield close(
        "every update gets the next real batch",
        got["batches"],
        reals,
        mistakes={"every update gets the same batch: call `next(run.batches)` inside the loop": once},
        cause="call `next(run.batches)` once for every update",
    )
    yield from _judge_z(run, got)
    counts = np.arange(1, STEPS + 3)
    d_losses, g_losses = 1 + 0.5 * counts, 2 - 0.25 * counts
    yield close(
        "both losses of every step are kept, in order",
        got["the losses"],
        np.concatenate([d_losses, g_losses]),
        mistakes={
            "the two losses are swapped": np.concatenate([g_losses, d_losses]),
            "only D's losses are kept": d_losses,
            "only G's losses are kept": g_losses,
        },
        cause="append what `update` returned under d_loss and g_loss to the two lists of the run",
    )
    yield holds(
        "a picture is taken after every `every` steps",
        whole(got["frames"]) == STEPS // EVERY,
        got=f"{whole(got['frames'])} in {STEPS} steps with every={EVERY}",
        expected=f"{STEPS // EVERY}, after steps 3 and 6",
        cause="count first, then ask whether `run.step % every == 0`",
    )
    frames = word(got["frame types"])
    yield holds(
        "a picture is uint8 (N, C, H, W)",
        frames == "torch.uint8 (5, 1, 4, 4)" and got["pixels"].dtype == np.uint8,
        got=frames,
        expected="torch.uint8 (5, 1, 4, 4)",
        cause="the picture was made of z, one image for each real one: it is made of `run.fixed_z`"
        if "torch.uint8 (6, 1, 4, 4)" in frames
        else "`to_uint8(...)` turns [-1, 1] into bytes; keep all axes, and append once per picture",
    )
    yield holds(
        "G is in training mode whenever it is updated",
        all_are(got["trained"], True, STEPS + 2) and is_true(got["training"]),
        got="evaluation mode",
        expected="training mode",
        cause="after a picture, set it back with `run.G.train()`",
    )
    yield holds(
        "looking does not change G",
        whole(got["batches tracked"]) == STEPS + 2,
        got="batch norm counted the pictures as training",
        expected="running statistics as the updates left them",
        cause="take the picture in evaluation mode: `run.G.eval()` before, `run.G.train()` after",
    )
    expected, late, moving = _pictures(seed)
    yield close(
        "a picture shows G(fixed_z) after that step",
        got["pixels"],
        expected,
        mistakes={
            "the picture shows G before the update of that step": late,
            "all pictures are of one moment": moving,
        },
        cause="the same `run.fixed_z` every time, through G in evaluation mode",
        atol=1.01,  # one step of a byte: rounding may fall either way
    )


def _judge_z(run, got):
    yield holds(
        "z has one row for each real image, shaped like a row of fixed_z",
        word(got["z shapes"]) == str((BATCH, LATENT, 1, 1)),
        got=word(got["z shapes"]),
        expected=(BATCH, LATENT, 1, 1),
        cause="`torch.randn(len(real), *run.fixed_z.shape[1:])`",
    )
    z = numbers(got["z"])
    different = (
        {row.tobytes() for row in z.reshape(-1, BATCH * LATENT)} if z.size % (BATCH * LATENT) == 0 else ()
    )
    yield holds(
        "z is drawn anew for every update",
        len(different) == STEPS + 2 and not np.isin(z, run.fixed_z.numpy()).any(),
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


def _pictures(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the pictures should show, what they show one update too early, and the last one repeated."""
    run, update = small_run(seed), Update()
    shown = []
    for _ in range(STEPS):
        update(run.G, None, None, None, torch.zeros(1), torch.zeros(1))
        run.G.eval()
        with torch.no_grad():
            shown.append(((run.G(run.fixed_z) + 1) * 127.5).round().clamp(0, 255).numpy())
        run.G.train()
    right = [shown[s - 1] for s in range(EVERY, STEPS + 1, EVERY)]
    early = [shown[s - 2] for s in range(EVERY, STEPS + 1, EVERY)]
    return tuple(np.concatenate([p.ravel() for p in ps]) for ps in (right, early, right[-1:] * len(right)))
