"""Which name means what: `load` turns a name or a path into an image set, from the cache if it can."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from labkit import settings
from labkit.data import cache, celeba
from labkit.data.console import say, with_progress
from labkit.data.decode import Skipped, decode, in_order
from labkit.data.image_files import ImageFile, open_images
from labkit.data.image_set import DataError, ImageSet
from labkit.synthetic import faces

_FORMAT = 1  # of decoded caches: raise it when `decode` gives other pixels
_DRAWN_AT_ONCE = 125  # about a quarter of a second, so that the bar moves
_SHOWN_NAMES = 3
_ENOUGH_TO_JUDGE = 256


@dataclass(frozen=True)
class _Wanted:
    """The arguments of `load` once they are settled."""

    size: int
    count: int | None
    seed: int
    root: Path


def load(
    name_or_path: str | Path = "faces",
    *,
    size: int = 64,
    count: int | None = None,
    seed: int = 0,
    root: Path | None = None,
) -> ImageSet:
    """Load an image set by name, or the pictures of a folder or zip.

    Args:
        name_or_path: ``"faces"``: portraits drawn by the kit, with the factors that made them.
            ``"celeba"``: your own copy from the data folder, or a download; if neither works, the
            drawn faces with one plain warning. Anything else: the path of a folder or zip.
        size: height and width in pixels. Pictures are resized (shorter side) and cropped (centre).
        count: how many images, the first ones in order of their names. None: for a path all; by
            budget (smoke, cpu, gpu) 2,000, 10,000, 50,000 faces or 2,000, 12,000, 60,000 of CelebA.
        seed: of the drawn faces.
        root: the folder for caches and downloads; ``Settings.data_dir`` if None.

    Returns:
        The image set. The first call draws or decodes with a progress bar and keeps the pixels in
        a cache; later calls map that file and take well under a second.

    Raises:
        DataError: nothing usable at that path, images smaller than `size`, a full disk.
    """
    if size < 1 or (count is not None and count < 1):
        raise DataError(f"size={size} and count={count} must be at least 1.")
    folder = Path(root) if root is not None else settings.current().data_dir
    wanted = _Wanted(int(size), None if count is None else int(count), int(seed), folder)
    if name_or_path in _NAMED:
        return _NAMED[name_or_path](wanted)
    path = Path(name_or_path).expanduser()
    if not path.exists() and isinstance(name_or_path, str) and not path.suffix and len(path.parts) == 1:
        raise DataError(
            f"There is no data set or folder called {name_or_path!r}: "
            f"use {', '.join(NAMES)}, or the path of a folder or zip of pictures."
        )
    return from_files([path], path.stem, wanted)


def _faces(wanted: _Wanted) -> ImageSet:
    count = wanted.count or settings.pick(smoke=2_000, cpu=10_000, gpu=50_000)
    family = f"faces-{wanted.size}-{cache.key_of(_version_of_drawing(), wanted.size, wanted.seed)}"
    stored = _smallest_cached(wanted.root, family, count)
    if stored is None:
        folder = wanted.root / f"{family}-{count}"
        blocks = with_progress(_drawn(count, wanted), count, "Drawing faces")
        version = _version_of_drawing()
        _forget_old_drawings(wanted.root, version)
        cache.write(
            folder, blocks, {"name": "faces", "version": version}, expected_bytes=count * 3 * wanted.size**2
        )
        stored = _read_back(folder)
    images, factors, _ = stored
    factors = {name: values[:count] for name, values in factors.items()}
    return ImageSet("faces", images[:count], factors, f"drawn by the kit, seed {wanted.seed}")


def _drawn(count: int, wanted: _Wanted) -> Iterator[cache.Block]:
    def draw(start: int) -> cache.Block:
        n = min(_DRAWN_AT_ONCE, count - start)
        images, factors = faces.draw(n, size=wanted.size, seed=wanted.seed, start=start)
        return images.numpy(), {name: values.numpy() for name, values in factors.items()}

    try:
        yield from in_order(draw, range(0, count, _DRAWN_AT_ONCE))
    except ValueError as error:
        raise DataError(str(error)) from error


def _version_of_drawing() -> str:
    """Changes when the code that draws does, so that nobody trains on yesterday's faces."""
    folder = Path(faces.__file__).parent
    digest = hashlib.sha256()
    for module in sorted(folder.glob("*.py")):
        digest.update(module.name.encode() + module.read_bytes())
    return digest.hexdigest()


