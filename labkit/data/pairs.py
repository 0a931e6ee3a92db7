"""Two kinds of images, A and B, that a translator learns to turn into each other, and batches of both.

Nobody says which image of A belongs to which of B: that is the point. Where the kit draws both, its test
images are true pairs all the same, so that a translation can be measured.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F

from labkit import settings
from labkit.data import monet2photo
from labkit.data.batches import Batches
from labkit.data.console import say
from labkit.data.image_set import DataError, ImageSet
from labkit.data.pictures import open_images
from labkit.data.sources import Wanted, from_files, load

PAIRS = ("paintings", "monet2photo", "recoloured-digits")
_SIDES = ("A", "B")
# The colours of a recoloured digit. Its ink stands out less than white does from black: whoever turns it back
# has to guess what the faint parts were.
_PAPER, _INK = (250, 215, 110), (215, 150, 80)


@dataclass(frozen=True, repr=False)
class ImagePair:
    """Images of two kinds, to train on and to test on.

    Attributes:
        name: what the pair is called, say ``paintings``.
        a, b: to train on; never the same scenes on both sides. test_a, test_b: others.
        truly_paired: whether test image i of both sides shows the same.
    """

    name: str
    a: ImageSet
    b: ImageSet
    test_a: ImageSet
    test_b: ImageSet
    truly_paired: bool = False

    def __repr__(self) -> str:
        sides = f"A {len(self.a):,} and B {len(self.b):,} images"
        test = f"{len(self.test_a):,} and {len(self.test_b):,} to test on"
        shape = "x".join(map(str, self.a.images.shape[1:]))
        known = ", true pairs" if self.truly_paired else ""
        return f"<{self.name}: {sides} of {shape}, {test}{known}; {self.a.source}>"


def load_pair(
    name_or_path: str | Path = "paintings",
    other: str | Path | None = None,
    *,
    size: int | None = None,
    count: int | None = None,
    seed: int = 0,
    root: Path | None = None,
) -> ImagePair:
    """Load two kinds of images by name, from one folder or zip, or from two.

    Args:
        name_or_path: one of

            - ``"paintings"``: A is landscapes painted by the kit, B others photographed by it; the test
              images are true pairs.
            - ``"monet2photo"``: Monet's paintings and photographs (Zhu et al., 2017), from the data folder or
              a download; else the kit's paintings.
            - ``"recoloured-digits"``: A is white digits on black, B brown ones on yellow, both drawn by the
              kit; the test images are true pairs. Always 32 pixels.
            - the path of a folder or zip with ``trainA`` and ``trainB`` and, perhaps, ``testA`` and
              ``testB``, at any depth.
            - with ``other``: the path of a folder or zip of pictures, A; ``other`` is that of B.

        size: height and width in pixels. None: 64. Pictures are resized (shorter side) and cropped (centre).
        count: how many of each side to train on, the first ones in order. None: for a path all; by budget
            (smoke, cpu, gpu) 400, 2,000, 6,000 paintings; 500, 2,000, 10,000 digits.
        seed: of the drawn pictures.
        root: the folder for caches and downloads; ``Settings.data_dir`` if None.

    Raises:
        DataError: a side that is missing or empty, or given for both; one image only; images smaller than
            ``size``.
    """
    if (size is not None and size < 1) or (count is not None and count < 1):
        raise DataError(f"size={size} and count={count} must be at least 1.")
    folder = Path(root) if root is not None else settings.current().data_dir
    wanted = Wanted(size, count, int(seed), folder)
    if other is not None:
        return _two_places(Path(name_or_path).expanduser(), Path(other).expanduser(), wanted)
    if name_or_path in _NAMED:
        return _NAMED[name_or_path](wanted)
    path = Path(name_or_path).expanduser()
    if not path.exists() and isinstance(name_or_path, str) and not path.suffix and len(path.parts) == 1:
        raise DataError(
            f"There is no pair called {name_or_path!r}: use {', '.join(PAIRS)}, the path of a folder or zip "
            "with trainA and trainB, or two folders."
        )
    return _one_place(path, path.stem, wanted)


class PairBatches:
    """Endless pairs of batches, one of A and one of B, each shuffled by itself; see `Batches`."""

    def __init__(
        self, pair: ImagePair, batch_size: int, *, device: torch.device | str = "cpu", seed: int = 0
    ):
        self.a = Batches(pair.a, batch_size, device=device, seed=2 * seed)
        self.b = Batches(pair.b, batch_size, device=device, seed=2 * seed + 1)

    def __iter__(self) -> "PairBatches":
        return self

    def __next__(self) -> tuple[torch.Tensor, torch.Tensor]:
        return next(self.a), next(self.b)

    def state_dict(self) -> dict[str, dict[str, int]]:
        """The place in both, as plain numbers."""
        return {"a": self.a.state_dict(), "b": self.b.state_dict()}

    def load_state_dict(self, state: dict[str, dict[str, int]]) -> None:
        """Go to a place that `state_dict` gave.

        Raises:
            DataError: it belongs to another batch size or another number of images.
        """
        self.a.load_state_dict(state["a"])
        self.b.load_state_dict(state["b"])


# ---- drawn by the kit -----------------------------------------------------------------------------------


def _paintings(wanted: Wanted) -> ImagePair:
    def drawn(name: str, count: int | None) -> ImageSet:
        return load(name, size=wanted.size, count=count, seed=wanted.seed, root=wanted.root)

    sides = (drawn(name, wanted.count) for name in ("paintings", "photographs"))
    test = (drawn(name, None) for name in ("paintings-test", "photographs-test"))
    return ImagePair("paintings", *sides, *test, truly_paired=True)


def _recoloured_digits(wanted: Wanted) -> ImagePair:
    if wanted.size not in (None, 32):
        raise DataError(f"size={wanted.size}: recoloured digits have 32 pixels, whatever is asked for.")
    count = wanted.count or settings.pick(smoke=500, cpu=2_000, gpu=10_000)
    test = load("digits-test", count=500, root=wanted.root)
    digits = load("digits", count=2 * count, seed=wanted.seed, root=wanted.root)
    grey, coloured = _part(digits, slice(count)), _part(digits, slice(count, None))
    return ImagePair(
        "recoloured-digits", _grey(grey), _recoloured(coloured), _grey(test), _recoloured(test), True
    )


def _grey(digits: ImageSet) -> ImageSet:
    images = F.pad(digits.images, [2] * 4).expand(-1, 3, -1, -1).contiguous()
    return replace(digits, name="white digits", images=images)


def _recoloured(digits: ImageSet) -> ImageSet:
    ink = F.pad(digits.images, [2] * 4).float() / 255  # (N, 1, 32, 32)
    paper, pen = (torch.tensor(colour).view(1, 3, 1, 1) for colour in (_PAPER, _INK))
    images = (paper + (pen - paper) * ink).round().to(torch.uint8)
    return replace(digits, name="recoloured digits", images=images)


# ---- from files -----------------------------------------------------------------------------------------


def _monet2photo(wanted: Wanted) -> ImagePair:
    place = monet2photo.obtain(wanted.root)
    if place is None:
        say("Using the kit's own landscapes instead, the built-in twin of monet2photo: no download.")
        return _paintings(wanted)
    return _one_place(place, "monet2photo", wanted)


def _one_place(path: Path, name: str, wanted: Wanted) -> ImagePair:
    """A folder or zip in the published layout."""
    with open_images(path) as files:
        folders = {folder.lower() for file in files for folder in Path(file.name).parts[:-1]}
    missing = [side for side in _SIDES if f"train{side.lower()}" not in folders]
    if len(missing) == 2:
        raise DataError(
            f"{path} holds no pictures in folders called trainA and trainB. If A and B are two folders of "
            "yours, give both: load_pair(A, B)."
        )
    if missing:
        raise DataError(
            f"{path} holds no pictures in a folder train{missing[0]}: one side is missing or empty."
        )

    def side(letter: str) -> tuple[ImageSet, ImageSet]:
        train = from_files([path], f"{name} train{letter}", wanted, inside=f"train{letter}")
        if f"test{letter.lower()}" not in folders:
            return _held_out(train)
        return _enough(train), from_files(
            [path], f"{name} test{letter}", replace(wanted, count=None), inside=f"test{letter}"
        )

    (a, test_a), (b, test_b) = side("A"), side("B")
    return ImagePair(name, a, b, test_a, test_b)


def _two_places(a: Path, b: Path, wanted: Wanted) -> ImagePair:
    if a.exists() and b.exists() and a.samefile(b):
        raise DataError(f"{a} is given for both sides: translation needs two kinds of pictures.")
    sides = [_held_out(from_files([path], path.stem, wanted)) for path in (a, b)]
    (train_a, test_a), (train_b, test_b) = sides
    return ImagePair(f"{a.stem}-{b.stem}", train_a, train_b, test_a, test_b)


def _held_out(images: ImageSet) -> tuple[ImageSet, ImageSet]:
    """All but the last tenth to train on, and that tenth to test on."""
    kept = len(_enough(images)) - max(1, len(images) // 10)
    say(f"{images.name}: no test images, so the last {len(images) - kept:,} of {len(images):,} are held out.")
    return _part(images, slice(kept)), _part(images, slice(kept, None))


def _enough(images: ImageSet) -> ImageSet:
    if len(images) < 2:
        raise DataError(f"{images.name} has one image: a translator learns from many of each kind.")
    return images


def _part(images: ImageSet, rows: slice) -> ImageSet:
    factors = {name: values[rows] for name, values in images.factors.items()}
    return replace(images, images=images.images[rows], factors=factors)


_NAMED: dict[str, Callable[[Wanted], ImagePair]] = {
    "paintings": _paintings,
    "monet2photo": _monet2photo,
    "recoloured-digits": _recoloured_digits,
}
