"""Which name means what: `load` turns a name or a path into an image set, from the cache if it can."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from labkit import settings
from labkit.data import cache, celeba, drawn, mnist
from labkit.data.console import say, with_progress
from labkit.data.image_set import DataError, ImageSet
from labkit.data.pictures import ImageFile, Skipped, decode, open_images

_FORMAT = 1  # of decoded caches: raise it when `decode` gives other pixels
_PICTURE_SIZE = 64
_SHOWN_NAMES = 3
_ENOUGH_TO_JUDGE = 256


@dataclass(frozen=True)
class Wanted:
    """The arguments of `load` once they are settled; size None is the set's own, count None its budget's."""

    size: int | None
    count: int | None
    seed: int
    root: Path


def load(
    name_or_path: str | Path = "faces",
    *,
    size: int | None = None,
    count: int | None = None,
    seed: int = 0,
    root: Path | None = None,
) -> ImageSet:
    """Load an image set by name, or the pictures of a folder or zip.

    Args:
        name_or_path: one of

            - ``"faces"``: portraits drawn by the kit, with the factors that made them.
            - ``"celeba"``: your own copy from the data folder, or a download; else the drawn faces.
            - ``"digits"``: handwritten digits drawn by the kit, with their factors; ``"digits-test"``:
              others, of which none is in ``"digits"``.
            - ``"mnist"``: MNIST's training images with the factor ``digit``, from the data folder
              (``MNIST/raw`` or ``mnist``) or a download; else the drawn digits. ``"mnist-test"``: its
              10,000 test images.
            - ``"paintings"``, ``"photographs"``: landscapes drawn by the kit, with their factors, painted or
              photographed; ``"paintings-test"``, ``"photographs-test"``: the same scenes in both.
            - ``"stacked"``, ``"stacked-mnist"``: three digits in three channels, 1,000 modes.
            - the path of a folder or zip of pictures, or of a folder with MNIST's IDX files.

            Where a real set is neither here nor to be had, its twin comes with one plain warning.
        size: height and width in pixels. None: 64; 28 for digits. Pictures are resized (shorter side)
            and cropped (centre).
        count: how many images, the first ones in order. None: for a path all; by budget (smoke, cpu,
            gpu) 2,000, 10,000, 50,000 faces; 2,000, 12,000, 60,000 of CelebA; 4,000, 20,000, 60,000
            digits or stacks; 2,000, 10,000, 10,000 test digits; 400, 2,000, 6,000 landscapes.
        seed: of the drawn pictures, and of the choice of digits for a stack.
        root: the folder for caches and downloads; ``Settings.data_dir`` if None.

    Returns:
        The image set. The first call draws or decodes with a progress bar and keeps the pixels in
        a cache; later calls map that file and take well under a second.

    Raises:
        DataError: nothing usable at that path, images smaller than `size`, a full disk.
    """
    if (size is not None and size < 1) or (count is not None and count < 1):
        raise DataError(f"size={size} and count={count} must be at least 1.")
    folder = Path(root) if root is not None else settings.current().data_dir
    wanted = Wanted(*(None if n is None else int(n) for n in (size, count)), int(seed), folder)
    if name_or_path in drawn.TWINS:
        return _drawn(name_or_path, wanted)
    if name_or_path in _REAL:
        return _REAL[name_or_path](wanted)
    path = Path(name_or_path).expanduser()
    if not path.exists() and isinstance(name_or_path, str) and not path.suffix and len(path.parts) == 1:
        raise DataError(
            f"There is no data set or folder called {name_or_path!r}: "
            f"use {', '.join(NAMES)}, or the path of a folder or zip of pictures."
        )
    pair = mnist.pair_at(path)
    if pair is not None:
        place = path.resolve() if path.is_dir() else path.resolve().parent
        name = place.name if path.is_dir() else pair.images.name.split("-")[0]
        where = f"from {pair.images.name} in {place.name}"
        return mnist.load_pair(pair, _label(name), where, wanted.size or 28, wanted.count, folder)
    return from_files([path], path.stem, wanted)


def _drawn(name: str, wanted: Wanted) -> ImageSet:
    return drawn.load(name, wanted.size, wanted.count, wanted.seed, wanted.root)


def _celeba(wanted: Wanted) -> ImageSet:
    count = wanted.count or settings.pick(smoke=2_000, cpu=12_000, gpu=60_000)
    try:
        paths = celeba.obtain(count, wanted.root)
    except OSError as error:
        raise cache.disk_error(error, wanted.root) from error
    if paths:
        return from_files(paths, "celeba", replace(wanted, count=count))
    say("Using the drawn faces instead, the built-in twin of CelebA: same shapes, no download.")
    return _drawn("faces", replace(wanted, count=count))


def _mnist(part: str, name: str, wanted: Wanted) -> ImageSet | None:
    """MNIST's own images; None, after a warning, where there are none to be had."""
    images = mnist.load(part, name, wanted.size or 28, wanted.count, wanted.root)
    if images is None:
        say("Using the drawn digits instead, the built-in twin of MNIST: same shapes, no download.")
    return images


