"""Training G against D. `Run.train_step` is the step of exercise 3.4; everything else here prepares it.

The loop around the step, which logs, saves and resumes, is in `labkit.training.loop`. What a measured step
logs besides its losses is in `labkit.training.observe`.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from labkit.logbook import Logbook
from labkit.losses import Loss
from labkit.training import observe
from labkit.training.checkpoints import set_generator
from labkit.training.loop import Loop, Schedule, Training
from labkit.training.precision import Precision, adam, align, choose, frozen
from labkit.training.sampling import generate

Latent = Callable[[tuple[int, ...], torch.Generator], torch.Tensor]
Evaluate = Callable[[torch.Tensor], Mapping[str, float]]


@dataclass(kw_only=True)
class Run(Training):
    """A training of G against D under way, and what is left of it at its end; see also `Training`.

    Attributes:
        d_loss, g_loss: ``loss(D, real, fake) -> scalar``.
        ema: the running mean of G, or None.
        latent: the random generator that z comes from.
        fixed_z: (samples, *latent_shape), the same throughout.
        frames: by step, what G made of fixed_z: uint8 (samples, C, H, W), or float points (samples, 2).
        images: real ones that D was shown.
    """

    G: nn.Module
    D: nn.Module
    d_loss: Loss
    g_loss: Loss
    d_optimizer: torch.optim.Optimizer
    g_optimizer: torch.optim.Optimizer
    options: "Options"
    precision: Precision
    ema: nn.Module | None
    latent: torch.Generator
    fixed_z: torch.Tensor = field(default_factory=lambda: torch.empty(0))

    samples_tag = "samples/fixed_z"
    advice = "Lower the learning rates, or use a loss on logits."

    def train_step(self, discriminator_loss: Loss, generator_loss: Loss) -> dict[str, torch.Tensor]:
        """Update D, then G once through the updated D, on the same fakes; returns both losses, scalars."""
        G, D = self.precision.mixed(self.G), self.precision.mixed(self.D)
        d_optimizer, g_optimizer = self.d_optimizer, self.g_optimizer

        for turn in range(1, self.options.d_steps + 1):
            real = self.next_real()  # (B, C, H, W)
            z = self.draw_z(len(real))  # (B, *latent_shape)
            with torch.set_grad_enabled(turn == self.options.d_steps):  # G learns from the last fakes only
                fake = G(z)  # (B, C, H, W)

            d_optimizer.zero_grad()
            with self.precision.shared_casts():
                d_loss = discriminator_loss(D, real, fake.detach())
            d_loss.backward()
            d_optimizer.step()

        g_optimizer.zero_grad()
        with frozen(self.D):  # the way to G leads through D, whose own gradients nobody needs
            g_loss = generator_loss(D, real, fake)
            g_loss.backward()
        g_optimizer.step()

        if self.ema is not None:
            follow(self.ema, self.G, self.options.ema)
        return {"loss/d": d_loss.detach(), "loss/g": g_loss.detach()}

    def update(self, measured: bool) -> dict[str, torch.Tensor]:
        """One step; if ``measured``, with the numbers of `observe.measure`."""
        if not measured:
            return self.train_step(self.d_loss, self.g_loss)
        d_seen, g_seen = observe.Observed(self.d_loss), observe.Observed(self.g_loss, slopes=True)
        losses = self.train_step(d_seen, g_seen)
        return observe.measure(losses, d_seen, g_seen, self.D, self.g_optimizer, self.images)

    def next_real(self) -> torch.Tensor:
        """The next real batch, (B, ...), on the device."""
        real = next(self.batches).to(self.precision.device, non_blocking=True)
        self.images += len(real)
        return self.precision.lay_out_images(real)

    def draw_z(self, count: int, latent: torch.Generator | None = None) -> torch.Tensor:
        """Fresh z, (count, *latent_shape), from the run's generator or another one.

        Raises:
            ValueError: neither the options nor G say what shape one z has.
        """
        latent, kind, device = latent or self.latent, self.options.latent, self.precision.device
        inner = self.options.latent_shape or getattr(self.G, "latent_shape", None)
        if inner is None:
            raise ValueError("the shape of z is not known: pass latent_shape=(100, 1, 1), say.")
        shape = (count, *inner)
        if callable(kind):
            return kind(shape, latent).to(device)
        z = torch.empty(shape, device=device)
        return z.normal_(generator=latent) if kind == "normal" else z.uniform_(-1, 1, generator=latent)

    def start(self) -> None:
        self.fixed_z = self.draw_z(self.options.samples)

    def sample(self, z: torch.Tensor | None = None) -> torch.Tensor:
        """Images of z (default: the fixed one), by the mean G if there is one: see `generate`."""
        return generate(self.ema or self.G, self.fixed_z if z is None else z)

    def probe(self) -> torch.Tensor:
        """Fresh samples of G itself: at this step the same ones, however often the run was interrupted."""
        own = torch.Generator(self.precision.device)
        own.manual_seed(self.options.seed + 1_000_003 * self.step)
        return generate(self.G, self.draw_z(self.options.evaluated, own))

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"G": self.G, "D": self.D}

    @property
    def d_losses(self) -> list[float]:
        """D's loss at every step that was logged."""
        return self.logbook.column("loss/d")[1].tolist()

    @property
    def g_losses(self) -> list[float]:
        """G's loss at every step that was logged."""
        return self.logbook.column("loss/g")[1].tolist()

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

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        mean = {} if self.ema is None else {"ema": self.ema}
        return self.networks | mean | {"d_optimizer": self.d_optimizer, "g_optimizer": self.g_optimizer}


