"""Judges of exercises 3.1 and 3.7: cross-entropy in double precision, and its floor found by looking."""

import numpy as np
import torch
from torch import nn

from labkit.exercises.exercise import Finding
from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.reading import number, word


def judge_bce(given, got):
    logits, targets = given["mild"].double().numpy(), given["mild targets"].double().numpy()
    each = bce(logits, targets)
    p = 1 / (1 + np.exp(-logits))
    yield holds(
        "the formula is written out",
        not word(got["library"]),
        got=f"a call of {word(got['library'])}",
        expected="your own formula",
        cause="the library's loss does the work: write the formula with exp, log and the like",
    )
    yield one_number(got["the result"], "the loss of each image: average over the batch with `.mean()`")
    yield close(
        "it is the mean cross-entropy where the scores are mild",
        got["the result"],
        each.mean(),
        mistakes={
            "it is the sum over the batch: take the mean": each.sum(),
            "the sign is turned round: a loss is not negative": -each.mean(),
            "only the part of the target 1: the term (1 - t) log(1 - p) is missing": -(
                targets * np.log(p)
            ).mean(),
            "only the part of the target 0: the term t log p is missing": -(
                (1 - targets) * np.log(1 - p)
            ).mean(),
            "the targets are turned round, or the sign of the logits: t belongs to log p": bce(
                logits, 1 - targets
            ).mean(),
            "that is a logarithm to base 2: the natural one is asked for": each.mean() / np.log(2),
            "the sigmoid is applied twice: the scores come as logits": bce(p, targets).mean(),
            "the scores are squared differences, not a cross-entropy": ((p - targets) ** 2).mean(),
        },
        cause="for one score: -(t log p + (1 - t) log(1 - p)), where p is the sigmoid of the logit",
    )
    logits, targets = given["large"].double().numpy(), given["large targets"].double().numpy()
    each = bce(logits, targets)
    yield close(
        "it is right where the scores are large",
        got["the result at large scores"],
        each.mean(),
        mistakes={
            "a loss was cut off at 100: that is what BCELoss does after a sigmoid": _after_sigmoid(
                given["large"], given["large targets"]
            ),
        },
        cause="the sigmoid rounds to exactly 0 or 1 there: rewrite the formula so that no log sees it",
    )
    right = (1 / (1 + np.exp(-np.clip(logits, -700, 700))) - targets) / len(logits)
    yield close(
        "its gradient is right where the scores are large",
        got["the gradient"],
        right,
        mistakes={
            "no gradient at all: is there a `.detach()`, a `.item()` or a detour through numpy?": 0 * right,
        },
        cause="a clamp has no slope outside its range, so a score that is far off teaches nothing",
        atol=1e-4,
    )


def _after_sigmoid(logits: torch.Tensor, targets: torch.Tensor) -> float:
    return nn.functional.binary_cross_entropy(torch.sigmoid(logits), targets).item()


def judge_floor(given, got):
    s = np.array(given)
    logits = np.linspace(-3, 9, 240_001)[:, None]
    right = bce(logits, s).min(axis=0)  # by looking: the answer asked for is a formula
    yield close(
        "it is the lowest loss, for five targets",
        got["the floors"],
        right,
        mistakes={
            "that is a logarithm to base 2: the loss uses the natural one": right / np.log(2),
            "it is counted twice: only the real part has a floor above 0": 2 * right,
            "the sign is turned round: a cross-entropy is positive": -right,
            "half of it: there are two terms, s log s and (1 - s) log(1 - s)": -s * np.log(s),
            "the other half of it: the term s log s is missing": -(1 - s) * np.log(1 - s),
            "that is -log s, where D is sure of 1 - s for nothing: average over both labels": -np.log(s),
            "that is the logit at which the loss is lowest: put it into the loss": np.log(s / (1 - s)),
            "that is the probability at which the loss is lowest: put it into the loss": s,
            "that is 2 log 2, where D is undecided: the floor lies below": np.full_like(s, 2 * np.log(2)),
            "0 is the floor without smoothing only": 0 * s,
        },
        cause="the lowest loss is where D says s for every real image: put p = s into the cross-entropy",
    )
    unsmoothed = number(got["without smoothing"])
    yield holds(
        "without smoothing it is 0",
        abs(unsmoothed) < 1e-6,
        got=unsmoothed,
        expected=0.0,
        cause="0 times log 0 counts as 0 here: treat a target of 1 by itself",
    )


# shared with the other modules of lab 03 ----------------------------------------------------------


def one_number(array: np.ndarray, cause: str) -> Finding:
    """Whether a loss is a scalar; ``cause`` is for those that are a batch."""
    number = array.dtype.kind in "biuf"
    what = f"shape {array.shape}" if number else "text"
    cause = cause if number and array.ndim else ""
    return holds(
        "it returns one number", number and not array.shape, got=what, expected="shape ()", cause=cause
    )


def bce(logits: np.ndarray, targets: np.ndarray | float) -> np.ndarray:
    """Binary cross-entropy per score, by the log of a sum of exponentials, in double precision."""
    return targets * np.logaddexp(0, -logits) + (1 - targets) * np.logaddexp(0, logits)
