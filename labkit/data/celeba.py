"""Where CelebA comes from: the user's own copy, then three public places, each checked.

CelebA (Liu, Luo, Wang, Tang: Deep Learning Face Attributes in the Wild, ICCV 2015) is for
non-commercial research and must not be passed on, so the kit never carries it. Its own host limits
downloads per day. The chain:

1. your own folder or zip, found by its usual names in the data folder;
2. Hugging Face ``huggan/CelebA-faces-with-attributes``: 132 Parquet files of about 1,535 images and
   10.5 MB each, so that only as many are fetched as are asked for. Numbers 11 and 20 are reported
   cut off at the source; any file that fails its check is passed over;
3. Hugging Face ``nielsr/CelebA-faces``: 3 Parquet files of 462 MB (the pinned revision has two);
4. torchvision's address on Google Drive (needs the package ``gdown``).

The revisions are pinned. They and the file names were looked up in public pages and public code,
not downloaded when this was written; a wrong one shows up as "the server answered 404".
What arrives is repacked into plain zips of the original JPEGs, which every later load reads.
"""

import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from labkit.data import parquet
from labkit.data.cache import part_of
from labkit.data.console import say
from labkit.data.downloads import DownloadError, Expected, answers, fetch, first_that_works

OWN_NAMES = (
    "celeba",
    "CelebA",
    "celeba.zip",
    "CelebA.zip",
    "img_align_celeba",
    "img_align_celeba.zip",
    "celeba64.zip",
)
_PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
_DRIVE = "https://drive.google.com"
_HUB = "https://huggingface.co/datasets"


@dataclass(frozen=True)
class ParquetSource:
    """A public copy in numbered Parquet files.

    Attributes:
        folder: name of the folder under the data folder that keeps what arrived.
        address: of one file, with ``{number}`` for its number.
        numbers: of the files, in the order to take them.
        images: how many images one file holds at least.
        megabytes: how big one file is at least.
    """

    folder: str
    address: str
    numbers: tuple[int, ...]
    images: int
    megabytes: float


SOURCES = (
    ParquetSource(
        folder="celeba-huggan",
        address=f"{_HUB}/huggan/CelebA-faces-with-attributes/resolve/b47e27a7c6bc578361ce132da8c8dad573b98d9e"
        "/data/train-{number:05d}-of-00132.parquet",
        numbers=tuple(number for number in range(132) if number not in (11, 20)),
        images=1_500,
        megabytes=5.0,
    ),
    ParquetSource(
        folder="celeba-nielsr",
        address=f"{_HUB}/nielsr/CelebA-faces/resolve/be1d6eb82fac48ba8260803a7ac094c3e14d37ba"
        "/data/train-{number:05d}-of-00003.parquet",
        numbers=(0, 1),
        images=60_000,
        megabytes=400.0,
    ),
)


def own_copy(root: Path) -> Path | None:
    """The user's folder or zip: in the data folder, or beside the cache in a checkout's ``data/``."""
    places = [root, root.parent] if root.name == "cache" else [root]
    for place in places:
        for name in OWN_NAMES:
            if (place / name).exists():
                return place / name
    return None


def obtain(count: int, root: Path) -> list[Path]:
    """Folders or zips that hold CelebA, at least `count` images where the source has them.

    Prints every failure with its address. Empty when no source worked.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    own = own_copy(root)
    if own:
        return [own]
    failures: list[str] = []
    attempts = [(source.address, partial(from_parquet, source, count, root)) for source in SOURCES]
    paths = first_that_works([*attempts, (_DRIVE, partial(from_torchvision, root))], failures)
    if paths is None:
        by_hand = f"By hand: get img_align_celeba.zip from {_PAGE} and put it into {root}, or load its path."
        say("\n".join(["CelebA is not here, and no source gave it:", *failures, by_hand]))
    return paths or []


def from_parquet(source: ParquetSource, count: int, root: Path) -> list[Path]:
    """Zips of original JPEGs from one public copy; as many files as `count` images need.

    Damaged files are passed over with a line. When the network goes away half-way, what has
    arrived is used.

    Raises:
        DownloadError: not one file arrived.
    """
    zips, failure = [], None
    needed = min(-(-count // source.images), len(source.numbers))
    for number in source.numbers:
        if len(zips) == needed:
            break
        address = source.address.format(number=number)
        target = root / source.folder / f"{number:05d}.zip"
        try:
            if not zipfile.is_zipfile(target):
                _fetch_and_repack(source, address, target, f"CelebA {len(zips) + 1}/{needed}")
            zips.append(target)
        except DownloadError as error:
            failure = error
            if error.final or not zips:  # nobody answers, or the very first one is refused
                break
            say(f"Passed over {error}")
    if not zips:
        raise failure
    if len(zips) < needed:
        say(f"Only {len(zips)} of {needed} parts of CelebA arrived ({failure}); using those.")
    return zips


def _fetch_and_repack(source: ParquetSource, address: str, target: Path, title: str) -> None:
    try:
        parquet.require()
    except parquet.ParquetError as error:
        raise DownloadError(address, str(error), final=True) from error
    expected = Expected(int(source.megabytes * 1e6), starts=parquet.MAGIC, ends=parquet.MAGIC)
    shard = fetch(address, target.with_suffix(".parquet"), expected, title=title)
    try:
        repack(shard, target, source.images)
    except parquet.ParquetError as error:
        raise DownloadError(address, str(error)) from error
    finally:
        shard.unlink(missing_ok=True)


def repack(shard: Path, target: Path, at_least: int) -> None:
    """Write the JPEGs of a Parquet file into a zip, whole or not at all.

    Raises:
        ParquetError: the file is damaged, holds too few images, or something that is no JPEG.
    """
    images = list(parquet.byte_values(shard, ("image", "bytes")))
    if len(images) < at_least:
        raise parquet.ParquetError(f"it holds {len(images):,} images, it should hold at least {at_least:,}")
    if not all(image.startswith(b"\xff\xd8") for image in images):
        raise parquet.ParquetError("it holds something other than JPEGs")
    with part_of(target) as part, zipfile.ZipFile(part, "w") as archive:
        for index, image in enumerate(images):
            archive.writestr(f"{target.stem}/{index:06d}.jpg", image)


def from_torchvision(root: Path) -> list[Path]:
    """``img_align_celeba.zip`` by torchvision's own download from Google Drive, checked by md5.

    Raises:
        DownloadError: no answer, no ``gdown``, the daily limit, a wrong file.
    """
    from torchvision.datasets import CelebA
    from torchvision.datasets.utils import download_file_from_google_drive

    identity, md5, name = CelebA.file_list[0]
    address = f"{_DRIVE}/uc?id={identity}"
    if not answers(_DRIVE):  # the download below has no time limit of its own
        raise DownloadError(address, "no answer", final=True)
    try:
        download_file_from_google_drive(identity, str(root), name, md5)
    except Exception as error:  # gdown and requests have families of their own
        (root / name).unlink(missing_ok=True)
        raise DownloadError(address, str(error).strip().splitlines()[0] or repr(error)) from error
    return [root / name]