def _forget_old_drawings(root: Path, version: str) -> None:
    """What an older kit drew is never asked for again; a process that has it mapped keeps it."""
    for folder in root.glob("faces-*"):
        if cache.notes_of(folder).get("version", version) != version:
            shutil.rmtree(folder, ignore_errors=True)


def _smallest_cached(root: Path, family: str, count: int):
    """Faces depend on their index alone, so the first ones of any larger cached set will do."""
    sizes = sorted(int(path.name.rsplit("-", 1)[1]) for path in root.glob(f"{family}-*"))
    for size in sizes:
        stored = cache.read(root / f"{family}-{size}") if size >= count else None
        if stored is not None:
            return stored
    return None


def _celeba(wanted: _Wanted) -> ImageSet:
    count = wanted.count or settings.pick(smoke=2_000, cpu=12_000, gpu=60_000)
    try:
        paths = celeba.obtain(count, wanted.root)
    except OSError as error:
        raise cache.disk_error(error, wanted.root) from error
    if paths:
        return from_files(paths, "celeba", replace(wanted, count=count))
    say("Using the drawn faces instead, the built-in twin of CelebA: same shapes, no download.")
    return _faces(wanted)


_NAMED = {"faces": _faces, "celeba": _celeba}
NAMES = tuple(_NAMED)


def from_files(paths: list[Path], name: str, wanted: _Wanted) -> ImageSet:
    """Decode the pictures in folders or zips, or map what an earlier call decoded."""
    with ExitStack() as stack:
        files = [file for path in paths for file in stack.enter_context(open_images(path))]
        found = len(files)
        files = files[: wanted.count]
        stamps = [(file.name, *file.stamp) for file in files]
        places = [str(path.resolve()) for path in paths]
        label = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:40]
        folder = wanted.root / f"{label}-{wanted.size}-{cache.key_of(_FORMAT, wanted.size, places, stamps)}"
        stored = cache.read(folder)
        if stored is None:
            _decode_into(folder, files, name, wanted.size)
            stored = _read_back(folder)
    images, factors, about = stored
    inside = paths[0].is_relative_to(wanted.root)  # no path of the machine: this line gets into notebooks
    source = f"from {paths[0].relative_to(wanted.root) if inside else paths[0].name}"
    source += f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    source += f", the first {len(files):,} of {found:,}" if len(files) < found else ""
    source += f", {about['skipped']:,} skipped" if about.get("skipped") else ""
    return ImageSet(name, images, factors, source)


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

    cache.write(folder, blocks(), about, expected_bytes=len(files) * 3 * size**2)


def _report(skipped: Skipped, count: int, total: int, name: str, size: int) -> None:
    if not count and skipped.small:
        width, height = skipped.largest_small
        raise DataError(
            f"The pictures of {name} are too small: {width}x{height} at most, size={size} was asked for. "
            f"Ask for size={min(width, height)} or less."
        )
    if not count:
        raise DataError(
            f"None of the {total:,} pictures of {name} can be read, the first is {skipped.damaged[0]}."
        )
    for names, what in ((skipped.damaged, "damaged"), (skipped.small, f"smaller than {size} pixels")):
        if names:
            shown = ", ".join(names[:_SHOWN_NAMES]) + (" …" if len(names) > _SHOWN_NAMES else "")
            say(f"{name}: skipped {len(names):,} of {total:,} pictures ({what}): {shown}")


def _read_back(folder: Path):
    stored = cache.read(folder)
    if stored is None:
        raise DataError(f"The cache {folder} vanished while it was written: call load again.")
    return stored
