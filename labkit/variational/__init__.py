"""Variational autoencoders in formulas: the `bound` that they train on, and the `codes` that come of it."""

from labkit.variational.bound import kl_divergence, reconstruction_loss, reparameterise
from labkit.variational.codes import Shown, decoded, encoded, negative_elbo, plane

__all__ = [
    "Shown",
    "decoded",
    "encoded",
    "kl_divergence",
    "negative_elbo",
    "plane",
    "reconstruction_loss",
    "reparameterise",
]
