"""Judge of exercise 4.3: D's opinions and both gradients' lengths, calculated in double precision."""

import numpy as np

from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.measure_specs import MEASURED
from labkit.exercises.reading import numbers, word


def judge_measure(given, got):
    yield holds(
        "it returns a dictionary",
        word(got["kind"]) == "dict",
        got=word(got["kind"]),
        expected="a dictionary from tag to number",
    )
    wanted = "; ".join(sorted(MEASURED))
    yield holds(
        "its tags are the five of the text",
        word(got["tags"]) == wanted,
        got=word(got["tags"]),
        expected=wanted,
    )
    found = numbers(got["values"])
    if len(found) != len(MEASURED):
        found = np.full(len(MEASURED), np.nan)
    values = dict(zip(MEASURED, found, strict=True))
    real, fake = (given[name].double().numpy() for name in ("real_logits", "fake_logits"))
    yield from _judge_opinions(values, real, fake)
    gradients = {
        name: [p.grad.double().numpy().ravel() for p in given[name].parameters() if p.grad is not None]
        for name in ("G", "D")
    }
    for name, tag, other in (("D", "grad_norm/d", "G"), ("G", "grad_norm/g", "D")):
        own = gradients[name]
        flat = np.concatenate(own)
        norms = [np.linalg.norm(part) for part in own]
        weights = np.concatenate([p.detach().double().numpy().ravel() for p in given[name].parameters()])
        yield close(
            f"`{tag}` is the length of all of {name}'s gradients together",
            values[tag],
            np.linalg.norm(flat),
            mistakes={
                f"that is the other network's: this one belongs to {name}": np.linalg.norm(
                    np.concatenate(gradients[other])
                ),
                "the norms of the layers were added: it is their squares that add up": sum(norms),
                "the norms of the layers were averaged: their squares are added": np.mean(norms),
                "the largest layer only": max(norms),
                "the last layer only: collect the sum over all parameters": norms[-1],
                "the first layer only": norms[0],
                "the root is missing: that is the square of the norm": (flat**2).sum(),
                "that is the sum of absolute values, another norm": np.abs(flat).sum(),
                "that is the norm of the weights: take their `.grad`": np.linalg.norm(weights),
                "that is the root of the mean square: add up, do not average": np.sqrt((flat**2).mean()),
            },
            cause="the square root of the sum, over all parameters, of the squares of `.grad`",
        )


def _judge_opinions(values, real, fake):
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    for tag, own, other in (("prob/real", real, fake), ("prob/fake", fake, real)):
        yield close(
            f"`{tag}` is the mean of D's probabilities",
            values[tag],
            sigmoid(own).mean(),
            mistakes={
                "that is the mean logit: take the sigmoid of each first": own.mean(),
                "the sigmoid of the mean is not the mean of the sigmoids": sigmoid(own.mean()),
                "real and fake are swapped": sigmoid(other).mean(),
                "that is 1 minus it: D(G(z)) is how real D finds a fake": 1 - sigmoid(own).mean(),
                "that is the median": np.median(sigmoid(own)),
            },
            cause="sigmoid first, then the mean over the batch",
        )
    right_real, right_fake = (real > 0).mean(), (fake < 0).mean()
    yield close(
        "`accuracy/d` is the share of all images that D sorts right",
        values["accuracy/d"],
        (right_real + right_fake) / 2,
        mistakes={
            "only the real images are counted": right_real,
            "only the fakes are counted": right_fake,
            "for a fake, right means a probability below one half": (right_real + 1 - right_fake) / 2,
            "a logit above 0 means a probability above one half; 0.5 is a bound for probabilities": (
                (real > 0.5).mean() + (fake < 0.5).mean()
            )
            / 2,
            "two shares were added: take their mean": right_real + right_fake,
            "that is a count: divide by the number of images": (real > 0).sum() + (fake < 0).sum(),
            "that is the share of wrong ones": 1 - (right_real + right_fake) / 2,
        },
        cause="real images above one half and fakes below it, over the number of both",
    )
