"""One adversarial step, as the lab sheet has it: D on real and fake, then G through the updated D.

D is called through a `Tap` that keeps its scores, so that D(x), D(G(z)) and D's accuracy are known
without another forward pass, whatever the loss does.
"""

from collections.abc import Iterable

import torch
from torch import nn

from labkit.losses import Loss
from labkit.training.precision import Precision

# What `measure` returns, in this order.
TAGS = ("loss/d", "loss/g", "prob/real", "prob/fake", "accuracy/d", "grad_norm/d", "grad_norm/g")


class Tap:
    """D as the losses see it: computes in the run's precision, returns float32, remembers its scores."""

    def __init__(self, D: nn.Module, precision: Precision):
        self._D, self.precision = D, precision
        self._calls: list[tuple[int, torch.Tensor]] = []
        self.output = _declared_output(D)

    def __call__(self, images: torch.Tensor, *args, **kwargs):
        with self.precision.autocast():
            out = self._D(images, *args, **kwargs)
        if isinstance(out, torch.Tensor):
            out = out.float()
            self._calls.append((images.data_ptr(), out.detach()))
        return out

    def __getattr__(self, name: str):
        return getattr(self._D, name)

    def forget(self) -> None:
        """Drop the scores of the step before."""
        self._calls.clear()

    def scores(self, real: torch.Tensor, fake: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        """D's scores of the real images and of the fakes, (B,) each.

        Found by the tensors themselves; when a loss changed them first (noise, say), by the order real,
        fake; when it joined them, by halves. None when nothing fits.
        """
        found = dict(reversed(self._calls))
        if real.data_ptr() in found and fake.data_ptr() in found:
            return found[real.data_ptr()].flatten(), found[fake.data_ptr()].flatten()
        if len(self._calls) >= 2:
            return self._calls[0][1].flatten(), self._calls[1][1].flatten()
        if len(self._calls) == 1 and len(self._calls[0][1]) == len(real) + len(fake):
            joined = self._calls[0][1]
            return joined[: len(real)].flatten(), joined[len(real) :].flatten()
        return None

    def as_probability(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores as probabilities of being real, whether D gives logits or probabilities."""
        if self.output is None:  # a D that does not say: a value outside [0, 1] gives it away
            outside = bool(((scores < 0) | (scores > 1)).any())
            self.output = "logits" if outside else "probability"
        return torch.sigmoid(scores) if self.output == "logits" else scores


def d_step(tap: Tap, d_loss: Loss, optimizer, real, fake, measured: bool):
    """Improve D once. Returns its loss, and with ``measured`` its scores and gradient norm as well."""
    tap.forget()
    optimizer.zero_grad(set_to_none=True)
    # The outer context lets D's two calls share the cast weights, the inner one keeps the loss exact.
    with tap.precision.autocast(), tap.precision.autocast(False):
        loss = d_loss(tap, real, fake.detach())
        loss.backward()
    numbers = (tap.scores(real, fake), gradient_norm(tap.parameters())) if measured else None
    optimizer.step()
    return loss.detach(), numbers


def g_step(tap: Tap, g_loss: Loss, optimizer, real, fake, measured: bool):
    """Improve G once through the updated D, on the same fakes. D's weights get no gradient."""
    frozen = [p for p in tap.parameters() if p.requires_grad]
    optimizer.zero_grad(set_to_none=True)
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        loss = g_loss(tap, real, fake)
        loss.backward()
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)
    parameters = (p for group in optimizer.param_groups for p in group["params"])
    norm = gradient_norm(parameters) if measured else None
    optimizer.step()
    return loss.detach(), norm


def measure(tap: Tap, d_loss, g_loss, scores, d_norm, g_norm) -> list[float]:
    """The numbers named by `TAGS`, brought to the host in one go; nan for what cannot be known."""
    nan = torch.full_like(d_loss, float("nan"))
    real = fake = accuracy = nan
    if scores is not None:
        on_real, on_fake = (tap.as_probability(part) for part in scores)
        real, fake = on_real.mean(), on_fake.mean()
        right = (on_real > 0.5).float().mean() + (on_fake < 0.5).float().mean()
        accuracy = right / 2
    return torch.stack([d_loss, g_loss, real, fake, accuracy, d_norm, g_norm]).tolist()


def gradient_norm(parameters: Iterable[torch.Tensor]) -> torch.Tensor:
    """The Euclidean norm of all gradients together, a scalar on their device."""
    norms = [torch.linalg.vector_norm(p.grad.float()) for p in parameters if p.grad is not None]
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else torch.tensor(0.0)


def _declared_output(D: nn.Module) -> str | None:
    declared = getattr(D, "output", None)
    if declared in ("logits", "probability"):
        return declared
    last = list(D.modules())[-1]
    return "probability" if isinstance(last, nn.Sigmoid) else None
