"""Exercise 6.3: the loss of a VAE and its two parts."""

import torch
from torch.nn import functional as F

from labkit import variational
from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, gradients, tried
from labkit.exercises.properties import Case, fits_any_device, holds, rule, same, scalar, unchanged
from labkit.exercises.reading import word

PARTS = ("total", "reconstruction", "kl")


def batch(seed: int) -> dict[str, torch.Tensor]:
    """Images and reconstructions (B, C, H, W) in [0, 1], some of their pixels exactly 0 or 1, and codes."""
    generator = torch.Generator().manual_seed(seed)
    count, channels, height, width, latent = (
        int(torch.randint(low, low + 3, (), generator=generator)) for low in (6, 1, 3, 7, 2)
    )
    shape = (count, channels, height, width)
    images = torch.rand(shape, generator=generator) ** 3
    reconstruction = torch.rand(shape, generator=generator) * 0.98 + 0.01
    for value in (0, 1):
        sure = torch.rand(shape, generator=generator) < 0.2
        images[sure], reconstruction[sure] = value, value
    codes = torch.randn(2, count, latent, generator=generator)
    return {"reconstruction": reconstruction, "images": images, "mean": codes[0], "log_var": codes[1] - 0.5}


def probe(vae_loss, given):
    leaves = {name: given[name].clone().requires_grad_() for name in ("reconstruction", "mean", "log_var")}
    shown = {name: leaves.get(name, values).clone() for name, values in given.items()}
    found = vae_loss(**shown)
    if not isinstance(found, dict) or not set(PARTS) <= set(found):
        said = f"the keys {', '.join(map(str, found))}" if isinstance(found, dict) else type(found).__name__
        return {"kind": said[:80]} | dict.fromkeys(_VALUES, 0.0) | {"elsewhere": ""}
    to_pixels, *to_codes = gradients(found["total"], [*leaves.values()])
    inside = (given["reconstruction"] > 0) & (
        given["reconstruction"] < 1
    )  # at the ends each way of writing has its own slope
    one = {name: values[:1] for name, values in given.items()}
    meta = [values.to("meta") for values in given.values()]
    return {
        "kind": "a dict",
        **{name: found[name] for name in PARTS},
        "total with beta 3": tried(lambda: vae_loss(**_copied(given), beta=3.0)["total"]),
        "kl with beta 3": tried(lambda: vae_loss(**_copied(given), beta=3.0)["kl"]),
        "total without the KL term": tried(lambda: vae_loss(**_copied(given), beta=0.0)["total"]),
        "total for one": tried(lambda: vae_loss(**one)["total"]),
        "the gradients": flat([torch.where(inside, to_pixels, 0), *to_codes]),
        "given afterwards": flat(shown.values()),
        "elsewhere": elsewhere(lambda: vae_loss(*meta)),
    }


def _copied(given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: values.clone() for name, values in given.items()}


_VALUES = (
    *PARTS, "total with beta 3", "kl with beta 3", "total without the KL term", "total for one",
    "the gradients", "given afterwards",
)  # fmt: skip

