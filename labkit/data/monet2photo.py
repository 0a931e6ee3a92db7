"""Where monet2photo comes from: the user's own copy, then two public places, each checked.

1,193 paintings by Monet and 7,038 photographs, 256 pixels wide (Zhu, Park, Isola, Efros: Unpaired
Image-to-Image Translation, ICCV 2017). The chain:

1. your own folder or zip, found by its usual names in the data folder;
2. the authors' zip at Berkeley;
3. Hugging Face ``huggan/monet2photo``, as the Parquet files that the site makes of it.

The addresses come from public pages and public code and were not tried when this was written; a wrong one
shows up as "the server answered 404".
"""

import zipfile
from functools import partial
from pathlib import Path

from labkit.data import parquet
from labkit.data.cache import part_of
from labkit.data.console import say
from labkit.data.downloads import DownloadError, Expected, fetch, first_that_works

OWN_NAMES = ("monet2photo", "monet2photo.zip", "monet2photo128", "monet2photo128.zip")
BERKELEY = "http://efrosgans.eecs.berkeley.edu/cyclegan/datasets/monet2photo.zip"
HUB = (
    "https://huggingface.co/datasets/huggan/monet2photo/resolve/refs%2Fconvert%2Fparquet"
    "/default/{part}/0000.parquet"
)
_COLUMNS = {"A": ("imageA", "bytes"), "B": ("imageB", "bytes")}
_LEAST_BYTES, _LEAST_IMAGES = 200_000_000, 1_000


def own_copy(root: Path) -> Path | None:
    """The user's folder or zip: in the data folder, or beside the cache in a checkout's ``data/``."""
    places = [root, root.parent] if root.name == "cache" else [root]
    return next((place / name for place in places for name in OWN_NAMES if (place / name).exists()), None)


def obtain(root: Path) -> Path | None:
    """A folder or zip with trainA, trainB, testA and testB; None, after every failure is printed.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    own = own_copy(root)
    if own:
        return own
    failures: list[str] = []
    attempts = [(BERKELEY, partial(from_berkeley, root)), (HUB, partial(from_parquet, root))]
    found = first_that_works(attempts, failures)
    if found is None:
        by_hand = f"By hand: get {BERKELEY} and put it into {root}, or load its path."
        say("\n".join(["monet2photo is not here, and no source gave it:", *failures, by_hand]))
    return found


def from_berkeley(root: Path) -> Path:
    """The authors' zip.

    Raises:
        DownloadError: no answer, an error code, a web page, a file that is too small or damaged.
    """
    target = root / "monet2photo.zip"
    fetch(BERKELEY, target, Expected(_LEAST_BYTES, starts=b"PK"), title="monet2photo")
    if not zipfile.is_zipfile(target):
        target.unlink()
        raise DownloadError(BERKELEY, "the zip is damaged (its end is missing)")
    return target


def from_parquet(root: Path) -> Path:
    """The same pictures from Hugging Face, repacked into a zip in the published layout.

    Raises:
        DownloadError: as above, or pyarrow is missing.
    """
    try:
        parquet.require()
    except parquet.ParquetError as error:
        raise DownloadError(HUB, str(error), final=True) from error
    target = root / "monet2photo.zip"
    shards = {part: root / f"monet2photo-{part}.parquet" for part in ("train", "test")}
    try:
        for part, shard in shards.items():
            expected = Expected(1_000_000, starts=parquet.MAGIC, ends=parquet.MAGIC)
            fetch(HUB.format(part=part), shard, expected, title=f"monet2photo {part}")
        repack(shards, target)
    except parquet.ParquetError as error:
        raise DownloadError(HUB, str(error)) from error
    finally:
        for shard in shards.values():
            shard.unlink(missing_ok=True)
    return target


def repack(shards: dict[str, Path], target: Path, at_least: int = _LEAST_IMAGES) -> None:
    """Write the pictures of Parquet files into a zip, whole or not at all.

    Args:
        shards: ``{"train": path, "test": path}``, each with the columns imageA and imageB.
        at_least: training pictures of each side.

    Raises:
        ParquetError: a file is damaged or holds too few pictures.
    """
    with part_of(target) as part, zipfile.ZipFile(part, "w") as archive:
        for name, shard in shards.items():
            for side, column in _COLUMNS.items():
                count = 0
                for image in parquet.byte_values(shard, column):
                    archive.writestr(f"monet2photo/{name}{side}/{count:05d}.jpg", image)
                    count += 1
                if name == "train" and count < at_least:
                    raise parquet.ParquetError(f"it holds {count:,} pictures of {side}, too few")
