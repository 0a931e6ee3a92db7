"""Lab 03, save, kill, resume: a run that is thrown away and loaded must go on as if nothing had happened.

The probe notes the state of the runs at five moments; what has to equal what, the judge knows.
"""

import re
import tempfile
from pathlib import Path

import numpy as np
import torch

from labkit.exercises.run_specs import LATENT, small_run

BEFORE, AFTER = 4, 5
PARTS = (
    "G",
    "D",
    "d_optimizer",
    "g_optimizer",
    "batches",
    "step",
    "fixed_z",
    "d_losses",
    "g_losses",
    "frames",
)
RANDOM = "the random state"
AGREES = ("plain", "the weights") + tuple(
    f"{part} {when}" for when in ("after saving", "after loading", "resumed") for part in (*PARTS, RANDOM)
)
_BROKEN = "no file that can be loaded"


def probe_checkpoint(Checkpoint, seed: int):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.pt"
        run = small_run(seed)
        advance(run, BEFORE)
        values = _seen(run, "before")
        Checkpoint(path).save(run)
        values |= _seen(run, "after saving")
        size = path.stat().st_size if path.is_file() else 0
        plain = _plain(path) if size else _BROKEN
        advance(run, AFTER)

        other = small_run(seed + 1, data_seed=seed)
        advance(other, 2)
        torch.manual_seed(seed + 2)
        values = {"size": size, "plain": plain} | values
        if not size or plain:
            return values
        Checkpoint(path).load(other)
        values |= _seen(other, "after loading")
        advance(other, AFTER)
        return values | _seen(run, "at the end") | _seen(other, "resumed") | {"the weights": weights(other)}


def advance(run, steps: int) -> None:
    """Some steps that use all that a run has: the next batch, fresh z, both optimizers."""
    for _ in range(steps):
        real = next(run.batches)
        fake = run.G(torch.randn(len(real), LATENT, 1, 1))
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
    return [state[i][key] for i in sorted(state) for key in ("step", "exp_avg", "exp_avg_sq")]


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
