"""What later labs do with a network: one image at a time, samples in evaluation mode, training, a GPU."""

from collections.abc import Iterator

from labkit.exercises.exercise import Finding
from labkit.exercises.properties import (
    Case,
    Property,
    fits_any_device,
    holds,
    rule,
    same,
    same_shape,
    says,
    unchanged,
)
from labkit.exercises.reading import all_are

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

NEAR = {"rtol": 1e-3, "atol": 2e-4}  # equal numbers, when equal networks are written in different ways


def for_one(what: str, points: float = 0) -> Property:
    """A batch of one keeps its batch axis, in evaluation mode."""
    clue = "the batch axis stays for every B: `squeeze()` also drops a batch of one"
    return same_shape("the result for one", what, clue, points=points)


def _made_for_training(case: Case) -> Iterator[Finding]:
    modes = case.got["modes"]
    yield holds(
        "a new network is in training mode",
        all_are(modes, True, modes.size),
        got="evaluation mode",
        expected="training mode, as PyTorch makes it",
        cause="leave `eval()` to the code that draws samples",
    )
    after = case.got["modes afterwards"]
    if not all_are(after, True, after.size):
        yield holds(
            "a network in training mode stays in it when it is called",
            False,
            got="evaluation mode after a call",
            expected="training mode",
            cause="no `eval()` in `forward`, not for a batch of one either: batch norm would learn no more",
        )


def properties() -> tuple[Property, ...]:
    """Evaluation mode, gradients, training mode, the input left alone, another device."""
    return (
        same(
            "the result for one",
            "in evaluation mode it returns the same numbers as these layers do",
            "leave batch norm's `momentum` and `track_running_stats` at their defaults, and let no call of "
            "`forward` depend on the one before",
            **NEAR,
        ),
        *afterwards(),
    )


def afterwards() -> tuple[Property, ...]:
    """Gradients, training mode, the input left alone, another device."""
    return (
        says(
            "without a gradient",
            "gradients reach every weight, and the input",
            "",
            got="none for {}",
            expected="a gradient for each",
            otherwise="is there a `detach()`, `.data`, `.tolist()` or `no_grad()` in `forward`?",
        ),
        rule(_made_for_training, "modes", "modes afterwards"),
        unchanged(
            "the input afterwards",
            "the input is left as it was",
            "an operation in place (`+=`, `mul_`, `inplace=True`) writes into the caller's tensor",
        ),
        fits_any_device("elsewhere"),
    )
