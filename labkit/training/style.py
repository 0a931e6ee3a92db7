"""Training a style-based generator against its discriminator (Karras et al., 2019, arXiv:1812.04948).

The step is `StyleRun.train_step`. The loop around it, which logs, saves and resumes, is in
`labkit.training.loop`.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from labkit.logbook import Logbook
from labkit.losses import Loss, logits_losses
from labkit.networks.style import StyleDiscriminator, StyleGenerator, mix
from labkit.plots import as_uint8
from labkit.training import observe
from labkit.training.adversarial import Evaluate, follow
from labkit.training.checkpoints import set_generator
from labkit.training.loop import Loop, Schedule, Training
from labkit.training.precision import Precision, adam, align, choose, frozen
from labkit.training.translation import rate_factor

_AT_ONCE = 100  # images that are drawn together, where nothing is learnt


@dataclass(frozen=True, kw_only=True)
class StyleOptions(Schedule):
    """How to train. Any field, and any of `Schedule`, can be given to `train_style` by its name.

    Attributes:
        g_lr, d_lr: Adam's learning rates. betas: its decay rates.
        decay_from: share of the steps after which both rates fall in a straight line, to 0 at the end.
        gamma: weight of R1; 0 for none.
        r1_every: steps from one R1 penalty to the next, which then counts as many times over: the same
            pull on average, at a fraction of the cost (Karras et al., 2020, arXiv:1912.04958, section 3.1).
        mixing: share of the images that are drawn from two w, with a crossover at a random layer.
        ema: decay of the running mean of G's weights, in [0, 1); at the start of a run it is less.
        samples: images of the fixed z. evaluated: how many samples ``evaluate`` is given.
        amp, channels_last: ``"auto"``, True or False; bfloat16 and the memory layout.
    """

    g_lr: float = 2e-3
    d_lr: float = 5e-4
    betas: tuple[float, float] = (0.0, 0.99)
    decay_from: float = 1.0
    gamma: float = 10.0
    r1_every: int = 16
    mixing: float = 0.9
    ema: float = 0.995
    samples: int = 64
    evaluated: int = 1000
    amp: bool | str = "auto"
    channels_last: bool | str = "auto"

    def __post_init__(self):
        # Adam needs both of one type, and (0, 0.99) is a natural thing to write.
        object.__setattr__(self, "betas", tuple(float(beta) for beta in self.betas))
        if not 0 < self.decay_from <= 1:
            raise ValueError(f"decay_from {self.decay_from} is a share of the steps, above 0 and at most 1.")
        if not 0 <= self.mixing <= 1:
            raise ValueError(f"mixing {self.mixing} is a share, from 0 to 1.")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema {self.ema} is not a decay in [0, 1); 0.995 is common, 0 is none.")
        if not self.gamma >= 0:
            raise ValueError(f"gamma {self.gamma} is a weight: give 0 or more.")
        for name in ("r1_every", "samples", "evaluated"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} must be at least 1.")


@dataclass(kw_only=True)
class StyleRun(Training):
    """A training of a style-based G against D under way, and what is left of it; see `Training`.

    Attributes:
        mean: the running mean of G, which draws the samples.
        latent: the random generator of z and of the crossovers.
        fixed_z: (samples, latent_dim), the same throughout.
    """

    G: StyleGenerator
    D: StyleDiscriminator
    mean: StyleGenerator
    g_optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    options: StyleOptions
    precision: Precision
    latent: torch.Generator
    fixed_z: torch.Tensor = field(default_factory=lambda: torch.empty(0))

    samples_tag = "samples/fixed_z"
    advice = "Lower the learning rates, or raise gamma."

    def train_step(self, discriminator_loss: Loss, generator_loss: Loss) -> dict[str, torch.Tensor]:
        """Update D, then G through the updated D, on the same fakes; returns both losses, scalars."""
        D = self.precision.mixed(self.D)
        real = self.next_real()  # (B, C, S, S) in [-1, 1]
        fake = self.draw(len(real))

        self.d_optimizer.zero_grad()
        with self.precision.shared_casts():
            d_loss = discriminator_loss(D, real, fake.detach())
        d_loss.backward()
        if self.options.gamma and self.step % self.options.r1_every == 0:
            weight = self.options.r1_every * self.options.gamma / 2
            (weight * steepness(D, real)).backward()
        self.d_optimizer.step()

        self.g_optimizer.zero_grad()
        with frozen(self.D):  # the way to G leads through D, whose own gradients nobody needs
            g_loss = generator_loss(D, real, fake)
            g_loss.backward()
        self.g_optimizer.step()

        # At the start, where G changes fast, the mean spans no more than a ninth of the run so far.
        follow(self.mean, self.G, min(self.options.ema, (self.step + 1) / (self.step + 10)))
        return {"loss/d": d_loss.detach(), "loss/g": g_loss.detach()}

    def draw(self, count: int) -> torch.Tensor:
        """Fakes to learn from, (count, C, S, S). A share ``mixing`` of them has a second style from a random
        layer on (section 3.1)."""
        w_a, w_b = self.G.mapping(self.draw_z(2 * count)).chunk(2)
        layers, how = self.G.layers, {"device": w_a.device, "generator": self.latent}
        crossover = torch.randint(1, layers, (count,), **how)
        mixed = torch.rand(count, **how) < self.options.mixing
        w = mix(w_a, w_b, torch.where(mixed, crossover, layers), layers)
        with self.precision.autocast():
            return self.G.draw(w).float()

    def next_real(self) -> torch.Tensor:
        """The next real batch, (B, C, S, S), on the device."""
        real = next(self.batches).to(self.precision.device, non_blocking=True)
        self.images += len(real)
        return self.precision.lay_out_images(real)

    def draw_z(self, count: int, latent: torch.Generator | None = None) -> torch.Tensor:
        """Fresh z from N(0, 1), (count, latent_dim), from the run's generator or another one."""
        device = self.precision.device
        return torch.randn(count, *self.G.latent_shape, device=device, generator=latent or self.latent)

    def update(self, measured: bool) -> dict[str, torch.Tensor]:
        """One step at its rate; if ``measured``, with the numbers of `observe.measure`."""
        factor = rate_factor(self.step / self.steps, self.options.decay_from)
        set_rate(self.g_optimizer, factor * self.options.g_lr)
        set_rate(self.d_optimizer, factor * self.options.d_lr)
        d_loss, g_loss = logits_losses()  # -log D for G
        if not measured:
            return self.train_step(d_loss, g_loss)
        d_seen, g_seen = observe.Observed(d_loss), observe.Observed(g_loss, slopes=True)
        losses = self.train_step(d_seen, g_seen)
        return observe.measure(losses, d_seen, g_seen, self.D, self.g_optimizer, self.images)

    def probe(self) -> torch.Tensor:
        """Fresh samples of G itself: at this step the same ones, however often the run was interrupted."""
        own = torch.Generator(self.precision.device)
        own.manual_seed(self.options.seed + 1_000_003 * self.step)
        return images_of(self.G, self.draw_z(self.options.evaluated, own), own)

    def start(self) -> None:
        self.fixed_z = self.draw_z(self.options.samples)

    def sample(self) -> torch.Tensor:
        """Images of the fixed z by the mean G, with the same noise each time: uint8 (samples, C, S, S)."""
        own = torch.Generator(self.precision.device).manual_seed(self.options.seed)
        return images_of(self.mean, self.fixed_z, own)

    @property
    def networks(self) -> dict:
        return {"G": self.G, "D": self.D}

    def state_dict(self) -> dict:
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return parts | {"latent": self.latent.get_state(), "fixed_z": self.fixed_z}

    def load_state_dict(self, state: dict) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        for optimizer in (self.d_optimizer, self.g_optimizer):
            align(optimizer)
        set_generator(self.latent, state["latent"], self.options.seed + self.step)
        self.fixed_z = state["fixed_z"].to(self.precision.device)

    def _parts(self) -> dict:
        optimizers = {"d_optimizer": self.d_optimizer, "g_optimizer": self.g_optimizer}
        return self.networks | {"mean": self.mean} | optimizers


