"""The network of a classifier: one convolutional trunk, one linear head for each factor it reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

_AT_ONCE = 250  # images in one pass, so that a large set needs no large memory
_WIDTHS = (32, 64, 112, 112)  # channels after each halving, and as many halvings as the picture takes


class ClassifierError(ValueError):
    """A classifier that is not there, or pictures that it cannot read; the message says what to do."""


@dataclass(frozen=True)
class Head:
    """One factor that a classifier reads.

    Attributes:
        name: the factor.
        kind: ``"class"`` or ``"number"``.
        values: the names of the classes, or (low, high).
        reached: on fresh pictures: the share of right answers in [0, 1] for a class; for a number
            R², the share of its variance explained (1 is perfect, 0 no better than the mean). None: not
            measured.
        seen: where the factor shows: other factor -> the classes that let it show; empty for everywhere.
            It is learnt and measured there, and what is read elsewhere means nothing: the colour of a
            hat shows only where hat is not none, the hairline only where it is.
    """

    name: str
    kind: str
    values: tuple
    reached: float | None = None
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Classifier(nn.Module):
    """The network. Its attributes are ``heads`` (one `Head` per factor), ``image_size``, ``channels``.

    Args:
        heads: what to read.
        image_size: side in pixels, at least 16.
        channels: 1 for grey, 3 for colour.
        features: size of the last hidden layer.
        about: how it was trained: plain numbers and strings.
    """

    def __init__(
        self,
        heads: Sequence[Head],
        *,
        image_size: int,
        channels: int,
        features: int = 96,
        about: Mapping[str, int | float | str] | None = None,
    ):
        super().__init__()
        self.heads = tuple(heads)
        self.image_size, self.channels, self.feature_count = image_size, channels, features
        self.about = dict(about or {})
        self.trunk = _trunk(image_size, channels, features)
        self.tops = nn.ModuleDict({h.name: nn.Linear(features, _outputs(h)) for h in self.heads})

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answers for float images (N, C, H, W) in [-1, 1].

        Returns:
            factor -> logits (N, classes), or numbers (N,) scaled so that low is -1 and high is 1.
        """
        hidden = self.trunk(images)
        answers = {name: top(hidden) for name, top in self.tops.items()}
        return {h.name: answers[h.name] if h.kind == "class" else answers[h.name][:, 0] for h in self.heads}

    def read(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Read the factors of pictures.

        Args:
            images: uint8 (N, C, H, W), of the classifier's own size and channels, on any device.

        Returns:
            factor -> (N,): int64 class indices or float32 numbers within the factor's range, on the
            device of the images.

        Raises:
            ClassifierError: images of another shape or type.
        """
        answers = self._in_chunks(self, images)
        return {head.name: _decode(head, answers[head.name]) for head in self.heads}

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """The last hidden layer, (N, F) float32, for images as in `read`."""
        return self._in_chunks(lambda batch: {"features": self.trunk(batch)}, images)["features"]

    @torch.no_grad()
    def _in_chunks(
        self, function: Callable[[torch.Tensor], dict[str, torch.Tensor]], images: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        self._check(images)
        was_training, here = self.training, next(self.parameters()).device
        self.eval()
        try:
            parts = [
                function(chunk.to(here).float().div_(127.5).sub_(1.0)) for chunk in images.split(_AT_ONCE)
            ]
        finally:
            self.train(was_training)
        return {name: torch.cat([p[name] for p in parts]).float().to(images.device) for name in parts[0]}

    def _check(self, images: torch.Tensor) -> None:
        wanted = (self.channels, self.image_size, self.image_size)
        if not isinstance(images, torch.Tensor) or images.dtype != torch.uint8:
            kind = images.dtype if isinstance(images, torch.Tensor) else type(images).__name__
            raise ClassifierError(
                f"A classifier takes uint8 images (0..255), not {kind}: use to_uint8 first."
            )
        if images.ndim != 4 or tuple(images.shape[1:]) != wanted:
            raise ClassifierError(
                f"This classifier takes images of shape (N, {', '.join(map(str, wanted))}), "
                f"not {tuple(images.shape)}: resize them first."
            )


def _trunk(size: int, channels: int, features: int) -> nn.Sequential:
    """Halve the picture until it is at most 4 wide, then a hidden layer of standardised numbers."""
    layers: list[nn.Module] = []
    for number, width in enumerate(_WIDTHS):
        if size <= 4:
            break
        kernel = 5 if number == 0 else 3
        layers += _block(channels, width, kernel, stride=2)
        if 0 < number < 3:
            layers += _block(width, width, 3, stride=1)
        channels, size = width, (size + 1) // 2
    layers += _block(channels, 64, 1, stride=1)
    layers += [nn.Flatten(), nn.Linear(64 * size * size, features), nn.BatchNorm1d(features, affine=False)]
    return nn.Sequential(*layers)


def _block(channels: int, width: int, kernel: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(width), nn.ReLU()]


def _outputs(head: Head) -> int:
    return len(head.values) if head.kind == "class" else 1


def _decode(head: Head, answer: torch.Tensor) -> torch.Tensor:
    if head.kind == "class":
        return answer.argmax(1)
    low, high = head.values
    return (low + (high - low) * (answer.clamp(-1.0, 1.0) + 1.0) / 2).float()
