"""Exercise 8.2: adaptive instance normalisation."""

import torch
from torch.nn import functional

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, gradients, tried
from labkit.exercises.properties import fits_any_device, same, same_shape, unchanged


def maps(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x (B, C, H, W), scale and shift (B, C). No two sizes are equal, no two channels have
    the same mean and contrast."""
    generator = torch.Generator().manual_seed(seed)
    batch, channels, height, width = (
        int(torch.randint(low, low + 2, (), generator=generator)) for low in (2, 5, 3, 7)
    )
    x = torch.randn(batch, channels, height, width, generator=generator)
    of_channels = 0.5 + torch.rand(2, batch, channels, 1, 1, generator=generator)
    scale = 0.5 + torch.rand(batch, channels, generator=generator)
    return x * of_channels[0] + of_channels[1], scale, torch.randn(batch, channels, generator=generator)


def probe(adain, given):
    leaves = [part.clone().requires_grad_() for part in given]
    parts = [leaf * 1 for leaf in leaves]  # no leaves, as what comes out of a layer
    found = adain(*parts)
    right = isinstance(found, torch.Tensor) and found.shape == given[0].shape
    weights = torch.linspace(-1, 1, given[0].numel()).view_as(given[0])
    slopes = gradients((found * weights).sum() if right else None, leaves)
    x, scale, shift = given
    faint = x.mean((2, 3), keepdim=True) + 0.003 * torch.linspace(-1, 1, x.shape[3]).expand_as(x)
    flat_maps = torch.full_like(x, 0.75)
    return {
        "the result": found,
        "of one colour": tried(lambda: adain(flat_maps, scale.clone(), shift.clone())),
        "of little contrast": tried(lambda: adain(faint, scale.clone(), shift.clone())),
        "for one": tried(lambda: adain(*(part[:1].clone() for part in given))),
        "the gradient at x": slopes[0],
        "the gradients at scale and shift": flat(slopes[1:]),
        "given afterwards": flat(parts),
        "elsewhere": elsewhere(lambda: adain(*(part.to("meta") for part in given))),
    }


EXERCISE = Exercise(
    "8.2",
    "Adaptive instance normalisation",
    2,
    "adain(x, scale, shift)",
    maps,
    probe,
    causes={
        r"size of tensor|must match|broadcast": (
            "scale and shift (B, C) line up with rows and columns: `scale[:, :, None, None]` has an axis for "
            "each of the two; `keepdim=True` does the same for mean and deviation"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(x, scale, shift):
    """By the library's instance norm, and an affine map."""
    return functional.instance_norm(x) * scale[..., None, None] + shift[..., None, None]


def _by_hand(over=(2, 3), correction=0, affine=lambda n, scale, shift: n * scale + shift, norm=None):
    """With mean and deviation over some axes; ``norm`` makes the normed maps of x and these two."""

    def answer(x, scale, shift):
        mean = x.mean(over, keepdim=True)
        variance = x.var(over, keepdim=True, correction=correction)
        normed = norm(x, mean, variance) if norm else (x - mean) / (variance + 1e-5).sqrt()
        return affine(normed, scale[..., None, None], shift[..., None, None])

    return answer


PROPERTIES = (
    same_shape("the result", "(B, C, H, W) in, (B, C, H, W) out", "only numbers change, no axis does"),
    same(
        "the result",
        "each channel of each image gets its mean and deviation from the style",
        "scale · (x − mean) / sqrt(variance + 1e-5) + shift; mean and variance over `dim=(2, 3)`",
        points=1.25,
        rtol=1e-3,
        atol=1e-4,
    ),
    same(
        "of one colour",
        "a channel of one colour becomes its shift",
        lambda case: "its variance is 0: add 1e-5 to the variance before you divide",
        points=0.25,
        rtol=1e-3,
        atol=1e-3,
    ),
    same(
        "of little contrast",
        "1e-5 is added to the variance, and the root is taken then",
        "sqrt(variance + 1e-5): the deviation itself is left alone",
        rtol=5e-3,
        atol=5e-3,
    ),
    same("for one", "a batch of one works", "keep the batch axis: no `squeeze()`", rtol=1e-3, atol=1e-4),
    same(
        "the gradient at x",
        "the gradient reaches x, through its mean and deviation too",
        "nothing is detached: no `.data`, `.item()` or `no_grad()`",
        points=0.25,
        rtol=1e-2,
        atol=1e-3,
    ),
    same(
        "the gradients at scale and shift",
        "the gradient reaches scale and shift",
        "the styles are learnt through them: nothing is detached",
        points=0.25,
        rtol=1e-3,
        atol=1e-3,
    ),
    unchanged(
        "given afterwards",
        "x, scale and shift are left as they were",
        "nothing may change in place: no `-=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the variance is divided by H · W − 1: PyTorch needs `correction=0` (or `unbiased=False`)": _by_hand(
        correction=1
    ),
    "that is batch norm: mean and deviation are those of one image, over `dim=(2, 3)`": _by_hand((0, 2, 3)),
    "that is layer norm: each channel has its own mean and deviation, over `dim=(2, 3)`": _by_hand((1, 2, 3)),
    "normalised over the channels: take each channel's pixels, `dim=(2, 3)`": _by_hand(1),
    "each row is normalised by itself: a channel's pixels are `dim=(2, 3)`": _by_hand(3),
    "each column is normalised by itself: a channel's pixels are `dim=(2, 3)`": _by_hand(2),
    "normalised over the batch: take each channel's pixels, `dim=(2, 3)`": _by_hand(0),
    "multiplied by 1 + scale: here the scale is used as it is": _by_hand(
        affine=lambda n, scale, shift: n * (1 + scale) + shift
    ),
    "scale and shift are swapped: scale multiplies": _by_hand(
        affine=lambda n, scale, shift: n * shift + scale
    ),
    "the shift is missing": _by_hand(affine=lambda n, scale, shift: n * scale),
    "the scale is missing": _by_hand(affine=lambda n, scale, shift: n + shift),
    "the style is missing: scale the normalised maps, then add the shift": _by_hand(
        affine=lambda n, scale, shift: n
    ),
    "the shift is scaled too: scale first, then add it": _by_hand(
        affine=lambda n, scale, shift: (n + shift) * scale
    ),
    "divided by the scale: multiply by it": _by_hand(affine=lambda n, scale, shift: n / scale + shift),
    "the shift is subtracted: add it": _by_hand(affine=lambda n, scale, shift: n * scale - shift),
    "the style of the first image is used for all": _by_hand(
        affine=lambda n, scale, shift: n * scale[:1] + shift[:1]
    ),
    "x is not normalised: take away its mean and divide by its deviation first": _by_hand(
        norm=lambda x, mean, variance: x
    ),
    "the mean is not taken away": _by_hand(norm=lambda x, mean, variance: x / (variance + 1e-5).sqrt()),
    "the deviation is not divided by": _by_hand(norm=lambda x, mean, variance: x - mean),
    "divided by the variance: divide by its root": _by_hand(
        norm=lambda x, mean, variance: (x - mean) / (variance + 1e-5)
    ),
    "1e-5 is added to the deviation: add it to the variance": _by_hand(
        norm=lambda x, mean, variance: (x - mean) / (variance.sqrt() + 1e-5)
    ),
    "mean and deviation are detached: the gradient goes through them too": _by_hand(
        norm=lambda x, mean, variance: (x - mean.detach()) / (variance.detach() + 1e-5).sqrt()
    ),
}
