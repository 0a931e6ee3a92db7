"""The network of a classifier, one convolutional trunk and one linear head for each factor, and its file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn

from labkit import settings
from labkit.files import replacing, shipped

_AT_ONCE = 250  # images in one pass, so that a large set needs no large memory
_WIDTHS = (32, 64, 112, 112)  # channels after each halving, and as many halvings as the picture takes
SHIPPED = ("digits", "digits16", "faces", "landscapes")
TRAINED_HERE = ("mnist",)  # on real pictures, so the file stays in the data folder of this machine
_FORMAT = 1


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
        answers = self.answers(images)
        return {head.name: _decode(head, answers[head.name]) for head in self.heads}

    def answers(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """What `forward` says of images as in `read`: logits, and scaled numbers."""
        return self._in_chunks(self, images)

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


def load_classifier(name: str) -> Classifier:
    """Load a trained classifier, in eval mode on the CPU.

    Args:
        name: ``"digits"``, ``"digits16"`` (the same digits at 16 pixels), ``"faces"``, ``"landscapes"``
            (photographs and paintings; shipped with the kit) or ``"mnist"`` (trained on this machine).

    Raises:
        ClassifierError: no such classifier, a damaged file, or one that is not trained yet: the message
            names the command.
    """
    path = path_of(name)
    if not path.is_file():
        raise ClassifierError(
            f"The classifier of {name} is not there yet. Train it once with: labkit classifier {name}"
        )
    return load_file(path)


def path_of(name: str) -> Path:
    """Where the classifier of a data set lies: shipped with the kit, or in this machine's data folder.

    Raises:
        ClassifierError: there is no classifier of that name.
        MissingFileError: the kit came without its data.
    """
    if name in TRAINED_HERE:
        return settings.current().data_dir / "classifiers" / f"{name}.pt"
    if name not in SHIPPED:
        known = ", ".join((*SHIPPED, *TRAINED_HERE))
        raise ClassifierError(f"There is no classifier {name!r}: choose one of {known}.")
    return shipped("classifiers") / f"{name}.pt"


def save_file(classifier: Classifier, path: Path) -> None:
    """Write a classifier as a plain dict of tensors (matrices in float16), numbers and strings."""
    content = {
        "format": _FORMAT,
        "image_size": classifier.image_size,
        "channels": classifier.channels,
        "features": classifier.feature_count,
        "heads": [asdict(head) for head in classifier.heads],
        "about": classifier.about,
        "weights": kept_weights(classifier),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as handle:
        torch.save(content, handle)


def kept_weights(classifier: Classifier) -> dict[str, torch.Tensor]:
    """The weights as a file keeps them: whatever is measured should be measured with these."""
    state = classifier.state_dict()
    return {key: value.half() if value.ndim > 1 else value.clone() for key, value in state.items()}


def load_file(path: Path) -> Classifier:
    """Read back what `save_file` wrote; nothing in the file is executed.

    Raises:
        ClassifierError: the file is damaged, or of another version of the kit.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        if stored["format"] != _FORMAT:
            raise ClassifierError(f"{path.name} was written by another version of the kit.")
        heads = [Head(**{**head, "values": tuple(head["values"])}) for head in stored["heads"]]
        sizes = {"image_size": stored["image_size"], "channels": stored["channels"]}
        classifier = Classifier(heads, **sizes, features=stored["features"], about=stored["about"])
        classifier.load_state_dict(stored["weights"])  # copies into float32
    except ClassifierError:
        raise
    except Exception as e:  # a damaged pickle raises whatever its bytes happen to mean
        raise ClassifierError(
            f"The classifier {path.name} is damaged ({type(e).__name__}): train it again."
        ) from e
    return classifier.eval()


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
