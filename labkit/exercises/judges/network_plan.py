"""A table of layers, as a plan to hold a network against and as the reading of a network's trace."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labkit.exercises.network_trace import COLUMNS, KINDS, MOST_OPERATIONS

WEIGHTED = ("Conv2d", "ConvTranspose2d", "Linear")


@dataclass(frozen=True)
class Step:
    """One operation. Of an activation only kind and slope count; a batch norm's slope is its epsilon."""

    kind: str
    wide: int = 0
    out: int = 0
    kernel: int = 0
    stride: int = 0
    padding: int = 0
    bias: bool = False
    size: int = 0
    slope: float = 0.0
    registered: bool = True

    def __str__(self) -> str:
        return f"LeakyReLU({self.slope:g})" if self.kind == "LeakyReLU" else self.kind


@dataclass(frozen=True)
class Stage:
    """A layer with weights, and what follows it until the next one."""

    layer: Step
    after: tuple[Step, ...] = ()

    def only(self, kinds: Sequence[str]) -> list[str]:
        return [str(s) for s in self.after if s.kind in kinds]


def steps(operations: np.ndarray) -> list[Step]:
    """The operations of a trace; none from an array that is no trace."""
    rows = len(operations) if operations.ndim == 2 and operations.dtype.kind in "biuf" else 0
    if not rows or rows > MOST_OPERATIONS or operations.shape[1] != len(COLUMNS):
        return []
    found = []
    for row in np.nan_to_num(operations.astype(np.float64)):
        named = dict(zip(COLUMNS, row.tolist(), strict=True))
        kind = KINDS[int(np.clip(named.pop("kind"), 0, len(KINDS) - 1))]
        slope = round(named.pop("slope"), 8)
        whole = {k: bool(v) if k in ("bias", "registered") else int(v) for k, v in named.items()}
        found.append(Step(kind, slope=slope, **whole))
    return found


def stages(found: Sequence[Step]) -> list[Stage]:
    """Steps, cut before every layer that has weights."""
    cut: list[tuple[Step, list[Step]]] = []
    for step in found:
        if step.kind in WEIGHTED:
            cut.append((step, []))
        elif cut:
            cut[-1][1].append(step)
    return [Stage(layer, tuple(after)) for layer, after in cut]


BATCH_NORM = Step("BatchNorm", slope=1e-5)


def generator_plan(latent_dim: int, base_channels: int, image_channels: int) -> list[Stage]:
    """The generator of Radford et al. (2015) at 64 pixels."""
    out = [8 * base_channels, 4 * base_channels, 2 * base_channels, base_channels, image_channels]
    wide = [latent_dim, *out[:-1]]
    how = [(4, 1, 0), *[(4, 2, 1)] * 4]
    after = [(BATCH_NORM, Step("ReLU"))] * 4 + [(Step("Tanh"),)]
    sizes = [4, 8, 16, 32, 64]
    rows = zip(wide, out, how, sizes, after, strict=True)
    return [Stage(Step("ConvTranspose2d", w, o, *h, size=s), a) for w, o, h, s, a in rows]


def discriminator_plan(base_channels: int, image_channels: int) -> list[Stage]:
    """The discriminator of Radford et al. (2015) at 64 pixels, with the sigmoid of the handout."""
    out = [base_channels, 2 * base_channels, 4 * base_channels, 8 * base_channels, 1]
    wide = [image_channels, *out[:-1]]
    how = [*[(4, 2, 1)] * 4, (4, 1, 0)]
    leaky = Step("LeakyReLU", slope=0.2)
    after = [(leaky,), *[(BATCH_NORM, leaky)] * 3, (Step("Sigmoid"),)]
    rows = zip(wide, out, how, [32, 16, 8, 4, 1], after, strict=True)
    return [Stage(Step("Conv2d", w, o, *h, size=s), a) for w, o, h, s, a in rows]


def dense_generator_plan() -> list[Stage]:
    """The dense-and-upsample generator of a course report."""
    between = (Step("LeakyReLU", slope=0.2), BATCH_NORM, Step("Upsample"))
    return [
        Stage(Step("Linear", 4096, 4096, bias=True), between),
        Stage(Step("Conv2d", 16, 128, 5, 1, 2, True, 32), between),
        Stage(Step("Conv2d", 128, 3, 5, 1, 2, True, 64), (Step("Tanh"),)),
    ]


def dense_discriminator_plan() -> list[Stage]:
    """The dense discriminator of the same report."""
    leaky = Step("LeakyReLU", slope=0.2)
    return [
        Stage(Step("Linear", 12_288, 512, bias=True), (leaky,)),
        Stage(Step("Linear", 512, 256, bias=True), (leaky,)),
        Stage(Step("Linear", 256, 1, bias=True), (Step("Sigmoid"),)),
    ]
