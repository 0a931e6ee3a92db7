"""Judge of exercise 3.6: which part of a killed run did not come back.

The probe has noted the runs' states and compared nothing: what must equal what is asked here. That the states
are those of a run that went on, one sees by the weights at the end.
"""

import functools

import numpy as np

from labkit.exercises.judges.comparing import close, holds, same
from labkit.exercises.reading import whole, word
from labkit.exercises.resume_specs import AFTER, BEFORE, RANDOM, advance, weights
from labkit.exercises.run_specs import small_run


def judge_checkpoint(seed: int, got):
    yield holds(
        "`save` writes the file",
        whole(got["size"]) > 0,
        got="no file at the path",
        expected="one file",
        cause="`torch.save(something, self.path)`: what is kept in memory dies with the run",
    )
    yield holds(
        "the file holds plain data",
        not word(got["plain"]),
        got=word(got["plain"]),
        expected="tensors, numbers, strings, lists and dictionaries",
        cause="save `state_dict()`s, not the objects: a pickled object can run code when it is loaded",
    )
    changed = _differ(got, "before", "after saving")
    changed = RANDOM if RANDOM in changed else "; ".join(changed)
    yield holds(
        "saving changes nothing in the run",
        not changed,
        got=f"changed: {changed}",
        expected="the run as it was",
        cause="`save` only reads",
    )
    missing = _differ(got, "before", "after loading")
    for name, cause in _PARTS.items():
        yield holds(
            f"{name} comes back",
            name not in missing,
            got="something else than was saved",
            expected="what was saved",
            cause=cause,
        )
    yield holds(
        "torch's random state comes back",
        RANDOM not in missing,
        got="other random numbers after the load",
        expected="the z that the killed run would have drawn",
        cause="save `torch.get_rng_state()`, and set it as the last thing in `load`",
    )
    yield holds(
        f"{AFTER} steps later the resumed run is the uninterrupted one, bit for bit",
        not _differ(got, "at the end", "resumed")
        and close("", got["the weights"], _uninterrupted(seed), rtol=1e-3, atol=1e-4).ok,
        got="other weights",
        expected="the same weights",
        cause="something that the next step depends on is missing, or shared with the old run",
    )


_PARTS = {
    "G": "save `run.G.state_dict()`, which holds the weights and batch norm's statistics",
    "D": "save `run.D.state_dict()`, which holds the weights and batch norm's statistics",
    "d_optimizer": "Adam remembers a mean and a square for every weight of D: save its `state_dict()`",
    "g_optimizer": "Adam remembers a mean and a square for every weight of G: save its `state_dict()`",
    "batches": "the order of the data and the place in it: save `run.batches.state_dict()`",
    "step": "without `run.step` the loop starts to count again",
    "fixed_z": "with another fixed_z the pictures before and after the break show other faces",
    "d_losses": "without the list of D's losses the curve begins at the break",
    "g_losses": "without the list of G's losses the curve begins at the break",
    "frames": "without the frames the animation begins at the break",
}


def _differ(got, one: str, other: str) -> list[str]:
    """What is not the same at these two moments: parts of the run, or the random state."""
    return [name for name in (*_PARTS, RANDOM) if not same(got[f"{name} {one}"], got[f"{name} {other}"])]


@functools.lru_cache(maxsize=16)
def _uninterrupted(seed: int) -> np.ndarray:
    """The weights of the run that nobody stopped; kept, because a class shares them."""
    run = small_run(seed)
    advance(run, BEFORE + AFTER)
    found = weights(run)
    found.setflags(write=False)
    return found
