"""Training a variational autoencoder, conditional or not. `VAERun.train_step` is the step of lab 06.

The loop around the step, which logs, saves and resumes, is in `labkit.training.loop`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from labkit.logbook import Logbook
from labkit.training.checkpoints import set_generator
from labkit.training.loop import Loop, Schedule, Training
from labkit.training.precision import adam, align, choose
from labkit.variational import (
    Shown,
    decoded,
    encoded,
    kl_divergence,
    negative_elbo,
    reconstruction_loss,
    reparameterise,
)

_ACTIVE = 0.01  # variance of a latent dimension's mean from which on it is used (Burda et al., 2016)


@dataclass(frozen=True, kw_only=True)
class VAEOptions(Schedule):
    """How to train a VAE. Any field, and any of `Schedule`, can be given to `train_vae` by its name.

    Attributes:
        lr: Adam's learning rate.
        warm_up: steps over which the rate rises from 0 to ``lr``. Adam's first steps are as large as its
            later ones, in whatever direction, and can switch hidden units off for good.
        beta: weight of the KL term (Higgins et al., 2017); 1 is the bound itself.
    """

    lr: float = 1e-3
    warm_up: int = 0
    beta: float = 1.0

    def __post_init__(self):
        if not self.beta >= 0:
            raise ValueError(f"beta {self.beta} is a weight: give 0 or more.")
        if self.warm_up < 0:
            raise ValueError(f"warm_up {self.warm_up} is a number of steps: give 0 or more.")


@dataclass(kw_only=True)
class VAERun(Training):
    """A training of an encoder and a decoder under way, and what is left of it at its end; see `Training`.

    Attributes:
        noise: the random generator of eps.
        shown: what `sample` reconstructs. test: what `evaluate` measures on.
        conditional: whether both networks are given the label.
        mean: of the codes of the last batch, (B, latent_dim).
    """

    encoder: nn.Module
    decoder: nn.Module
    optimizer: torch.optim.Optimizer
    options: VAEOptions
    noise: torch.Generator
    shown: Shown
    test: Shown
    conditional: bool = False
    mean: torch.Tensor = field(default_factory=lambda: torch.empty(0))

    samples_tag = "samples/reconstructions"

    def train_step(self, images: torch.Tensor, *labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """One update of both networks on images (B, C, H, W) in [0, 1], and their labels (B,) if they are a
        condition; returns the parts of the loss."""
        mean, log_var = self.encoder(images, *labels)  # (B, latent_dim) each
        z = reparameterise(mean, log_var, self.noise)
        reconstruction = self.decoder(z, *labels)  # (B, C, H, W)

        reconstruction_part = reconstruction_loss(reconstruction, images).mean()
        kl_part = kl_divergence(mean, log_var).mean()
        loss = reconstruction_part + self.options.beta * kl_part

        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

        self.mean = mean.detach()
        return {
            "loss/total": loss.detach(),
            "loss/reconstruction": reconstruction_part.detach(),
            "loss/kl": kl_part.detach(),
        }

    def update(self, measured: bool) -> dict[str, torch.Tensor]:
        """One step; if ``measured``, with the number of latent dimensions in use."""
        for group in self.optimizer.param_groups if self.step < self.options.warm_up else ():
            group["lr"] = self.options.lr * (self.step + 1) / self.options.warm_up
        batch = next(self.batches)
        images, labels = batch if isinstance(batch, tuple) else (batch, None)
        self.images += len(images)
        losses = self.train_step(to_probability(images), *([labels] if self.conditional else []))
        return losses | {"latent/active": active_units(self.mean)} if measured else losses

    def evaluate(self) -> dict[str, float]:
        """-ELBO on the test images and its parts, in nats per image, by tag."""
        parts = negative_elbo(self.encoder, self.decoder, self.test, conditional=self.conditional)
        return {f"test/{name}": value for name, value in parts.items()}

    @torch.no_grad()
    def sample(self) -> torch.Tensor:
        """The shown images, encoded to their means and decoded: uint8 (N, C, H, W)."""
        mean, _ = encoded(self.encoder, self.shown, conditional=self.conditional)
        return decoded(self.decoder, mean, self.shown.labels if self.conditional else None)

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder, "decoder": self.decoder}

    def state_dict(self) -> dict:
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return parts | {"noise": self.noise.get_state()}

    def load_state_dict(self, state: dict) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        align(self.optimizer)
        set_generator(self.noise, state["noise"], self.options.seed + self.step)

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return self.networks | {"optimizer": self.optimizer}


def train_vae(
    encoder: nn.Module,
    decoder: nn.Module,
    *,
    batches: Iterator,
    steps: int,
    test: Shown,
    conditional: bool = False,
    shown: int = 100,
    folder: Path | str | None = None,
    resume: bool = False,
    logbook: Logbook | None = None,
    options: VAEOptions | None = None,
    **changes,
) -> VAERun:
    """Train an encoder and a decoder in place for ``steps`` updates, and return the run.

    Args:
        encoder: ``encoder(images) -> (mean, log_var)``. decoder: ``decoder(z) -> images`` in [0, 1]. If
            ``conditional``, both are given the labels (B,) as well.
        batches: endless batches of images in [-1, 1], or of (images, labels).
        test: images to measure on, now and then; the first ``shown`` of them are reconstructed.
        folder, resume, logbook: as in `labkit.training.train`.
        options, changes: see `VAEOptions`; ``train_vae(..., beta=4)`` changes one of them.

    Raises:
        ValueError: conditional, but the test images have no labels.
        CheckpointError, TrainingError, KeyboardInterrupt: as `labkit.training.train` raises them.
    """
    options = replace(options or VAEOptions(), **changes)
    if conditional and test.labels is None:
        raise ValueError("a conditional VAE needs the labels of its test images.")
    device = next(encoder.parameters()).device
    loop = Loop(options, steps=steps, device=device, folder=folder, resume=resume, logbook=logbook)
    optimizer = adam(nn.ModuleList([encoder, decoder]), options.lr, (0.9, 0.999))
    run = VAERun(
        steps=steps,
        logbook=loop.logbook,
        batches=batches,
        encoder=encoder,
        decoder=decoder,
        optimizer=optimizer,
        options=options,
        noise=torch.Generator(device).manual_seed(options.seed),
        shown=Shown(test.images[:shown], None if test.labels is None else test.labels[:shown]),
        test=test,
        conditional=conditional,
    )
    # In float32: the codes' last digits matter, and the networks are small.
    how = choose(device, encoder, decoder, amp=False)
    with how.laid_out((encoder, decoder), (optimizer,)):
        loop.go(run, evaluate=run.evaluate)
    return run


def to_probability(images: torch.Tensor) -> torch.Tensor:
    """Images in [-1, 1], as batches have them, to [0, 1]."""
    return (images + 1) / 2


def active_units(mean: torch.Tensor) -> torch.Tensor:
    """How many latent dimensions say something of the image: those whose mean (B, latent_dim) varies over
    the batch with a variance above 0.01 (Burda, Grosse and Salakhutdinov, 2016, arXiv:1509.00519)."""
    return (mean.var(dim=0, correction=0) > _ACTIVE).sum().float()
