"""What is measured while G and D train. A measured step computes nothing twice and changes nothing.

A loss is wrapped so that D's answers to it, and the gradient that comes back to them, are kept: no further
forward pass is needed, whatever the loss does. The formulas take (..., B), so that the ring game of
`labkit.games` measures many seeds at once with the same ones.
"""

import torch
from torch import nn

from labkit.losses import Loss
from labkit.metrics import MetricError, diversity, gradient_norm

# What is logged of a step, in this order. The numbers of D and the gap are from before its update.
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
IMAGE_TAGS = ("roughness/g", "images/seen")  # and these, where images are learnt and not points
_COMPARED = 64  # images of each kind in the diversity: enough, and quick at any batch size
_SURE = 1e-7  # a probability this close to 0 or 1 counts as this close: a logit within -16 and 16


class Observed:
    """A loss that remembers the last images that it was given and what D answered.

    Args:
        loss: ``loss(D, real, fake) -> scalar``.
        slopes: keep the gradient at each answer too, once ``backward`` has been called.
    """

    def __init__(self, loss: Loss, *, slopes: bool = False):
        self.loss, self.slopes = loss, slopes

    def __call__(self, D: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        self.real, self.fake = real, fake
        self.answers: list[tuple[int, torch.Tensor]] = []  # where the images lie in memory, D's answer
        listening = D.register_forward_hook(self._note)
        try:
            return self.loss(D, real, fake)
        finally:
            listening.remove()

    def _note(self, D: nn.Module, given: tuple, answer: object) -> None:
        if isinstance(answer, torch.Tensor):
            if self.slopes and answer.requires_grad:
                answer.retain_grad()
            where = given[0].data_ptr() if given else 0
            self.answers.append((where, answer if self.slopes else answer.detach()))

    def scores(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """D's scores of the real images and of the fakes, (B,) each, float32.

        Found by the tensors themselves; when the loss changed them first (noise, say), by the order real,
        fake; when it joined them, by halves. None when nothing fits.
        """
        found = dict(reversed(self.answers))
        real, fake = self.real.data_ptr(), self.fake.data_ptr()
        if real in found and fake in found:
            pair = found[real], found[fake]
        elif len(self.answers) >= 2:
            pair = self.answers[0][1], self.answers[1][1]
        elif len(self.answers) == 1 and len(self.answers[0][1]) == len(self.real) + len(self.fake):
            joined = self.answers[0][1]
            pair = joined[: len(self.real)], joined[len(self.real) :]
        else:
            return None
        return pair[0].flatten().float(), pair[1].flatten().float()

    def pull(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """D's scores of the fakes and the loss's gradient at them, of one shape, float32.

        None when the loss did not ask D about the fakes.
        """
        heard = [(where, answer) for where, answer in self.answers if answer.grad is not None]
        fakes = [answer for where, answer in heard if where == self.fake.data_ptr()]
        fakes = fakes or [answer for _, answer in heard[-1:]]
        return (fakes[-1].detach().float(), fakes[-1].grad.float()) if fakes else None


def measure(
    losses: dict[str, torch.Tensor],
    d_seen: Observed,
    g_seen: Observed,
    D: nn.Module,
    g_optimizer: torch.optim.Optimizer,
    images: int,
) -> dict[str, torch.Tensor]:
    """The numbers of a step that has been taken with these two losses, before any gradient is cleared.

    Args:
        images: how many real ones D has seen so far.

    Returns:
        A scalar by tag, in the order of `TAGS` and `IMAGE_TAGS`, without those that cannot be known; and
        ``logits/real`` and ``logits/fake``, (B,).
    """
    scores, pull, more = d_seen.scores(), g_seen.pull(), {}
    output = _output(D, [answer for _, answer in d_seen.answers + g_seen.answers])
    numbers = losses | {
        "grad_norm/d": gradient_norm(D.parameters()),
        "grad_norm/g": gradient_norm(p for group in g_optimizer.param_groups for p in group["params"]),
        "diversity/g": torch.full_like(
            losses["loss/d"], spread(g_seen.fake[:_COMPARED], g_seen.real[:_COMPARED])
        ),
    }
    if scores is not None:
        numbers |= opinions(*scores, output)
        more = {
            f"logits/{kind}": as_logits(s, output) for kind, s in zip(("real", "fake"), scores, strict=True)
        }
    if pull is not None:
        numbers["signal/g"] = signal(*pull, output)
    if d_seen.real.ndim == 4:
        fake, real = g_seen.fake.detach()[:_COMPARED], d_seen.real[:_COMPARED]
        numbers["roughness/g"] = roughness(fake) / roughness(real)
        numbers["images/seen"] = torch.full_like(losses["loss/d"], images)
    return {tag: numbers[tag] for tag in (*TAGS, *IMAGE_TAGS) if tag in numbers} | more


def opinions(real: torch.Tensor, fake: torch.Tensor, output: str = "logits") -> dict[str, torch.Tensor]:
    """What D thinks of real images and fakes, from its scores (..., B) each: four numbers (...), by tag.

    Its mean probabilities, the share that it sorts rightly, and the gap between its mean logits.
    """
    on_real, on_fake = as_probability(real, output), as_probability(fake, output)
    return {
        "prob/real": on_real.mean(-1),
        "prob/fake": on_fake.mean(-1),
        "accuracy/d": ((on_real > 0.5).float().mean(-1) + (on_fake < 0.5).float().mean(-1)) / 2,
        "gap/d": as_logits(real, output).mean(-1) - as_logits(fake, output).mean(-1),
    }


def signal(scores: torch.Tensor, slope: torch.Tensor, output: str = "logits") -> torch.Tensor:
    """How hard G's loss pulls at the fakes' logits: the mean of abs(d loss / d logit) over the batch.

    For -log D it is 1 - D(G(z)), for log(1 - D) it is D(G(z)): between 0, where G learns nothing, and 1.

    Args:
        scores: of the fakes (..., B). slope: the gradient at them, of a loss that is a mean over the batch.
    """
    if output == "probability":
        slope = slope * scores * (1 - scores)
    return slope.abs().sum(-1)  # of a mean over the batch: each term has its 1 / B already


def spread(fake: torch.Tensor, real: torch.Tensor) -> float:
    """`labkit.metrics.diversity`, or nan where it is not defined."""
    try:
        return diversity(fake, real)
    except MetricError:  # a batch of one, or real images that are all equal
        return float("nan")


def roughness(images: torch.Tensor) -> torch.Tensor:
    """How little neighbouring pixels have in common: 0 for a flat image, 1 for noise, 2 for a chessboard.

    The mean squared difference of neighbours over twice the variance within an image, Geary's contiguity
    ratio (1954). Photographs and digits are smooth (0.05 to 0.3), what a fresh G draws is not.

    Args:
        images: (B, C, H, W), H and W at least 2, of any float type.

    Returns:
        A scalar, float32; nan where no image varies.
    """
    pixels = images.float()
    across, down = pixels.diff(dim=-1).square().mean(), pixels.diff(dim=-2).square().mean()
    return (across + down) / (4 * pixels.var(dim=(-2, -1), correction=0).mean())


def as_probability(scores: torch.Tensor, output: str) -> torch.Tensor:
    """Scores as probabilities of being real; ``output`` says what they are, as D's does."""
    return scores if output == "probability" else torch.sigmoid(scores)


def as_logits(scores: torch.Tensor, output: str) -> torch.Tensor:
    """Scores as logits; of probabilities within -16 and 16, since float32 ends there."""
    return torch.logit(scores, eps=_SURE) if output == "probability" else scores


def _output(D: nn.Module, answers: list[torch.Tensor]) -> str:
    """Whether D gives logits or probabilities. If it does not say, a value outside [0, 1] gives it away."""
    declared = getattr(D, "output", None)
    if declared in ("logits", "probability"):
        return declared
    if isinstance(list(D.modules())[-1], nn.Sigmoid):
        return "probability"
    outside = any(bool(((scores < 0) | (scores > 1)).any()) for scores in answers)
    return "logits" if outside else "probability"
