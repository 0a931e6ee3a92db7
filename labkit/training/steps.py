"""One adversarial step, as the lab sheet has it: D on real and fake, then G through the updated D."""

from dataclasses import dataclass

import torch

from labkit.losses import Loss
from labkit.metrics import MetricError, diversity, gradient_norm
from labkit.training.tap import Tap

# What `measure` returns, in this order. Those of D and the gap are from before its update.
TAGS = (
    "loss/d",
    "loss/g",
    "prob/real",
    "prob/fake",
    "accuracy/d",
    "grad_norm/d",
    "grad_norm/g",
    "gap/d",
    "signal/g",
    "diversity/g",
)
_COMPARED = 64  # images of each kind in the diversity: enough, and quick at any batch size


@dataclass
class Seen:
    """What a measured step saw besides its losses; None where it cannot be known."""

    scores: tuple[torch.Tensor, torch.Tensor] | None = None
    d_norm: torch.Tensor | None = None
    g_norm: torch.Tensor | None = None
    signal: torch.Tensor | None = None


def d_step(tap: Tap, d_loss: Loss, optimizer, real, fake, seen: Seen | None) -> torch.Tensor:
    """Improve D once. Returns its loss, and fills in ``seen`` if the step is measured."""
    tap.forget()
    optimizer.zero_grad(set_to_none=True)
    # The outer context lets D's two calls share the cast weights, the inner one keeps the loss exact.
    with tap.precision.autocast(), tap.precision.autocast(False):
        loss = d_loss(tap, real, fake.detach())
        loss.backward()
    if seen is not None:
        seen.scores, seen.d_norm = tap.scores(real, fake), gradient_norm(tap.parameters())
    optimizer.step()
    return loss.detach()


def g_step(tap: Tap, g_loss: Loss, optimizer, real, fake, seen: Seen | None) -> torch.Tensor:
    """Improve G once through the updated D, on the same fakes. D's weights get no gradient."""
    frozen = [p for p in tap.parameters() if p.requires_grad]
    tap.forget(listen=seen is not None)
    optimizer.zero_grad(set_to_none=True)
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        loss = g_loss(tap, real, fake)
        loss.backward()
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)
    if seen is not None:
        seen.g_norm = gradient_norm(p for group in optimizer.param_groups for p in group["params"])
        seen.signal = tap.signal(fake)
    tap.forget()
    optimizer.step()
    return loss.detach()


def measure(tap: Tap, d_loss, g_loss, real, fake, seen: Seen) -> list[float]:
    """The numbers named by `TAGS`, brought to the host in one go; nan for what cannot be known."""
    nan = torch.full_like(d_loss, float("nan"))
    on_real = on_fake = accuracy = gap = nan
    if seen.scores is not None:
        on_real, on_fake = (tap.as_probability(part) for part in seen.scores)
        accuracy = ((on_real > 0.5).float().mean() + (on_fake < 0.5).float().mean()) / 2
        gap = tap.as_logits(seen.scores[0]).mean() - tap.as_logits(seen.scores[1]).mean()
    numbers = [
        d_loss,
        g_loss,
        on_real.mean(),
        on_fake.mean(),
        accuracy,
        seen.d_norm,
        seen.g_norm,
        gap,
        nan if seen.signal is None else seen.signal,
        torch.full_like(d_loss, _diversity(real, fake)),
    ]
    return torch.stack(numbers).tolist()


def _diversity(real: torch.Tensor, fake: torch.Tensor) -> float:
    try:
        return diversity(fake[:_COMPARED], real[:_COMPARED])
    except MetricError:  # a batch of one, or real images that are all equal
        return float("nan")
