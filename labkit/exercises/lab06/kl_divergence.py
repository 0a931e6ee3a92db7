"""Exercise 6.2: how far a normal distribution is from the unit one, in closed form."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab06.reparameterise import SCALAR_EXP
from labkit.exercises.probing import elsewhere, flat, gradients, tried
from labkit.exercises.properties import fits_any_device, same, same_shape, unchanged


def normals(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Means and log variances (B, L) of any sizes."""
    generator = torch.Generator().manual_seed(seed)
    batch, size = (int(torch.randint(low, low + 4, (), generator=generator)) for low in (5, 2))
    shape = (batch, size + (size == batch))
    return tuple(torch.randn(shape, generator=generator) * 1.5 + shift for shift in (0.7, -0.4))


def probe(kl_divergence, given):
    leaves = [values.clone().requires_grad_() for values in given]
    mean, log_var = (leaf.clone() for leaf in leaves)  # no leaves, as an encoder's outputs are none
    kl = kl_divergence(mean, log_var)
    # Of the right shape only: the sum of a tensor of 10**12 numbers takes minutes.
    right = isinstance(kl, torch.Tensor) and kl.shape == mean.shape[:1]
    slopes = gradients(kl.sum() if right else None, leaves)
    zeros, meta = torch.zeros(2, 3), [torch.empty(3, 2, device="meta") for _ in range(2)]
    return {
        "the result": kl,
        "of the prior itself": tried(lambda: kl_divergence(zeros.clone(), zeros.clone())),
        "for one": tried(lambda: kl_divergence(*(values[:1].clone() for values in given))),
        "the gradients": torch.stack(slopes),
        "given afterwards": flat([mean, log_var]),
        "elsewhere": elsewhere(lambda: kl_divergence(*meta)),
    }


EXERCISE = Exercise(
    "6.2", "The KL term", 2, "kl_divergence(mean, log_var)", normals, probe, causes=SCALAR_EXP
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(mean, log_var):
    """The library's own, for each dimension."""
    code = torch.distributions.Normal(mean, (0.5 * log_var).exp())
    return torch.distributions.kl_divergence(code, torch.distributions.Normal(0, 1)).sum(1)


def _half_of(inside):
    return lambda mean, log_var: 0.5 * inside(mean, log_var).sum(1)


PROPERTIES = (
    same_shape("the result", "one number for each code, (B,)", "sum over the latent dimensions, `dim=1`"),
    same(
        "the result",
        "it is the KL divergence from the unit normal distribution",
        "½ Σ (mean² + exp(log_var) − 1 − log_var), over the latent dimensions",
        points=1.5,
    ),
    same("of the prior itself", "the prior is at distance 0 from itself"),
    same("for one", "a batch of one works", "(1, L) comes in: `squeeze()` drops the batch axis"),
    same(
        "the gradients",
        "the gradient reaches mean and log_var",
        "nothing may be detached: the encoder learns from this term",
        points=0.5,
    ),
    unchanged(
        "given afterwards",
        "mean and log_var are left as they were",
        "the decoder's draw needs them as they are: no `+=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "one number for the whole batch: sum over the latent dimensions only, `dim=1`": lambda m, v: expected(
        m, v
    ).mean(),
    "summed over the batch, not over the latent dimensions: `dim=1`": lambda m, v: expected(m.T, v.T),
    "each dimension stands by itself: sum over them": lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v),
    "the sign is flipped: a KL divergence is never negative": lambda m, v: -expected(m, v),
    "twice as much: the factor ½ is missing": lambda m, v: 2 * expected(m, v),
    "averaged over the latent dimensions: sum over them": lambda m, v: expected(m, v) / m.shape[1],
    "the −1 is missing": _half_of(lambda m, v: m**2 + v.exp() - v),
    "mean enters without its square": _half_of(lambda m, v: m + v.exp() - 1 - v),
    "log_var was taken for the variance: its exp is the variance": _half_of(
        lambda m, v: m**2 + v - 1 - v.abs().log()
    ),
    "log_var was taken for the log of the deviation: exp(log_var) is the variance already": _half_of(
        lambda m, v: m**2 + (2 * v).exp() - 1 - 2 * v
    ),
    "log_var is squared: the variance is its exp": _half_of(lambda m, v: m**2 + v**2 - 1 - v),
    "exp(log_var / 2) is the deviation: the formula has its square, the variance": _half_of(
        lambda m, v: m**2 + (0.5 * v).exp() - 1 - v
    ),
    "exp(log_var) is squared: it is the variance already": _half_of(
        lambda m, v: m**2 + (2 * v).exp() - 1 - v
    ),
    "log_var is added: it is subtracted": _half_of(lambda m, v: m**2 + v.exp() - 1 + v),
}
