"""Exercise 3.6: a run that is thrown away and loaded must go on as if nothing had happened.

The probe notes the state of the runs at five moments; what has to equal what, the judge knows.
"""

import contextlib
import functools
import re
import tempfile
from pathlib import Path

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03._small_run import seed_of_runs, small_run
from labkit.exercises.properties import Case, alike, holds, identical, rule, says
from labkit.exercises.reading import is_true, word

BEFORE, AFTER = 4, 5
RANDOM, MODES = "the random state", "training mode"
_BROKEN = "no file that can be loaded"


def probe(Checkpoint, seed: int):
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path = Path(folder) / "run.pt"
        Checkpoint(path).save(_run(seed + 3, data_seed=seed))  # an older file, to be replaced
        run = _run(seed)
        advance(run, BEFORE)
        values = _seen(run, "before")
        Checkpoint(path).save(run)
        values |= _seen(run, "after saving")
        written = path.is_file() and path.stat().st_size > 0
        strays = sorted(p.name for p in Path(folder).rglob("*") if p.is_file() and p.name != path.name)
        plain = _plain(path) if written else _BROKEN
        advance(run, AFTER)

        other = _run(seed + 1, data_seed=seed)
        advance(other, 2)
        values = {"written": written, "other files": ", ".join(strays), "plain": plain} | values
        if not written or strays or plain:
            return values
        # The file alone goes to another place, and something else was saved meanwhile.
        moved = Path(folder) / "moved" / "elsewhere.pt"
        moved.parent.mkdir()
        path.rename(moved)
        Checkpoint(path).save(other)
        torch.manual_seed(seed + 2)
        Checkpoint(moved).load(other)
        values |= _seen(other, "after loading")
        advance(other, AFTER)
        return values | _seen(run, "at the end") | _seen(other, "resumed") | {"the weights": weights(other)}


def _run(seed: int, **more):
    """In double precision: where a gradient is next to nothing, Adam makes steps of a float's last digits."""
    return small_run(seed, dtype=torch.float64, **more)


def advance(run, steps: int) -> None:
    """Some steps that use all that a run has: the next batch, fresh z, both optimizers."""
    for _ in range(steps):
        real = next(run.batches)
        fake = run.G(torch.randn(len(real), *run.fixed_z.shape[1:], dtype=torch.float64))
        gap = (run.D(real) - run.D(fake)).mean()
        spread = 0.1 * (run.D(real) ** 2).mean()
        run.d_optimizer.zero_grad()
        run.g_optimizer.zero_grad()
        d_gradients = torch.autograd.grad(spread - gap, list(run.D.parameters()), retain_graph=True)
        g_gradients = torch.autograd.grad(gap, list(run.G.parameters()))
        for net, gradients in ((run.D, d_gradients), (run.G, g_gradients)):
            for weight, gradient in zip(net.parameters(), gradients, strict=True):
                weight.grad = gradient
        run.d_optimizer.step()
        run.g_optimizer.step()
        run.step += 1
        run.d_losses.append((spread - gap).item())
        run.g_losses.append(gap.item())
        if run.step % 2 == 0:
            run.frames.append((fake[:2].detach() * 100 + 128).to(torch.uint8))


def state(run) -> dict[str, list[np.ndarray]]:
    """Every part of the run as arrays, in a fixed order; an empty list for what is of another kind."""
    parts = {
        "G": lambda: list(run.G.state_dict().values()),
        "D": lambda: list(run.D.state_dict().values()),
        "d_optimizer": lambda: _moments(run.d_optimizer),
        "g_optimizer": lambda: _moments(run.g_optimizer),
        "batches": lambda: [float(v) for v in run.batches.state_dict().values()],
        "step": lambda: [float(run.step)],
        "fixed_z": lambda: [run.fixed_z],
        "d_losses": lambda: [float(v) for v in run.d_losses],
        "g_losses": lambda: [float(v) for v in run.g_losses],
        "frames": lambda: list(run.frames),
        MODES: lambda: _modes(run.G, run.D),
    }
    return {name: _arrays(part) for name, part in parts.items()}


def weights(run) -> np.ndarray:
    """All that G and D hold, in one row."""
    parts = state(run)
    return np.concatenate([array.ravel() for array in (np.zeros(0), *parts["G"], *parts["D"])])


def _arrays(part) -> list[np.ndarray]:
    try:
        return [np.array(torch.as_tensor(v).detach().cpu()) for v in part()]
    except (TypeError, ValueError, AttributeError, KeyError, RuntimeError):
        return []


def _moments(optimizer) -> list:
    state = optimizer.state_dict()["state"]
    rates = [group["lr"] for group in optimizer.param_groups]
    return rates + [state[i][key] for i in sorted(state) for key in ("step", "exp_avg", "exp_avg_sq")]


def _modes(*networks) -> list[float]:
    """Which layers are in training mode, and which weights can learn."""
    modes = [float(m.training) for net in networks for m in net.modules()]
    return modes + [float(p.requires_grad) for net in networks for p in net.parameters()]


def _seen(run, when: str) -> dict[str, np.ndarray]:
    """Every part of the run and torch's random state as one row each, under names that end with ``when``."""
    rows = {f"{name} {when}": _row(arrays) for name, arrays in state(run).items()}
    return rows | {f"{RANDOM} {when}": torch.get_rng_state().numpy().copy()}


def _row(arrays: list[np.ndarray]) -> np.ndarray:
    """Some arrays in one row, each with its shape before it."""
    return np.concatenate([np.zeros(0), *(part for a in arrays for part in (np.array(a.shape), a.ravel()))])


def _plain(path: Path) -> str:
    """Why the file is not plain data; empty when it is."""
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if found := re.search(r"GLOBAL ([\w.]+)", str(error)):
            return f"an object of {found[1][:60]}"
        return str(error).strip().split("\n")[0][:90] or _BROKEN
    return ""


