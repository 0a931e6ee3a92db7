"""Answers to lab 06: the functions."""

import math

import torch
from torch import distributions
from torch.nn import functional as F

# 6.1


def _by_library(mean, log_var):
    return distributions.Normal(mean, log_var.exp().sqrt()).rsample()


def _in_place(mean, log_var):
    return torch.empty_like(mean).normal_().mul(log_var.div(2).exp()).add(mean)


def _without_path(mean, log_var):
    return distributions.Normal(mean, torch.exp(0.5 * log_var)).sample()


def _from_data(mean, log_var):
    return mean + torch.randn_like(mean) * (0.5 * log_var.data).exp()


def _one_eps(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.randn(1, device=mean.device)


def _one_row(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.randn(mean.shape[1], device=mean.device)


def _seeded(mean, log_var):
    torch.manual_seed(0)
    return mean + (0.5 * log_var).exp() * torch.randn_like(mean)


def _on_the_cpu(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.randn(mean.shape)


def _coin(mean, log_var):
    return mean + (0.5 * log_var).exp() * (torch.randint(0, 2, mean.shape, device=mean.device) * 2 - 1) * (
        1 + 0.01 * torch.randn_like(mean)
    )


def _spoiling(mean, log_var):
    return torch.randn_like(mean).mul_(log_var.mul_(0.5).exp()).add_(mean)


# 6.2


def _kl_by_library(mean, log_var):
    code = distributions.Independent(distributions.Normal(mean, log_var.mul(0.5).exp()), 1)
    prior = distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return distributions.kl_divergence(code, distributions.Independent(prior, 1))


def _kl_as_published(mean, log_var):
    return -(1 + log_var - mean.pow(2) - log_var.exp()).sum(-1) / 2


def _kl_detached(mean, log_var):
    return _kl_as_published(mean, log_var.detach())


# 6.3


def _loss_by_hand(reconstruction, images, mean, log_var, beta=1.0):
    r = reconstruction
    each = torch.xlogy(images, r) + torch.special.xlog1py(1 - images, -r)
    parts = {"reconstruction": -each.sum((1, 2, 3)).mean(), "kl": _kl_as_published(mean, log_var).mean()}
    parts["total"] = parts["reconstruction"] + beta * parts["kl"]
    return parts


def _loss_by_total_sum(reconstruction, images, mean, log_var, beta=1.0, kl=_kl_as_published, **how):
    first = F.binary_cross_entropy(reconstruction, images, **({"reduction": "sum"} | how)) / (
        1 if how else len(images)
    )
    second = kl(mean, log_var).mean()
    return {"total": first + beta * second, "reconstruction": first, "kl": second}


def _loss_as_numbers(*given, **how):
    return {name: torch.tensor(v.item()) for name, v in _loss_by_total_sum(*given, **how).items()}


def _loss_as_tuple(*given, **how):
    return tuple(_loss_by_total_sum(*given, **how).values())


def _loss_each(reconstruction, images, mean, log_var, beta=1.0):
    first = F.binary_cross_entropy(reconstruction, images, reduction="none").sum((1, 2, 3))
    second = _kl_as_published(mean, log_var)
    return {"total": (first + beta * second).mean(), "reconstruction": first, "kl": second}


def _loss_with_beta_in_kl(reconstruction, images, mean, log_var, beta=1.0):
    parts = _loss_by_total_sum(reconstruction, images, mean, log_var, beta)
    return parts | {"kl": beta * parts["kl"]}


def _loss_with_a_sum_over(axes):
    def loss(reconstruction, images, mean, log_var, beta=1.0):
        parts = _loss_by_total_sum(reconstruction, images, mean, log_var, beta)
        first = F.binary_cross_entropy(reconstruction, images, reduction="none").sum(axes).mean()
        return parts | {"reconstruction": first, "total": first + beta * parts["kl"]}

    return loss


def _loss_in_place(reconstruction, images, mean, log_var, beta=1.0):
    return _loss_by_total_sum(reconstruction, images.clamp_(1e-3, 1 - 1e-3), mean, log_var, beta)


# 6.6


def _codes_in_a_loop(side):
    normal = distributions.Normal(0.0, 1.0)
    at = [normal.icdf(torch.tensor((i + 0.5) / side)).item() for i in range(side)]
    return torch.tensor([[x, y] for y in reversed(at) for x in at])


def _codes_by_grid(side, ends=False, up=True):
    p = torch.linspace(0, 1, side) if ends else torch.linspace(0.5 / side, 1 - 0.5 / side, side)
    at = math.sqrt(2) * torch.erfinv(2 * p - 1)
    rows = at.flip(0) if up else at
    return torch.stack([at.repeat(side), rows.repeat_interleave(side)], dim=1)


# 6.7


def _by_autograd(f, mu, sigma, eps):
    z = (mu + sigma * eps).requires_grad_()
    values = f(z)
    (slope,) = torch.autograd.grad(values, z, torch.ones_like(values))
    return values.detach() * eps / sigma, slope


def _by_log_prob(f, mu, sigma, eps):
    at = torch.full_like(eps, mu).requires_grad_()
    z = at.detach() + sigma * eps
    (score,) = torch.autograd.grad((-((z - at) ** 2) / (2 * sigma**2)).sum(), at)
    (path,) = torch.autograd.grad(f(at + sigma * eps).sum(), at)
    return f(z) * score, path


def _by_mean(f, mu, sigma, eps):
    z = (mu + sigma * eps).requires_grad_()
    return f(z).detach() * (z - mu).detach() / sigma**2, torch.autograd.grad(f(z).mean(), z)[0]


def _stacked(*given):
    return torch.stack(_by_autograd(*given))


def _drawing_anew(f, mu, sigma, eps):
    return _by_autograd(f, mu, sigma, torch.randn_like(eps))


def _in_the_place_of_eps(f, mu, sigma, eps):
    score, path = _by_autograd(f, mu, sigma, eps)
    eps.mul_(sigma).add_(mu)
    return score, path


# 6.9

TRUE = {
    "codes without KL": "farther apart",
    "classes without KL": "still told apart",
    "what KL buys": "samples from the prior",
    "more KL than the bound": "costs the bound",
}

RIGHT = {
    "6.1": [_by_library, _in_place],
    "6.2": [_kl_by_library, _kl_as_published],
    "6.3": [_loss_by_hand, _loss_by_total_sum],
    "6.6": [_codes_in_a_loop, _codes_by_grid],
    "6.7": [_by_autograd, _by_log_prob],
    "6.9": [lambda: dict(TRUE), lambda: {name: TRUE[name] for name in reversed(TRUE)}],
}

WRONG = {
    "6.1": {
        "lets no gradient through": _without_path,
        "std is computed from `log_var` itself": _from_data,
        "draw eps in the shape of `mean`": _one_eps,
        "the same eps in several places": _one_row,
        "no seed is set in it": _seeded,
        "on another device": _on_the_cpu,
        "draws from the normal distribution": _coin,
        "the KL term needs them as they are": _spoiling,
        "as `torch.exp`": lambda mean, log_var: mean + math.exp(log_var / 2) * torch.randn_like(mean),
        "the log or root of a negative number": lambda mean, log_var: (
            mean + log_var.sqrt() * torch.randn_like(mean)
        ),
        "drops the batch axis": lambda mean, log_var: _by_library(mean, log_var).squeeze(0),
        "scales eps by the variance": lambda mean, log_var: torch.addcmul(
            mean, torch.randn_like(mean), log_var.exp()
        ),
    },
    "6.2": {
        "the encoder learns from this term": _kl_detached,
        "one number for the whole batch": lambda m, v: (
            -0.5 * torch.mean(torch.sum(1 + v - m * m - v.exp(), 1))
        ),
        "the factor ½ is missing": lambda m, v: (m.square() + v.exp() - v - 1).sum(axis=1),
        "the sign is flipped": lambda m, v: 0.5 * (1 + v - m**2 - v.exp()).sum(1),
        "the batch axis": lambda m, v: _kl_as_published(m, v).squeeze(),
        "without `.cuda()`": lambda m, v: _kl_as_published(m, v) + torch.zeros(len(m)),
        "no method that ends in `_`": lambda m, v: (m.square() + v.exp() - v.add_(1)).sum(1) / 2,
        "the variance is its exp": lambda m, v: (m.square() + v.square() - 1 - v).sum(1) / 2,
        "is the deviation": lambda m, v: (m.square() + v.div(2).exp() - 1 - v).sum(1) / 2,
        "the log or root of a negative number": lambda m, v: (m**2 + v.exp() - 1 - v.log()).sum(1) / 2,
        "as `torch.exp`": lambda m, v: (m**2 + math.exp(v) - 1 - v).sum(1) / 2,
        "it is subtracted": lambda m, v: (m**2 / 2 + v.exp() / 2 - 0.5 + v / 2).sum(1),
    },
    "6.3": {
        "average over the batch": _loss_each,
        "write `return {": _loss_as_tuple,
        "averaged over pixels": lambda *a, **k: _loss_by_total_sum(*a, **k, reduction="mean"),
        "not `.item()`": _loss_as_numbers,
        "on another device": lambda reconstruction, *a, **k: _loss_by_total_sum(
            reconstruction + torch.zeros(1, 1, 1, 1), *a, **k
        ),
        "`total` alone": _loss_with_beta_in_kl,
        "summed over the channels alone": _loss_with_a_sum_over(1),
        "the two are swapped": lambda reconstruction, images, *a, **k: _loss_by_total_sum(
            images, reconstruction, *a, **k
        ),
        "averaged over the latent dimensions": lambda *a, **k: _loss_by_total_sum(
            *a, **k, kl=lambda m, v: -0.5 * (1 + v - m**2 - v.exp()).mean(1)
        ),
    },
    "6.6": {
        "infinite": lambda side: _codes_by_grid(side, ends=True),
        "grows downwards": lambda side: _codes_by_grid(side, up=False),
        "their order is not": lambda side: _codes_by_grid(side).flip(0).flip(1),
        "run backwards": lambda side: _codes_by_grid(side).flip(0),
        "one row for each point": lambda side: _codes_by_grid(side).reshape(side, side, 2),
        "these are the probabilities": lambda side: torch.distributions.Normal(0.0, 1.0).cdf(
            _codes_by_grid(side)
        ),
    },
    "6.7": {
        "take that of a sum": _by_mean,
        "write `return score, path`": lambda *given: list(_by_autograd(*given)) + [0],
        "is unpacked by `(value,)": lambda *given: (_by_autograd(*given)[0], _by_autograd(*given)[1:]),
        "the two are swapped": lambda *given: tuple(reversed(_by_autograd(*given))),
        "with z = mu + sigma · eps": _drawing_anew,
        "eps is left as it was": _in_the_place_of_eps,
    },
    "6.9": {
        "which guessing would give": lambda: TRUE | {"classes without KL": "mixed up"},
        "which is larger": lambda: TRUE | {"codes without KL": "closer together"},
        "letter for letter": lambda: TRUE | {"what KL buys": "Samples from the prior"},
        "one entry for each question": lambda: {"codes without KL": "farther apart"},
    },
}