@torch.no_grad()
def follow(mean: nn.Module, G: nn.Module, decay: float) -> None:
    """Move the running mean of G's weights; its buffers (batch statistics) are copied."""
    torch._foreach_lerp_(list(mean.parameters()), list(G.parameters()), 1 - decay)
    for kept, new in zip(mean.buffers(), G.buffers(), strict=True):
        kept.copy_(new)


@dataclass(frozen=True, kw_only=True)
class Options(Schedule):
    """How to train G against D. Any field, and any of `Schedule`, can be given to `train` by its name.

    Attributes:
        g_lr, d_lr: Adam's learning rates, used where no optimizer is given.
        betas: Adam's decay rates.
        d_steps: D updates per G update, each on a fresh batch.
        ema: decay of a running mean of G's weights, in [0, 1); 0 for none.
        latent: ``"normal"`` or ``"uniform"`` in [-1, 1], or ``f(shape, generator) -> z``.
        latent_shape: of one z, say (100, 1, 1); None asks ``G.latent_shape``.
        samples: how many images of the fixed z.
        evaluated: how many samples `train`'s ``evaluate`` is given.
        amp, channels_last: ``"auto"``, True or False; bfloat16 and the memory layout.
    """

    g_lr: float = 2e-4
    d_lr: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    d_steps: int = 1
    ema: float = 0.0
    latent: str | Latent = "normal"
    latent_shape: tuple[int, ...] | None = None
    samples: int = 64
    evaluated: int = 1000
    amp: bool | str = "auto"
    channels_last: bool | str = "auto"

    def __post_init__(self):
        # Adam needs both of one type, and (0, 0.999) is a natural thing to write.
        object.__setattr__(self, "betas", tuple(float(beta) for beta in self.betas))
        for name in ("d_steps", "samples", "evaluated"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} must be at least 1.")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema {self.ema} is not a decay in [0, 1); 0.999 is common, 0 is none.")
        if not callable(self.latent) and self.latent not in ("normal", "uniform"):
            raise ValueError(f"latent {self.latent!r} is neither 'normal', 'uniform' nor a function.")


def train(
    G: nn.Module,
    D: nn.Module,
    *,
    d_loss: Loss,
    g_loss: Loss,
    batches: Iterator[torch.Tensor],
    steps: int,
    folder: Path | str | None = None,
    resume: bool = False,
    logbook: Logbook | None = None,
    g_optimizer: torch.optim.Optimizer | None = None,
    d_optimizer: torch.optim.Optimizer | None = None,
    evaluate: Evaluate | None = None,
    options: Options | None = None,
    **changes,
) -> Run:
    """Train G against D in place for ``steps`` updates of G, and return the run.

    Each step draws z, lets D learn from a real batch and from G(z) (``d_steps`` times, from fresh ones each
    time), and then lets G learn through the updated D from the last fakes.

    Args:
        d_loss, g_loss: ``loss(D, real, fake) -> scalar``; D may give logits or probabilities. They are
            computed in float32, whatever D computes in.
        batches: endless float batches (B, ...); with a folder, ``state_dict`` and ``load_state_dict`` too.
        folder: where to keep the checkpoint and the logbook; None keeps all in memory.
        resume: go on from the folder's checkpoint. Give networks of the same shapes.
        evaluate: numbers to log of samples as `generate` gives them, by tag: ``{"recall/g": 0.4}``. It sees
            G itself, never its running mean, which looks diverse where G only wanders.
        options, changes: see `Options`; ``train(..., ema=0.99)`` changes one of them.

    Raises:
        CheckpointError: no checkpoint to resume, one of other settings, or one that would be lost.
        TrainingError: a loss or a weight is no longer finite. The last checkpoint is kept; its ``run`` is
            the run so far.
        KeyboardInterrupt: after the step under way and a checkpoint; its ``run`` is the run so far.
    """
    options = replace(options or Options(), **changes)
    device = next(G.parameters()).device
    how = choose(device, G, D, amp=options.amp, channels_last=options.channels_last)
    loop = Loop(options, steps=steps, device=device, folder=folder, resume=resume, logbook=logbook)
    g_optimizer = g_optimizer or adam(G, options.g_lr, options.betas)
    d_optimizer = d_optimizer or adam(D, options.d_lr, options.betas)
    with how.laid_out((G, D), (g_optimizer, d_optimizer)):
        run = Run(
            steps=steps,
            logbook=loop.logbook,
            batches=batches,
            G=G,
            D=D,
            d_loss=d_loss,
            g_loss=g_loss,
            d_optimizer=d_optimizer,
            g_optimizer=g_optimizer,
            options=options,
            precision=how,
            ema=copy.deepcopy(G).requires_grad_(False) if options.ema else None,
            latent=torch.Generator(device).manual_seed(options.seed),
        )
        loop.go(run, evaluate=None if evaluate is None else lambda: evaluate(run.probe()))
    return run