EXERCISE = Exercise(
    "6.3",
    "The loss",
    3,
    "vae_loss(reconstruction, images, mean, log_var)",
    batch,
    probe,
    causes={
        r"kl_divergence. is not defined": "run the cell of 6.2 first: this loss uses your `kl_divergence`",
        r"Found dtype|result type": "images and reconstruction are floats from 0 to 1: convert nothing",
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(
    reconstruction,
    images,
    mean,
    log_var,
    beta=1.0,
    *,
    pixels=torch.sum,
    over=torch.mean,
    error=None,
    weigh=None,
):
    """The parts, each with what somebody may have put in place of a piece."""
    error = error or (lambda r, x: F.binary_cross_entropy(r, x, reduction="none"))
    each = torch.stack([pixels(values) for values in error(reconstruction, images)])
    first, second = over(each), over(variational.kl_divergence(mean, log_var))
    total = weigh(first, second, beta) if weigh else first + beta * second
    return {"total": total, "reconstruction": first, "kl": second}


def _but(**changes):
    return lambda *a, **k: expected(*a, **k, **changes)


def _kl_mean(reconstruction, images, mean, log_var, beta=1.0):
    parts = expected(reconstruction, images, mean, log_var)
    kl = parts["kl"] / mean.shape[1]
    return parts | {"kl": kl, "total": parts["reconstruction"] + beta * kl}


def _kl_sum(reconstruction, images, mean, log_var, beta=1.0):
    parts = expected(reconstruction, images, mean, log_var)
    kl = parts["kl"] * len(mean)
    return parts | {"kl": kl, "total": parts["reconstruction"] + beta * kl}


def _a_dict(case: Case):
    said = word(case.got["kind"])
    yield holds(
        "it returns a dictionary with total, reconstruction and kl",
        said == "a dict",
        got=said,
        expected=", ".join(PARTS),
        cause='write `return {"total": ..., "reconstruction": ..., "kl": ...}`',
    )


PROPERTIES = (
    rule(_a_dict, "kind"),
    scalar("reconstruction", "average over the batch", what="the reconstruction part is one number"),
    same(
        "reconstruction",
        "the reconstruction part: summed over pixels, averaged over images",
        "binary cross-entropy of each pixel, summed over channels, rows and columns; then the mean over B",
        points=1,
    ),
    scalar("kl", "average over the batch", what="the KL part is one number"),
    same("kl", "the KL part: averaged over images", "the mean of your `kl_divergence`", points=0.5),
    same("total", "total is their sum", "reconstruction + beta · kl, with beta 1 by default", points=0.5),
    same(
        "total with beta 3",
        "beta weighs the KL part",
        "reconstruction + beta · kl: beta belongs to the KL part alone",
        points=0.5,
    ),
    same("kl with beta 3", "the KL part is returned without beta", "beta multiplies it in `total` alone"),
    same("total without the KL term", "with beta 0 it is the reconstruction alone"),
    same("total for one", "a batch of one image works", "keep the batch axis: no `squeeze()`"),
    same(
        "the gradients",
        "the gradient of total reaches all three inputs",
        "return tensors, not `.item()`, and detach nothing",
        rtol=1e-3,
        points=0.5,
    ),
    unchanged(
        "given afterwards",
        "images and codes are left as they were",
        "nothing may change in place: no `+=`, no `x[…] =`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "averaged over pixels: sum over them, for a mean is far too small beside the KL part": _but(
        pixels=torch.mean
    ),
    "summed over the batch too: sum over pixels, then average over images": _but(over=torch.sum),
    "that is a squared error: these pixels are probabilities, so take binary cross-entropy": _but(
        error=lambda r, x: (r - x) ** 2
    ),
    "that is an absolute error: these pixels are probabilities, so take binary cross-entropy": _but(
        error=lambda r, x: (r - x).abs()
    ),
    "the sign is flipped: a cross-entropy is positive": _but(
        error=lambda r, x: -F.binary_cross_entropy(r, x, reduction="none")
    ),
    "the two are swapped: `F.binary_cross_entropy` takes the reconstruction first, then the images": _but(
        error=lambda r, x: F.binary_cross_entropy(x, r, reduction="none")
    ),
    "summed over the channels alone: sum over rows and columns, too, as `.flatten(1).sum(1)` does": _but(
        pixels=lambda values: values.sum(0).mean()
    ),
    "a sigmoid is applied to what is a probability already": _but(
        error=lambda r, x: F.binary_cross_entropy_with_logits(r, x, reduction="none")
    ),
    "the KL part is averaged over the latent dimensions: sum over them": _kl_mean,
    "the KL part is summed over the batch: average it": _kl_sum,
    "the KL part is subtracted: both parts are costs": _but(weigh=lambda r, kl, beta: r - beta * kl),
    "the KL part is missing from the total": _but(weigh=lambda r, kl, beta: r),
    "beta is not used: it multiplies the KL part": _but(weigh=lambda r, kl, beta: r + kl),
    "beta stands at the reconstruction: it multiplies the KL part": _but(
        weigh=lambda r, kl, beta: beta * r + kl
    ),
    "beta multiplies both parts": _but(weigh=lambda r, kl, beta: beta * (r + kl)),
}
