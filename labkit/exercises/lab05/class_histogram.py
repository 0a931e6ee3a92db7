"""Exercise 5.6: the share of each class among the labels of the samples."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import same, same_shape, unchanged


def labels(seed: int) -> dict[str, torch.Tensor]:
    """Labels (N,) of ten classes of which some never occur, the last among them; and some of seven classes.

    Which classes occur, and how often each, depends on the seed.
    """
    generator = torch.Generator().manual_seed(seed)
    return {
        "labels": _some(generator, (11, 2, 9, 1, 14), classes=9),
        "few": _some(generator, (5, 3, 3), classes=6),
    }


def _some(generator: torch.Generator, counts: tuple[int, ...], *, classes: int) -> torch.Tensor:
    """Labels in any order: as many of these classes as there are counts, each so often or one or two more."""
    which = torch.randperm(classes, generator=generator)[: len(counts)]
    often = torch.tensor(counts) + torch.randint(0, 3, (len(counts),), generator=generator)
    labels = which.repeat_interleave(often)
    return labels[torch.randperm(len(labels), generator=generator)]


def probe(class_histogram, given):
    ten = given["labels"].clone()
    shares = class_histogram(ten)
    return {
        "the shares": shares,
        "the shares of seven classes": class_histogram(given["few"].clone(), classes=7),
        "one class only": class_histogram(torch.full((5,), 6)),
        "the labels afterwards": ten,
    }


EXERCISE = Exercise("5.6", "The classes of the samples", 2, "class_histogram(labels)", labels, probe)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(labels, classes=10):
    return _counts(labels, classes) / len(labels)


def _counts(labels, classes=10):
    return _one_hot(labels, classes).sum(0)


def _one_hot(labels, classes=10):
    return (labels[:, None] == torch.arange(classes)).double()


PROPERTIES = (
    same_shape(
        "the shares",
        "there is a share for each of the ten classes",
        "one number for each class, from 0 to classes - 1",
        points=0.5,
    ),
    same(
        "the shares",
        "each share is a class's part of all labels",
        "count the labels of each class, then divide by how many labels there are",
        points=1,
    ),
    same(
        "the shares of seven classes",
        "`classes` says how many there are",
        "with classes=7 there are seven shares",
        points=0.5,
    ),
    same(
        "one class only",
        "samples of one class only give it the share 1",
        "a total collapse: nine shares of 0 and one of 1",
    ),
    unchanged("the labels afterwards", "the labels given are left as they were"),
)

MISTAKES = {
    "classes that do not occur are left out: theirs is a share of 0": lambda y, classes=10: (
        _counts(y, classes)[y.unique()] / len(y)
    ),
    "the classes after the last that occurs are left out: ask for `minlength`": lambda y, classes=10: (
        expected(y, int(y.max()) + 1)
    ),
    "a class for each label: one share for each class": lambda y, classes=10: expected(y, classes)[y],
    "one bin too many, or the edges of the bins: one share for each class": lambda y, classes=10: expected(
        y, classes + 1
    ),
    "one hot for each label: add them up over the labels": _one_hot,
    "those are counts: divide by the number of labels": _counts,
    "those are percents: shares sum to 1": lambda y, classes=10: 100 * expected(y, classes),
    "divided by the largest count: divide by the number of labels": lambda y, classes=10: (
        _counts(y, classes) / _counts(y, classes).max()
    ),
    "divided by the number of classes: divide by the number of labels": lambda y, classes=10: (
        _counts(y, classes) / classes
    ),
    "divided by the number of classes that occur: divide by the number of labels": lambda y, classes=10: (
        _counts(y, classes) / len(y.unique())
    ),
    "a softmax of the counts: the shares are counts over their sum": lambda y, classes=10: _counts(
        y, classes
    ).softmax(0),
    "the shares are sorted: share k belongs to class k": lambda y, classes=10: expected(y, classes).sort(
        descending=True
    )[0],
    "only whether a class occurs: how often is asked for": lambda y, classes=10: _counts(y, classes).clamp(
        max=1
    ),
    "only whether a class occurs, spread evenly: how often is asked for": lambda y, classes=10: expected(
        y.unique(), classes
    ),
    "whole-number division cut the shares to 0": lambda y, classes=10: expected(y, classes).floor(),
    "the reverse: a class's share is large where it is frequent": lambda y, classes=10: (
        1 - expected(y, classes)
    ),
    "`classes` is ignored: ten is fixed in the function": lambda y, classes=10: expected(y),
}
