"""Judges of exercises 3.2 and 3.3: the losses of D and of G, and the gradients that they send."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.judges.score_judges import bce, one_number
from labkit.exercises.reading import all_are
from labkit.exercises.score_specs import flat


def judge_d_loss(given, got):
    D, real, fake = given["D"], given["real"], given["fake"]
    r, f = _logits(D, real), _logits(D, fake)
    mixed = _logits(D, torch.cat([real, fake]))
    yield one_number(got["the result"], _MEAN)
    for name, smooth in (("the result", 0.9), ("with smooth 1", 1.0), ("with smooth 0.7", 0.7)):
        on_real, on_fake = bce(r, smooth).mean(), bce(f, 0.0).mean()
        of_mixed = bce(mixed, np.repeat([smooth, 0.0], len(r)))
        yield close(
            {
                "the result": "real and fake parts are added, with smoothing 0.9 by default",
                "with smooth 1": "`smooth=1` means no smoothing",
                "with smooth 0.7": "`smooth` is the target of the real images",
            }[name],
            got[name],
            on_real + on_fake,
            mistakes={
                "the sum is halved: the two parts are added": (on_real + on_fake) / 2,
                "the smoothing is lost: the target of the real images is `smooth`": bce(r, 1.0).mean()
                + on_fake,
                "`smooth` is ignored: 0.9 stands fixed in the function": bce(r, 0.9).mean() + on_fake,
                "the fakes are smoothed too: only the real images are, the fakes' target is 0": on_real
                + bce(f, 1 - smooth).mean(),
                "the fakes are smoothed and the real images are not": bce(r, 1.0).mean()
                + bce(f, 1 - smooth).mean(),
                "the targets are swapped: real is 1, fake is 0": bce(r, 0.0).mean() + bce(f, smooth).mean(),
                "the fakes' target is `smooth`: it is 0": on_real + bce(f, smooth).mean(),
                "the smoothing is turned round: the target is `smooth`, not 1 - smooth": bce(
                    r, 1 - smooth
                ).mean()
                + on_fake,
                "only the real part: the fakes are missing": on_real,
                "only the fake part: the real images are missing": on_fake,
                "it is a sum over the batch: each part is a mean": len(r) * (on_real + on_fake),
                "the fake part is taken away: the parts are added": on_real - on_fake,
                "a sigmoid too many: D gives logits, so the loss must take logits": bce(
                    _sigmoid(r), smooth
                ).mean()
                + bce(_sigmoid(f), 0.0).mean(),
                "real and fake went through D in one batch, whose batch norm mixes them: call D twice": (
                    2 * of_mixed.mean()
                ),
                "real and fake went through D in one batch, and its mean halves the sum: call D twice": (
                    of_mixed.mean()
                ),
            },
            cause="the real images have the target `smooth`, the fakes 0, and D gives logits",
        )
    yield holds(
        "the fakes are detached",
        got["the gradient at the fakes"].shape == tuple(fake.shape)
        and not np.any(got["the gradient at the fakes"]),
        got="a gradient that flows back to G",
        expected="none",
        cause="D's loss must not reach G: give D `fake.detach()`",
    )
    parameters = list(D.parameters())
    real_part = softplus(D(real)).mean() - 0.9 * D(real).mean()
    fake_part = softplus(D(fake)).mean()
    of_real = flat(torch.autograd.grad(real_part, parameters)).numpy()
    of_fake = flat(torch.autograd.grad(fake_part, parameters)).numpy()
    yield close(
        "all of the loss reaches D",
        got["the gradient at D"],
        of_real + of_fake,
        mistakes={
            "D's answer to the fakes is detached: detach the fakes before D sees them": of_real,
            "D's answer to the real images is detached: nothing but the fakes is": of_fake,
            "nothing reaches D: is there a `.item()`, a `no_grad()` or a `.detach()` too many?": 0 * of_real,
        },
        cause="D's weights must feel both parts",
        atol=1e-4,
    )
    yield _only_a_loss(D, got)


def judge_g_loss(given, got):
    D, real = given["D"], given["real"]
    fake = given["fake"].clone().requires_grad_()
    r, f = _logits(D, real), _logits(D, fake)
    loss = bce(f, 1.0).mean()
    yield one_number(got["the result"], _MEAN)
    yield close(
        "it is small where D takes the fakes for real",
        got["the result"],
        loss,
        mistakes={
            "that is D's own loss on the fakes: flip the labels, the target is 1": bce(f, 0.0).mean(),
            "that is log(1 - D), the saturating loss: take -log D": -bce(f, 0.0).mean(),
            "the sign is turned round: G minimises -log D": -loss,
            "the smoothing belongs to D's loss: G's target is 1": bce(f, 0.9).mean(),
            "it is a sum over the batch: take the mean": bce(f, 1.0).sum(),
            "it looks at the real images: G is judged by its fakes": bce(r, 1.0).mean(),
            "the real images are counted too: G is judged by its fakes": loss + bce(r, 0.0).mean(),
            "the real images are counted as well, and cannot be changed by G": loss + bce(r, 1.0).mean(),
            "a sigmoid too many: D gives logits, so the loss must take logits": bce(_sigmoid(f), 1.0).mean(),
            "it is halved: take it whole": loss / 2,
        },
        cause="the cross-entropy of D's logits on the fakes with the target 1",
    )
    (right,) = torch.autograd.grad(softplus(-D(fake)).mean(), [fake])
    yield close(
        "its gradient reaches the fakes",
        got["the gradient at the fakes"],
        right.numpy(),
        mistakes={
            "the fakes are detached: only D's loss does that, here G must feel D's answer": 0 * right.numpy(),
        },
        cause="the path from the loss through D to the fakes must be whole",
        atol=1e-5,
    )
    yield _only_a_loss(D, got)


_MEAN = "average over the batch: each part of the loss is a mean"


def _only_a_loss(D: nn.Module, got):
    return holds(
        "it only computes a loss",
        all_are(got["gradients written"], False, len(list(D.parameters()))),
        got="gradients were written into D",
        expected="no call of `backward`",
        cause="`backward()` and the optimizers belong to the training step, not to the loss",
    )


def _logits(D: nn.Module, images: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return D(images).double().numpy()


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))
