"""Exercise 3.5: the loop: which batch, which z and which state each step meets."""

import copy
import itertools

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03._small_run import seed_of_runs, small_run
from labkit.exercises.probing import elsewhere
from labkit.exercises.properties import Case, fits_any_device, holds, rule, same, says, unchanged
from labkit.exercises.reading import numbers, whole, word


def plan(seed: int) -> tuple[int, int, int]:
    """How far the loop is asked to go, how far later on, and how many steps lie between two pictures.

    The first call ends between the second picture and the third, the later one with the third.
    """
    every = 2 + seed % 3
    return 2 * every + 1, 3 * every, every


class Update:
    """Stands in for the student's step: notes what it is given and moves G by a known amount."""

    def __init__(self, run):
        self.players = run.G, run.D, run.d_optimizer, run.g_optimizer
        self.reals, self.zs, self.training, self.in_place = [], [], [], []

    def __call__(self, G, D, d_optimizer, g_optimizer, real, z):
        given = G, D, d_optimizer, g_optimizer
        self.in_place += [one is own for one, own in zip(given, self.players, strict=True)]
        G = self.players[0]
        self.reals.append(real.detach().clone())
        self.zs.append(z.detach().clone())
        self.training.append(bool(G.training))
        with torch.no_grad():
            G(torch.ones(4, z.shape[1], 1, 1) * torch.arange(4.0).view(4, 1, 1, 1))  # moves the statistics
            G[2].bias += 0.05
        count = len(self.reals)
        return {"d_loss": 1.0 + 0.5 * count, "g_loss": 2.0 - 0.25 * count}


def probe(training_loop, seed: int):
    steps, later, every = plan(seed)
    run = small_run(seed)
    update = Update(run)
    fixed_z, size = run.fixed_z.clone(), (run.batches.batch_size, *run.fixed_z.shape[1:])
    training_loop(run, steps, every, update)
    updates, frames = [len(update.reals)], [len(run.frames)]
    for end in (later, later):  # the second time there is nothing left to do
        training_loop(run, end, every, update)
        updates.append(len(update.reals))
        frames.append(len(run.frames))
    pictures = [_pixels(f) for f in run.frames]
    zs = [z for z in update.zs if z.shape == size]
    return {
        "updates": updates,
        "batches": torch.cat([torch.zeros(0), *(r.flatten() for r in update.reals)]),
        "z shapes": "; ".join(sorted({str(tuple(z.shape)) for z in update.zs})),
        "z": torch.cat([z.flatten() for z in zs]) if zs else torch.zeros(1),
        "step": int(run.step),
        "the losses": [_loss(v) for v in (*run.d_losses, *run.g_losses)],
        "in place": update.in_place,
        "frames": frames,
        "frame types": "; ".join(sorted({_type(f) for f in run.frames})),
        "pixels": torch.cat([f.flatten() for f in pictures]) if pictures else torch.zeros(1),
        "trained": update.training,
        "training": [bool(run.G.training), bool(run.D.training)],
        "batches tracked": run.G[1].num_batches_tracked,
        "change of fixed_z": (run.fixed_z - fixed_z).flatten(),
        "elsewhere": elsewhere(lambda: training_loop(_elsewhere(seed), 1, 2, _meeting)),
        "frames left elsewhere": _where_frames_lie(training_loop, seed),
        "drawn on the CPU": _draws_on_the_cpu(training_loop, seed),
    }


def _where_frames_lie(training_loop, seed: int) -> str:
    """The device of a picture, of a run elsewhere. To fetch it from there fails: "meta" has no numbers."""
    run = _elsewhere(seed)
    elsewhere(lambda: training_loop(run, 1, 1, _meeting))
    return ", ".join(f.device.type for f in run.frames if isinstance(f, torch.Tensor))


def _draws_on_the_cpu(training_loop, seed: int) -> bool:
    """Whether a run elsewhere takes numbers from the CPU's random generator."""
    run, before = _elsewhere(seed), torch.get_rng_state()
    elsewhere(lambda: training_loop(run, 1, 2, _meeting))
    return not torch.equal(torch.get_rng_state(), before)


