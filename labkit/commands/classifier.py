"""``labkit classifier``: train the classifier of a data set, and measure it."""

import argparse
from pathlib import Path

from labkit.commands import complain

SUMMARY = "train a classifier: a small network that says which factors made a picture"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which classifier, from how many pictures, and where to."""
    parser.description = "Train the classifier of a data set, and measure it."
    parser.add_argument("name", metavar="NAME", help="digits, digits16, faces, landscapes or mnist")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: where load_classifier looks")
    parser.add_argument("--images", type=int, metavar="N", help="how many to train on (default: by name)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of pictures and weights (1)")


def run(asked: argparse.Namespace) -> int:
    """Train, print the table of what it reaches, and keep it if it is good enough."""
    from labkit.classifiers import ClassifierError
    from labkit.classifiers.training import BarMissed, make
    from labkit.data import DataError
    from labkit.settings import SettingsError

    try:
        make(asked.name, out=asked.out, images=asked.images, seed=asked.seed)
    except (ClassifierError, DataError, SettingsError) as error:
        return complain("classifier", error, 2)
    except BarMissed as error:
        return complain("classifier", error, 1)
    except OSError as error:
        return complain("classifier", f"cannot write the classifier: {error}", 2)
    except KeyboardInterrupt:
        return complain("classifier", "stopped", 130)
    return 0
