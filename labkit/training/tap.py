"""D as the losses see it: a wrapper that listens, so that nothing has to be computed twice to be logged.

Through it D's scores, and the gradient that comes back to them, are known without another forward pass,
whatever the loss does.
"""

import torch
from torch import nn

from labkit.training.precision import Precision

_SURE = 1e-7  # a probability this close to 0 or 1 is taken for it: a logit within -16 and 16


class Tap:
    """D in the run's precision; returns float32, remembers its scores."""

    def __init__(self, D: nn.Module, precision: Precision):
        self._D, self.precision = D, precision
        self._calls: list[tuple[int, torch.Tensor]] = []
        self._listening = False
        self.output = _declared_output(D)

    def __call__(self, images: torch.Tensor, *args, **kwargs):
        with self.precision.autocast():
            out = self._D(images, *args, **kwargs)
        if isinstance(out, torch.Tensor):
            out = out.float()
            if self._listening and out.requires_grad:
                out.retain_grad()
            self._calls.append((images.data_ptr(), out if self._listening else out.detach()))
        return out

    def __getattr__(self, name: str):
        return getattr(self._D, name)

    def forget(self, listen: bool = False) -> None:
        """Drop the scores of the step before; ``listen`` to the gradients at those that come."""
        self._calls.clear()
        self._listening = listen

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

    def signal(self, fake: torch.Tensor) -> torch.Tensor | None:
        """How hard the loss pulls at the fakes' logits: the mean of abs(d loss / d logit) over the batch.

        For -log D it is 1 - D(G(z)), for log(1 - D) it is D(G(z)): between 0, where G learns nothing, and
        1. None when the loss did not ask D about the fakes.
        """
        heard = [(where, out) for where, out in self._calls if out.grad is not None]
        chosen = [out for where, out in heard if where == fake.data_ptr()] or [out for _, out in heard[-1:]]
        if not chosen:
            return None
        slope, scores = chosen[-1].grad, chosen[-1].detach()
        self.as_probability(scores)  # settles what D gives
        if self.output == "probability":
            slope = slope * scores * (1 - scores)
        return slope.abs().sum()  # of a mean over the batch: each term has its 1 / B already

    def as_probability(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores as probabilities of being real, whether D gives logits or probabilities."""
        if self.output is None:  # a D that does not say: a value outside [0, 1] gives it away
            outside = bool(((scores < 0) | (scores > 1)).any())
            self.output = "logits" if outside else "probability"
        return torch.sigmoid(scores) if self.output == "logits" else scores

    def as_logits(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores as logits; of probabilities within -16 and 16, since float32 ends there."""
        probability = self.as_probability(scores)
        return scores if self.output == "logits" else torch.logit(probability, eps=_SURE)


def _declared_output(D: nn.Module) -> str | None:
    declared = getattr(D, "output", None)
    if declared in ("logits", "probability"):
        return declared
    last = list(D.modules())[-1]
    return "probability" if isinstance(last, nn.Sigmoid) else None
