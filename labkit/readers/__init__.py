"""A reader looks at a picture and says which factors made it: one convolutional trunk, one linear head each.

The kit draws its pictures from known factors, so it can train a network to read them back. A reader
counts the classes that a generator makes, and its last hidden layer gives *features* in which
distances between sets of pictures mean something: each has mean 0 and variance 1 over the pictures
that the reader was trained on, so none of them drowns the others.

>>> reader = load_reader("digits")
>>> reader.read(images)["digit"]                     # (N,) class indices
>>> reader.features(images)                          # (N, 96), for Fréchet distance, recall, ...

The readers of the drawn sets ship with the kit; ``labkit reader NAME`` trains any of them.

What is behind it: `network` (what a reader is), `store` (its file), `plans` (what each is trained on).
"""

from labkit.readers.network import Head, Reader, ReaderError
from labkit.readers.plans import Plan, plan_of
from labkit.readers.store import (
    SHIPPED,
    TRAINED_HERE,
    kept_weights,
    load_file,
    load_reader,
    path_of,
    save_file,
)

__all__ = [
    "SHIPPED",
    "TRAINED_HERE",
    "Head",
    "Plan",
    "Reader",
    "ReaderError",
    "kept_weights",
    "load_file",
    "load_reader",
    "path_of",
    "plan_of",
    "save_file",
]