EXERCISE = Exercise(
    "3.6",
    "Save, kill, resume",
    4,
    "Checkpoint(path).save(run), then .load(run)",
    seed_of_runs,
    probe,
    causes={
        "Weights only load failed|WeightsUnpickler": (
            "the file holds objects, not plain data: save `state_dict()`s"
        ),
        r"RNG state must be|ByteTensor": (
            'the random state must be on the CPU: load with `map_location="cpu"`'
        ),
        "_IncompatibleKeys": (
            "`load_state_dict` changes the network itself and returns something else: do not assign it"
        ),
        r"'(collections\.)?(OrderedDict|dict)' object (is not|has no)": (
            "a state dictionary stands where a network, an optimizer or the batches belong: load it with "
            "their `load_state_dict(...)`"
        ),
        r"loading state_dict|loaded state dict|must match the size": (
            "a state does not fit what it is loaded into: does each part have its own name in the file, and "
            "is it loaded into what it came from?"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

# There is no ``expected`` and there are no mistakes: the part that does not come back names what is missing.


@functools.lru_cache(maxsize=16)
def _uninterrupted(seed: int) -> np.ndarray:
    """The weights of the run that nobody stopped; kept, because a class shares them."""
    run = _run(seed)
    advance(run, BEFORE + AFTER)
    found = weights(run)
    found.setflags(write=False)
    return found


def _written(case: Case):
    yield holds(
        "`save` writes the file",
        is_true(case.got["written"]),
        got="no file at the path",
        expected="a file at `self.path`",
        cause="`torch.save(something, self.path)`: what is kept in memory dies with the run",
    )


def _alone(case: Case):
    strays = word(case.got["other files"])
    yield holds(
        "all lies in this one file",
        strays == "",
        got=f"other files: {strays}",
        expected="nothing but the file at `self.path`",
        cause="gather all parts in one dictionary and save that: a second file is soon forgotten",
    )


def _only_read(case: Case):
    changed = [name for name in _PARTS if not _same(case, name, "before", "after saving")]
    changed = RANDOM if RANDOM in changed else "; ".join(changed)
    yield holds(
        "saving changes nothing in the run",
        not changed,
        got=f"changed: {changed}",
        expected="the run as it was",
        cause="`save` only reads",
    )


_WORDS = {
    RANDOM: "torch's random state comes back",
    MODES: "loading leaves both networks in training mode, with weights that can learn",
}


def _comes_back(name: str, points: float, cause: str):
    def find(case: Case):
        yield holds(
            _WORDS.get(name, f"{name} comes back"),
            _same(case, name, "before", "after loading"),
            got="something else than was saved" if name != RANDOM else "other random numbers after the load",
            expected="what was saved" if name != RANDOM else "the z that the killed run would have drawn",
            cause=cause,
        )

    return rule(find, f"{name} before", f"{name} after loading", compared=True, points=points)


def _goes_on(case: Case):
    same_end = all(_same(case, name, "at the end", "resumed") for name in _PARTS)
    yield holds(
        f"{AFTER} steps later the resumed run is the uninterrupted one, bit for bit",
        same_end and alike(case.got["the weights"], _uninterrupted(case.given), rtol=1e-3, atol=1e-4),
        got="other weights",
        expected="the same weights",
        cause="something that the next step depends on is missing, or shared with the old run",
    )


def _same(case: Case, name: str, one: str, other: str) -> bool:
    return identical(case.got[f"{name} {one}"], case.got[f"{name} {other}"])


_NETWORK = "save `run.{}.state_dict()`, which holds the weights and batch norm's statistics, and load it"
_ADAM = (
    "its learning rate, and Adam's mean and square for every weight of {}: save its `state_dict()`, and load "
    "it again"
)
_CURVE = "`load` replaces the list of {}'s losses by the saved one, no shorter and no longer"
_PARTS = {  # what comes back: its points, and what to say if it does not
    "G": (0.5, _NETWORK.format("G")),
    "D": (0.5, _NETWORK.format("D")),
    "d_optimizer": (0.5, _ADAM.format("D")),
    "g_optimizer": (0.5, _ADAM.format("G")),
    "batches": (
        0.5,
        "the order of the data and the place in it: save `run.batches.state_dict()`, and load it",
    ),
    "step": (0, "`run.step` becomes the number that was saved, or else the loop starts to count again"),
    "fixed_z": (0, "with another fixed_z the pictures before and after the break show other faces"),
    "d_losses": (0, _CURVE.format("D")),
    "g_losses": (0, _CURVE.format("G")),
    "frames": (
        0,
        "`load` replaces the list by the saved one: without the frames the animation begins at the break",
    ),
    MODES: (0, "`.eval()` and `requires_grad_(False)` are for a network in use: this one goes on training"),
    RANDOM: (0.5, "save `torch.get_rng_state()`, and set it as the last thing in `load`"),
}


def _all(*moments: str) -> list[str]:
    return [f"{name} {when}" for when in moments for name in _PARTS]


PROPERTIES = (
    rule(_written, "written", compared=True),
    rule(_alone, "other files", compared=True),
    says(
        "plain",
        "the file holds plain data",
        "",
        otherwise=(
            "save `state_dict()`s, tensors, numbers and lists, not the objects, and no numpy arrays: a "
            "pickled object can run code when it is loaded"
        ),
        expected="tensors, numbers, strings, lists and dictionaries",
        points=0.5,
    ),
    rule(_only_read, *_all("before", "after saving"), compared=True),
    *(_comes_back(name, *how) for name, how in _PARTS.items()),
    rule(_goes_on, *_all("at the end", "resumed"), "the weights", compared=True, points=0.5),
)