def _loss(value) -> float:
    return float(value) if isinstance(value, int | float | torch.Tensor) else 0.0


def _elsewhere(seed: int):
    """A run on another device. Its optimizers are not used."""
    run = small_run(seed)
    run.G.to("meta"), run.D.to("meta")
    run.fixed_z = run.fixed_z.to("meta")
    run.batches = itertools.repeat(next(run.batches).to("meta"))
    return run


def _meeting(G, D, d_optimizer, g_optimizer, real, z):
    """An update in which real images and z meet, as they do in D."""
    assert (real.flatten()[:1] + z.flatten()[:1]).shape
    return {"d_loss": 0.0, "g_loss": 0.0}


def _pixels(frame) -> torch.Tensor:
    return frame.detach().cpu() if isinstance(frame, torch.Tensor) else torch.zeros(1)


def _type(frame) -> str:
    return f"{frame.dtype} {tuple(frame.shape)}" if isinstance(frame, torch.Tensor) else type(frame).__name__


EXERCISE = Exercise(
    "3.5",
    "The loop",
    4,
    "training_loop(run, steps, every, update)",
    seed_of_runs,
    probe,
    causes={
        r"expected .* to have \d+ channels": (
            "z does not fit G: its rows are shaped like those of `run.fixed_z`; `update` takes `real`, then "
            "`z`"
        )
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(run, steps, every, update):
    while run.step < steps:
        real = next(run.batches)
        z = torch.randn(len(real), *run.fixed_z.shape[1:])
        told = update(run.G, run.D, run.d_optimizer, run.g_optimizer, real, z)
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

    expected(run, steps, 10**9, after_a_picture)  # so late that it takes none itself


def _then(change):
    """The loop, and after it something else."""

    def answer(run, *how):
        expected(run, *how)
        change(run)

    return answer


def _counted(case: Case):
    updates, step = numbers(case.got["updates"])[-1], whole(case.got["step"])
    if not updates:
        cause = "each turn of the loop calls the `update` that it is given, not another function"
    elif step == plan(case.given)[1] < updates:
        cause = "each call starts again at 0: the loop goes on from `run.step`"
    else:
        cause = "add 1 to `run.step` after each update"
    yield holds(
        "`run.step` counts the updates",
        step == updates,
        got=f"{step} after {updates:g} updates",
        expected="the number of updates",
        cause=cause,
    )


def _to_the_end(case: Case):
    steps, later, _ = plan(case.given)
    updates = numbers(case.got["updates"])
    yield holds(
        "it goes on until `run.step` is `steps`",
        updates.tolist() == [steps, later, later],
        got="updates in all: " + ", ".join(f"{n:g}" for n in updates[:3]),
        expected=f"{steps} for steps={steps}, {later} for steps={later}, and no more for {later} again",
        cause="each turn of the loop calls `update` once; a later call goes on from `run.step`",
    )


def _fresh_z(case: Case):
    run, steps = small_run(case.given), plan(case.given)[1]
    z, in_one = numbers(case.got["z"]), run.batches.batch_size * run.fixed_z.shape[1]
    again = np.isin(z, run.fixed_z.numpy()).mean()  # a number or two may meet by chance
    different = {row.tobytes() for row in z.reshape(-1, in_one)} if z.size % in_one == 0 else ()
    yield holds(
        "z is drawn anew for every update",
        len(different) == steps and again < 0.01,
        got="numbers of fixed_z" if again >= 0.01 else "the same z again",
        expected="fresh numbers",
        cause="fixed_z is for looking only, a z serves one update, and a seed set in the loop repeats them",
    )
    largest = np.abs(z).max()
    yield holds(
        "z is normal, with mean 0 and standard deviation 1",
        abs(z.mean()) < 0.12 and abs(z.std() - 1) < 0.1 and largest > 2.2,
        got=f"mean {z.mean():.2f}, deviation {z.std():.2f}, largest {largest:.2f}",
        expected="mean 0, deviation 1, largest above 3",
        cause="`torch.randn` draws from the normal distribution, `torch.rand` from [0, 1]",
    )


_DRAWN = "`torch.randn(len(real), *run.fixed_z.shape[1:])`"
_ON_FIXED_Z = f"this is the shape of fixed_z, which is for looking only; each update gets a new z, {_DRAWN}"


def _z_shape(case: Case):
    run = small_run(case.given)
    shape = str((run.batches.batch_size, *run.fixed_z.shape[1:]))
    said = word(case.got["z shapes"])
    yield holds(
        "z has one row for each real image, shaped like a row of fixed_z",
        said == shape,
        got=said,
        expected=shape,
        cause=_ON_FIXED_Z if said == str(tuple(run.fixed_z.shape)) else _DRAWN,
    )


def _counted_pictures(case: Case):
    steps, later, every = plan(case.given)
    frames, types = numbers(case.got["frames"]), word(case.got["frame types"])
    if "(" in types and types.count(",") < 3:  # (C, H, W)
        cause = "append one tensor (N, C, H, W) for each picture: `extend` and `+=` take it apart into N"
    else:
        cause = (
            "inside the loop: count first, then ask `run.step % every == 0`, also where a later call goes on"
        )
    yield holds(
        "a picture is taken after every `every` steps",
        frames.tolist() == [2, 3, 3],
        got=f"{frames[0]:g} in {steps} steps with every={every}, {frames[-1]:g} in {later}",
        expected=f"2, after steps {every} and {2 * every}, then a third after step {3 * every}",
        cause=cause,
    )


def _type_of_frame(case: Case):
    run = small_run(case.given)
    shape = next(run.batches).shape
    said, right = (
        word(case.got["frame types"]),
        f"torch.uint8 {(len(run.fixed_z), *shape[1:])}",
    )
    of_z = f"torch.uint8 {tuple(shape)}" in said
    yield holds(
        "a picture is uint8 (N, C, H, W)",
        said == right,
        got=said,
        expected=right,
        cause="the picture was made of z, one image for each real one: it is made of `run.fixed_z`"
        if of_z
        else "`to_uint8(...)` turns [-1, 1] into bytes; keep all axes, and append once per picture",
    )


PROPERTIES = (
    rule(_counted, "step"),
    rule(_to_the_end, "updates", compared=True, points=0.5),
    same(
        "batches",
        "every update gets the next real batch",
        "call `next(run.batches)` once for every update",
        points=0.5,
    ),
    rule(_z_shape, "z shapes"),
    rule(_fresh_z, "z", points=0.5),
    same(
        "the losses",
        "both losses of every step are kept, in order",
        "append what `update` returned under d_loss and g_loss to the two lists of the run",
        points=0.5,
    ),
    unchanged(
        "in place",
        "`update` gets G, D, D's optimizer and G's, in this order",
        "two of them are exchanged, or other objects are passed: write them in the order of the text",
        got="another order",
        expected="update(G, D, d_optimizer, g_optimizer, real, z)",
    ),
    rule(_counted_pictures, "frames", "frame types", compared=True, points=0.5),
    rule(_type_of_frame, "frame types"),
    unchanged(
        ("trained", "training"),
        "both networks are in training mode whenever they are updated",
        "after a picture, set G back with `run.G.train()`",
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
        "the same `run.fixed_z` every time, through G in evaluation mode, then through `to_uint8`",
        points=0.5,
        atol=1.01,  # one step of a byte: rounding may fall either way
    ),
    unchanged(
        "change of fixed_z", "fixed_z stays as it was", "it is drawn once, so that pictures can be compared"
    ),
    fits_any_device("elsewhere"),
    same(
        "drawn on the CPU",
        "z is drawn on the CPU, then moved",
        "without `device=` torch.randn draws on the CPU; `.to(real.device)` moves the numbers",
        got="numbers of another device's random generator",
        expected="one random generator on every device",
    ),
    says(
        "frames left elsewhere",
        "pictures are kept on the CPU",
        "",
        "cpu",
        otherwise="append `to_uint8(...).cpu()`: on a GPU the frames would fill its memory",
        got="a picture on the device of G",
        expected="a picture on the CPU",
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
