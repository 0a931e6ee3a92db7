"""Exercise 7.6: the peak signal-to-noise ratio of each image."""

import math

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, tried
from labkit.exercises.properties import fits_any_device, same, same_shape, unchanged

BRIGHTEST = 0.9  # of the images that the answer is given: not the largest value that there can be


def images(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (B, C, H, W) in [-0.9, 0.9] and the truth in [-1, 1]; each is off by an amount of its own."""
    generator = torch.Generator().manual_seed(seed)
    shape = [int(torch.randint(low, low + 2, (), generator=generator)) for low in (7, 2, 4, 9)]
    truth = torch.rand(shape, generator=generator) * 2 - 1
    amount = torch.rand(shape[0], 1, 1, 1, generator=generator) * 0.6 + 0.1
    return (truth + amount * torch.randn(shape, generator=generator)).clamp(-BRIGHTEST, BRIGHTEST), truth


def probe(psnr, given):
    made, truth = (part.clone() for part in given)
    found = psnr(made, truth)
    one, there = ([change(part) for part in given] for change in (lambda x: x[:1].clone(), _to_meta))
    return {
        "the result": found,
        "for one": tried(lambda: psnr(*one)),
        "images afterwards": flat([made, truth]),
        "elsewhere": elsewhere(lambda: psnr(*there)),
    }


def _to_meta(values):
    return values.to("meta")


EXERCISE = Exercise(
    "7.6", "The PSNR", 2, "psnr(images, truth)", images, probe, tensors=("the result",),
    causes={
        r"only .*tensors can be converted|must be real number": (
            "`math.log10` takes one number; `torch.log10` takes a whole tensor"
        )
    },
)  # fmt: skip

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _squared(made, truth):
    return torch.stack([torch.dist(x, y) ** 2 / x.numel() for x, y in zip(made, truth, strict=True)])


def expected(made, truth):
    return _decibels(made, truth)


def _decibels(made, truth, peak=2.0, factor=10.0, power=2, log=torch.log10, error=_squared):
    """``factor`` times the logarithm of the peak over the error."""
    return factor * log(peak**power / error(made, truth))


def _but(**how):
    return lambda made, truth: _decibels(made, truth, **how)


def _shape(case):
    got, right = case.got["the result"].shape, case.expected["the result"].shape
    if not math.prod(got) > 1:
        return "that is one number for the whole batch: average over `dim=(1, 2, 3)`"
    if got[:1] == right and math.prod(got) > right[0]:
        return "each image gets one number: average over channels, rows and columns, `dim=(1, 2, 3)`"
    return "one number for each image: average over `dim=(1, 2, 3)`, and keep the batch"


PROPERTIES = (
    same_shape("the result", "one number for each image, (B,)", _shape, points=0.5),
    same(
        "the result",
        "it is the PSNR in decibels",
        "10 log10(4 / mse), with the mean squared error of each image; the peak is 2, whatever they show",
        points=1.25,
    ),
    same("for one", "a batch of one gives shape (1,)", "keep the batch axis: no `squeeze()`", points=0.25),
    unchanged(
        "images afterwards",
        "the images are left as they were",
        "nothing may change in place: no `-=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the peak is that of values from 0 to 1: from -1 to 1 it is 2": _but(peak=1.0),
    "the peak is that of bytes, 255: from -1 to 1 it is 2": _but(peak=255.0),
    "the peak is not the brightest value of these images: it is 2, from black to white": _but(peak=BRIGHTEST),
    "the peak is not the range of these images: it is 2, from black to white": _but(peak=2 * BRIGHTEST),
    "the images were brought to [0, 1]: then the peak is 1": _but(error=lambda x, y: _squared(x, y) / 4),
    "the peak is squared: 10 log10(2² / mse)": _but(power=1),
    "that is the natural logarithm: decibels take log10": _but(log=torch.log),
    "that is the logarithm to base 2: decibels take log10": _but(log=torch.log2),
    "the factor 10 is missing": _but(factor=1.0),
    "the factor is 20: that goes with the root of the error, 10 with the error": _but(factor=20.0),
    "the factor 20 goes with the peak itself and the root of the error; here it is 10 log10(4 / mse)": _but(
        factor=20.0, power=1
    ),
    "the logarithm is taken of each pixel: average the squares first": lambda x, y: (
        10 * torch.log10(4 / (x - y).square())
    ).mean((1, 2, 3)),
    "each channel got a PSNR of its own: average the squares over all channels first": lambda x, y: (
        10 * torch.log10(4 / (x - y).square().mean((2, 3)))
    ).mean(1),
    "the mean difference is squared: square each difference, and then take the mean": _but(
        error=lambda x, y: (x - y).mean((1, 2, 3)).square()
    ),
    "the root of the error stands where the error belongs: 10 log10(4 / mse)": _but(
        error=lambda x, y: _squared(x, y).sqrt()
    ),
    "the factor 10 goes with the squared peak and the squared error; for their roots it is 20": _but(
        power=1, error=lambda x, y: _squared(x, y).sqrt()
    ),
    "the images are added: take their difference": _but(error=lambda x, y: _squared(x, -y)),
    "that is the absolute error: take the squared one": _but(
        error=lambda x, y: (x - y).abs().mean((1, 2, 3))
    ),
    "the absolute error is squared: square each difference, and then take the mean": _but(
        error=lambda x, y: (x - y).abs().mean((1, 2, 3)) ** 2
    ),
    "the squared errors are summed: take their mean": _but(error=lambda x, y: _squared(x, y) * x[0].numel()),
    "the sign is flipped: a smaller error has more decibels": _but(factor=-10.0),
    "every image has the number of the whole batch: the mean is taken of each image": _but(
        error=lambda x, y: _squared(x, y).mean().expand(len(x))
    ),
}

IDLE = (lambda images, truth: torch.zeros(len(images)),)
