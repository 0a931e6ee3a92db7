"""What goes into a training and what comes out of it: `Options`, `Run`, and images from a generator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from labkit.logbook import Logbook
from labkit.plots import as_uint8
from labkit.training.precision import Precision

Latent = Callable[[tuple[int, ...], torch.Generator], torch.Tensor]


@dataclass(frozen=True)
class Options:
    """How to train. Any field can be given to `train` by its name.

    Attributes:
        g_lr, d_lr: Adam's learning rates, used where no optimizer is given.
        betas: Adam's decay rates.
        d_steps: D updates per G update, each on a fresh batch.
        ema: decay of a running mean of G's weights, in [0, 1); 0 for none.
        latent: ``"normal"`` or ``"uniform"`` in [-1, 1], or ``f(shape, generator) -> z``.
        latent_shape: of one z, say (100, 1, 1); None asks ``G.latent_shape``.
        seed: of z, and of whatever the losses draw. The caller's own random state is left alone.
        log_every, sample_every: in steps; None is about 400 rows and 40 sample grids a run.
        samples: how many images of the fixed z.
        evaluate_every, evaluated: how often `train`'s ``evaluate`` is asked, in steps, and about how many
            samples; None is 20 times a run.
        checkpoint_seconds: between two checkpoints; one more before the first step and one at the end.
        amp, channels_last: ``"auto"``, True or False; bfloat16 and the memory layout.
        progress: show a progress bar; a number is the least seconds between two redraws.
        about: facts about the run, numbers and strings; resuming demands the same ones.
    """

    g_lr: float = 2e-4
    d_lr: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    d_steps: int = 1
    ema: float = 0.0
    latent: str | Latent = "normal"
    latent_shape: tuple[int, ...] | None = None
    seed: int = 0
    log_every: int | None = None
    sample_every: int | None = None
    samples: int = 64
    evaluate_every: int | None = None
    evaluated: int = 1000
    checkpoint_seconds: float = 60.0
    amp: bool | str = "auto"
    channels_last: bool | str = "auto"
    progress: bool | float = True
    about: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self):
        # Adam wants both of one kind, and who writes (0, 0.999) means a number.
        object.__setattr__(self, "betas", tuple(float(beta) for beta in self.betas))
        for name in ("d_steps", "samples", "evaluated"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} must be at least 1.")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema {self.ema} is not a decay in [0, 1); 0.999 is common, 0 is none.")
        if not callable(self.latent) and self.latent not in ("normal", "uniform"):
            raise ValueError(f"latent {self.latent!r} is neither 'normal', 'uniform' nor a function.")


@dataclass
class Run:
    """A training under way, and what is left of it at its end.

    Attributes:
        ema: the running mean of G, or None.
        step: G updates done, of ``steps``.
        fixed_z: (samples, *latent_shape), the same all along.
        frames: by step, what G made of fixed_z: uint8 (samples, C, H, W), or float points (samples, 2).
        seconds: spent in steps alone; D was shown ``images`` real ones in them.
    """

    G: nn.Module
    D: nn.Module
    ema: nn.Module | None
    logbook: Logbook
    steps: int
    precision: Precision
    fixed_z: torch.Tensor
    step: int = 0
    frames: dict[int, torch.Tensor] = field(default_factory=dict)
    seconds: float = 0.0
    images: int = 0
    resumed_at: int | None = None

    @property
    def images_per_second(self) -> float:
        """Real images per second of training, pictures and checkpoints not counted."""
        return self.images / self.seconds if self.seconds else float("nan")

    def sample(self, z: torch.Tensor | None = None) -> torch.Tensor:
        """Images of z (default: the fixed one), by the mean G if there is one: see `generate`."""
        return generate(self.ema or self.G, self.fixed_z if z is None else z)


@torch.no_grad()
def generate(G: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """G(z) as uint8 images (N, C, H, W) on the CPU (points: float (N, 2)), leaving G as it was.

    Batch norm uses the statistics of z itself, as in training and as the published loops do (of a single
    z there are none, so there its running ones); the running ones are untouched.
    """
    modes = [(part, part.training) for part in G.modules()]
    buffers = {name: buffer.clone() for name, buffer in G.named_buffers()}
    gpus = [z.device] if z.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=gpus):  # dropout, say, must not move the caller's random state
            out = torch.func.functional_call(G.train(len(z) > 1), buffers, (z,)).float()
    finally:
        for part, training in modes:
            part.training = training
    return as_uint8(out) if out.ndim == 4 else out.cpu()
