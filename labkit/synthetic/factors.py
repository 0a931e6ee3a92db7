"""What makes one picture of a twin differ from another: independent choices, each with a name.

A drawing reads nothing but its factors, so a picture can be taken apart: keep all and change one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from labkit.synthetic import counter


@dataclass(frozen=True)
class Factor:
    """One independent choice.

    Attributes:
        name: its key in the dictionary of factors.
        kind: ``"class"`` (int64 index into ``values``) or ``"number"`` (float32, uniform).
        values: the names of the classes, or (low, high).
        meaning: one line for a person.
        weights: how often each class appears, adding up to 1; empty for equally often.
    """

    name: str
    kind: str
    values: tuple
    meaning: str
    weights: tuple[float, ...] = ()


def classes(name: str, values: str, meaning: str, *weights: float) -> Factor:
    """A choice between classes, their names separated by spaces."""
    return Factor(name, "class", tuple(values.split()), meaning, weights)


def number(name: str, meaning: str, low: float = -1.0, high: float = 1.0) -> Factor:
    """A number, uniform from ``low`` to ``high``."""
    return Factor(name, "number", (low, high), meaning)


def sample(factors: tuple[Factor, ...], twin: str, seed: int, index: np.ndarray) -> dict[str, torch.Tensor]:
    """Draw every factor of the pictures with these numbers, each from its own stream.

    Args:
        factors: the twin's table.
        twin: the name of the twin, so that two twins do not share their choices.
        seed: 0 to 2**63 - 1.
        index: (N,) int64.

    Returns:
        name -> (N,) tensor, int64 for a class and float32 for a number.
    """
    drawn = {}
    for factor in factors:
        chance = counter.uniform(seed, index, f"{twin}/{factor.name}")
        if factor.kind == "class":
            share = factor.weights or (1 / len(factor.values),) * len(factor.values)
            edges = np.cumsum(share)[:-1]
            drawn[factor.name] = torch.from_numpy(np.searchsorted(edges, chance, side="right"))
        else:
            low, high = factor.values
            drawn[factor.name] = torch.from_numpy((low + (high - low) * chance).astype(np.float32))
    return drawn


def checked(
    factors: tuple[Factor, ...], twin: str, given: Mapping[str, torch.Tensor]
) -> dict[str, np.ndarray]:
    """The given factors as arrays of one length, int64 or float32; ``twin`` ("Face") opens the messages.

    Raises:
        ValueError: a factor is missing, unknown, of another length or out of its range.
    """
    names = [factor.name for factor in factors]
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(f"Unknown {twin.lower()} factor {unknown[0]!r}. Known: {', '.join(names)}.")
    arrays: dict[str, np.ndarray] = {}
    for factor in factors:
        if factor.name not in given:
            raise ValueError(f"{twin} factor {factor.name!r} is missing: start from the factors of draw().")
        arrays[factor.name] = _checked(factor, twin, given[factor.name])
    lengths = {len(values) for values in arrays.values()}
    if len(lengths) != 1:
        raise ValueError(
            f"All {twin.lower()} factors must have the same length, got lengths {sorted(lengths)}."
        )
    return arrays


def _checked(factor: Factor, twin: str, given: object) -> np.ndarray:
    values = torch.as_tensor(given).detach().cpu().numpy()
    if values.ndim != 1:
        raise ValueError(f"{twin} factor {factor.name!r} must have shape (N,), got {values.shape}.")
    if factor.kind == "class":
        low, high = 0, len(factor.values) - 1
        if values.dtype.kind not in "iu":
            raise ValueError(
                f"{twin} factor {factor.name!r} is a class: give whole numbers from 0 to {high}."
            )
        values = values.astype(np.int64)
    else:
        low, high = factor.values
        values = values.astype(np.float32)
    if values.size and not (values.min() >= low and values.max() <= high):
        raise ValueError(f"{twin} factor {factor.name!r} must lie between {low} and {high}.")
    return values