def train_style(
    G: StyleGenerator,
    D: StyleDiscriminator,
    *,
    batches: Iterator[torch.Tensor],
    steps: int,
    folder: Path | str | None = None,
    resume: bool = False,
    logbook: Logbook | None = None,
    evaluate: Evaluate | None = None,
    options: StyleOptions | None = None,
    **changes,
) -> StyleRun:
    """Train G against D in place for ``steps`` updates of each, and return the run.

    Args:
        batches: endless float batches (B, C, S, S) in [-1, 1].
        folder, resume, logbook: as in `labkit.training.train`.
        evaluate: numbers to log of samples of G itself, uint8 (N, C, S, S), by tag.
        options, changes: see `StyleOptions`; ``train_style(..., mixing=0)`` changes one of them.

    Raises:
        CheckpointError, TrainingError, KeyboardInterrupt: as `labkit.training.train` raises them.
    """
    options = replace(options or StyleOptions(), **changes)
    device = next(G.parameters()).device
    how = choose(device, G, D, amp=options.amp, channels_last=options.channels_last)
    loop = Loop(options, steps=steps, device=device, folder=folder, resume=resume, logbook=logbook)
    g_optimizer = adam(G, options.g_lr, options.betas)
    d_optimizer = adam(D, options.d_lr, options.betas)
    # G stays in torch's usual layout: AdaIN needs the pixels of a channel side by side.
    with how.laid_out((D,), (d_optimizer,)):
        run = StyleRun(
            steps=steps,
            logbook=loop.logbook,
            batches=batches,
            G=G,
            D=D,
            mean=copy.deepcopy(G).requires_grad_(False),
            g_optimizer=g_optimizer,
            d_optimizer=d_optimizer,
            options=options,
            precision=how,
            latent=torch.Generator(device).manual_seed(options.seed),
        )
        loop.go(run, evaluate=None if evaluate is None else lambda: evaluate(run.probe()))
    return run


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give all parameters of an optimizer this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def steepness(D: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """The mean squared norm of D's gradient at images (B, ...), a scalar that can be differentiated.

    Half of it, times gamma, is R1 (Mescheder et al., 2018, arXiv:1801.04406, equation 9).
    """
    images = images.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(images).sum(), images, create_graph=True)
    return slope.square().flatten(1).sum(dim=1).mean()


@torch.no_grad()
def images_of(G: StyleGenerator, z: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Images of z (N, latent_dim), with noise from the generator: uint8 (N, C, S, S) on the CPU."""
    parts = [G(part, G.draw_noise(len(part), generator)) for part in z.split(_AT_ONCE)]
    return as_uint8(torch.cat(parts))