def _mnist_train(wanted: Wanted) -> ImageSet:
    wanted = _counted("digits", wanted)
    return _mnist(mnist.TRAIN, "mnist", wanted) or _drawn("digits", wanted)


def _mnist_test(wanted: Wanted) -> ImageSet:
    wanted = _counted("digits-test", wanted)
    return _mnist(mnist.TEST, "mnist-test", wanted) or _drawn("digits-test", wanted)


def _stacked_mnist(wanted: Wanted) -> ImageSet:
    wanted = _counted("stacked", wanted)
    digits = _mnist(mnist.TRAIN, "mnist", replace(wanted, count=None))
    return _drawn("stacked", wanted) if digits is None else mnist.stack(digits, wanted.count, wanted.seed)


def _counted(twin: str, wanted: Wanted) -> Wanted:
    """A real set has as many images by default as its twin."""
    return replace(wanted, count=wanted.count or settings.pick(*drawn.TWINS[twin].budget))


_REAL = {
    "celeba": _celeba,
    "mnist": _mnist_train,
    "mnist-test": _mnist_test,
    "stacked-mnist": _stacked_mnist,
}
NAMES = (
    "faces", "celeba", "digits", "digits-test", "mnist", "mnist-test", "stacked", "stacked-mnist",
    "paintings", "paintings-test", "photographs", "photographs-test",
)  # fmt: skip


def from_files(paths: list[Path], name: str, wanted: Wanted, inside: str | None = None) -> ImageSet:
    """Decode the pictures in folders or zips, or map what an earlier call decoded.

    Args:
        inside: take only those in folders of this name, at any depth, whatever its capitals.
    """
    size = wanted.size or _PICTURE_SIZE
    with ExitStack() as stack:
        files = [file for path in paths for file in stack.enter_context(open_images(path))]
        if inside is not None:
            files = [file for file in files if inside.lower() in file.name.lower().split("/")[:-1]]
        found = len(files)
        files = files[: wanted.count]
        stamps = [(file.name, *file.stamp) for file in files]
        places = [str(path.resolve()) for path in paths]
        folder = wanted.root / f"{_label(name)}-{size}-{cache.key_of(_FORMAT, size, places, stamps)}"
        stored = cache.read(folder)
        if stored is None:
            _decode_into(folder, files, name, size)
            stored = cache.read_back(folder)
    images, factors, about = stored
    inside = paths[0].is_relative_to(wanted.root)  # no path of the machine: this line gets into notebooks
    source = f"from {paths[0].relative_to(wanted.root) if inside else paths[0].name}"
    source += f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    source += f", the first {len(files):,} of {found:,}" if len(files) < found else ""
    source += f", {about['skipped']:,} skipped" if about.get("skipped") else ""
    return ImageSet(name, images, factors, source)


def _label(name: str) -> str:
    """The name as part of a file name."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:40]


def _decode_into(folder: Path, files: list[ImageFile], name: str, size: int) -> None:
    skipped, about = Skipped(), {"name": name}

    def blocks() -> Iterator[cache.Block]:
        count = 0
        for images in with_progress(decode(files, size, skipped), len(files), f"Decoding {name}"):
            count += len(images)
            yield images, {}
            if not count and len(skipped.small) >= _ENOUGH_TO_JUDGE:
                break  # nothing but small ones: say so now, not after the other 200,000
        about["skipped"] = len(files) - count
        _report(skipped, count, len(files), name, size)

    with warnings.catch_warnings():  # what cannot be used is skipped and named: PIL need not warn as well
        warnings.filterwarnings("ignore", module="PIL")
        cache.write(folder, blocks(), about, expected_bytes=len(files) * 3 * size**2)


def _report(skipped: Skipped, count: int, total: int, name: str, size: int) -> None:
    if not count and skipped.small:
        width, height = skipped.largest_small
        raise DataError(
            f"The pictures of {name} are too small: {width}x{height} at most, size={size} was asked for. "
            f"Ask for size={min(width, height)} or less."
        )
    if not count:
        why, names = next(skipped.by_reason(size))
        raise DataError(
            f"None of the {total:,} pictures of {name} can be read ({why}), the first is {names[0]}."
        )
    for why, names in skipped.by_reason(size):
        shown = ", ".join(names[:_SHOWN_NAMES]) + (" …" if len(names) > _SHOWN_NAMES else "")
        say(f"{name}: skipped {len(names):,} of {total:,} pictures ({why}): {shown}")
