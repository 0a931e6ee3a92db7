"""Judges of exercises 5.6 and 5.7: the shares of the classes, and how far the samples lie apart."""

import numpy as np

from labkit.exercises.judges.comparing import close, holds, same_shape, unchanged


def judge_histogram(given, got):
    y = given["labels"].numpy()
    counts = (y[:, None] == np.arange(10)).sum(0).astype(np.float64)
    seen = counts[counts > 0]
    shares = got["the shares"]
    yield same_shape(
        "there is a share for each of the ten classes",
        shares,
        (10,),
        mistakes={
            "classes that do not occur are left out: theirs is a share of 0": (len(seen),),
            "the classes after the last that occurs are left out: ask for `minlength`": (int(y.max()) + 1,),
            "a class for each label: one share for each class": (len(y),),
            "one bin too many, or the edges of the bins: one share for each class": (11,),
            "one hot for each label: add them up over the labels": (len(y), 10),
        },
        cause="one number for each class, from 0 to classes - 1",
    )
    yield close(
        "each share is a class's part of all labels",
        shares,
        counts / len(y),
        mistakes={
            "those are counts: divide by the number of labels": counts,
            "those are percents: shares sum to 1": 100 * counts / len(y),
            "divided by the largest count: divide by the number of labels": counts / counts.max(),
            "divided by the number of classes: divide by the number of labels": counts / 10,
            "divided by the number of classes that occur: divide by the number of labels": counts / len(seen),
            "a softmax of the counts: the shares are counts over their sum": _softmax(counts),
            "the shares are sorted: share k belongs to class k": np.sort(counts)[::-1] / len(y),
            "only whether a class occurs: how often is asked for": (counts > 0).astype(np.float64),
            "only whether a class occurs, spread evenly: how often is asked for": (counts > 0) / len(seen),
            "whole-number division cut the shares to 0": np.zeros(10),
            "the reverse: a class's share is large where it is frequent": 1 - counts / len(y),
        },
        cause="count the labels of each class, then divide by how many labels there are",
    )
    few = (given["few"].numpy()[:, None] == np.arange(7)).sum(0) / len(given["few"])
    yield close(
        "`classes` says how many there are",
        got["the shares of seven classes"],
        few,
        mistakes={"`classes` is ignored: ten is fixed in the function": np.pad(few, (0, 3))},
        cause="with classes=7 there are seven shares",
    )
    yield close(
        "samples of one class only give it the share 1",
        got["one class only"],
        (np.arange(10) == 6).astype(np.float64),
        cause="a total collapse: nine shares of 0 and one of 1",
    )
    yield unchanged(
        "the labels given are left as they were", [(got["the labels afterwards"], given["labels"])]
    )


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max())
    return e / e.sum()


def judge_diversity(given, got):
    fake, real = (given[k].numpy().reshape(len(given[k]), -1).astype(np.float64) for k in ("fake", "real"))
    ratio = got["the ratio"]
    yield holds(
        "it returns one number",
        ratio.ndim == 0 and ratio.dtype.kind in "biuf",
        got=f"shape {ratio.shape}" if ratio.dtype.kind in "biuf" else "text",
        expected="shape ()",
        cause="one ratio of two means",
    )
    right = _mean(_pairs(fake)) / _mean(_pairs(real))
    rows = {k: given[k].numpy().astype(np.float64).reshape(-1, 4) for k in given}
    wrapped = {k: _wrapped(given[k].numpy()) for k in given}
    cross = np.sqrt(((fake[:, None] - real[None]) ** 2).sum(-1))
    squares = _mean(_pairs(fake) ** 2) / _mean(_pairs(real) ** 2)
    yield close(
        "it is the fakes' mean distance over that of the real images",
        ratio,
        right,
        mistakes={
            "the ratio is turned round: the fakes' distance over that of the real images": 1 / right,
            "each image's distance to itself is counted, 0: there are N (N - 1) pairs": _all(fake)
            / _all(real),
            "the square distances are averaged: take the root of each first": squares,
            "bytes wrap around below 0: make floats of them before you subtract": _mean(wrapped["fake"])
            / _mean(wrapped["real"]),
            "bytes wrap around below 0, and each image's distance to itself is counted": (
                wrapped["fake"].sum() / 7**2 / (wrapped["real"].sum() / 5**2)
            ),
            "the absolute differences are added up: the distance is Euclidean": _mean(_pairs(fake, 1))
            / _mean(_pairs(real, 1)),
            "the distances are added up, not averaged: the two sets differ in size": _pairs(fake).sum()
            / _pairs(real).sum(),
            "the distance from fakes to real images: compare fakes with fakes": cross.mean()
            / _mean(_pairs(real)),
            "the fakes' mean distance alone: divide by that of the real images": _mean(_pairs(fake)),
            "the difference of the two: their ratio is asked for": _mean(_pairs(fake)) - _mean(_pairs(real)),
            "neighbours in the batch only: all pairs are asked for": _neighbours(fake) / _neighbours(real),
            "rows of pixels are compared, not images: flatten each image": _mean(_pairs(rows["fake"]))
            / _mean(_pairs(rows["real"])),
            "the standard deviation of the pixels: distances between images are asked for": fake.std()
            / real.std(),
            "the largest distance: the mean is asked for": _pairs(fake).max() / _pairs(real).max(),
            "the median distance: the mean is asked for": np.median(_pairs(fake)) / np.median(_pairs(real)),
        },
        cause="flatten each image, Euclidean distance of each pair of different images, mean, then the ratio",
        rtol=1e-3,
    )
    yield close(
        "images in [-1, 1] have the same diversity as bytes",
        got["the ratio of floats"],
        right,
        cause="a ratio does not depend on the scale: is something rounded?",
        rtol=1e-3,
    )
    yield close(
        "real images against themselves have 1",
        got["the ratio of the real images to themselves"],
        1.0,
        cause="the same set twice: numerator and denominator must be made in the same way",
    )
    yield close(
        "copies of one image have 0",
        got["the ratio of six copies"],
        0.0,
        cause="equal images have the distance 0",
        atol=2e-3,
    )
    yield unchanged(
        "the images given are left as they were",
        [(got["the fakes afterwards"], given["fake"]), (got["the real images afterwards"], given["real"])],
    )


def _pairs(x: np.ndarray, power: int = 2) -> np.ndarray:
    """The distances of all pairs i < j."""
    i, j = np.triu_indices(len(x), 1)
    return (np.abs(x[i] - x[j]) ** power).sum(1) ** (1 / power)


def _mean(values: np.ndarray) -> float:
    return float(values.mean())


def _all(x: np.ndarray) -> float:
    return 2 * _pairs(x).sum() / len(x) ** 2


def _neighbours(x: np.ndarray) -> float:
    return float(np.sqrt(((x[1:] - x[:-1]) ** 2).sum(1)).mean())


def _wrapped(images: np.ndarray) -> np.ndarray:
    """Distances of all ordered pairs, from differences of bytes that wrap around at 256."""
    x = images.reshape(len(images), -1)
    i, j = np.where(~np.eye(len(x), dtype=bool))
    return np.sqrt(((x[i] - x[j]).astype(np.float64) ** 2).sum(1))
