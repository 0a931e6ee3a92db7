"""``labkit data``: fetch or draw a data set into the cache."""

import argparse

from labkit.commands import complain
from labkit.markup import printable

SUMMARY = "fetch or draw a data set into the cache, and say what it is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which set, and how much of it."""
    parser.description = "Fetch or draw a data set, once, and say what it is."
    parser.add_argument(
        "name",
        nargs="?",
        default="faces",
        help="faces, celeba, digits, mnist, stacked, stacked-mnist, or a folder or zip",
    )
    parser.add_argument("--size", type=int, help="pixels (default 64; 28 for digits)")
    parser.add_argument("--count", type=int, help="how many images (default: by budget)")


def run(asked: argparse.Namespace) -> int:
    """Load the set and print one line about it."""
    from labkit.data import DataError, load
    from labkit.settings import SettingsError

    try:
        images = load(asked.name, size=asked.size, count=asked.count)
    except (DataError, SettingsError) as error:
        return complain("data", error, 2)
    except KeyboardInterrupt:
        return complain("data", "stopped", 130)
    count, channels, height, width = images.images.shape
    print(printable(f"{images.name}: {count:,} images of {channels}x{height}x{width}, {images.source}"))
    return 0
