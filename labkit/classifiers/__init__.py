"""Networks that say which factors made a picture: one convolutional trunk, one linear head for each factor.

The kit draws its pictures from known factors, so it can train a network to read them back. A classifier
counts the classes that a generator makes, and its last hidden layer gives *features* in which
distances between sets of pictures mean something: each has mean 0 and variance 1 over the pictures
that the classifier was trained on, so none of them drowns the others.

>>> classifier = load_classifier("digits")
>>> classifier.read(images)["digit"]                     # (N,) class indices
>>> classifier.features(images)                          # (N, 96), for Fréchet distance, recall, ...

The classifiers of the drawn sets ship with the kit; ``labkit classifier NAME`` trains any of them.

What is behind it: `network` (what a classifier is), `store` (its file), `plans` (what each is trained on).
"""

from labkit.classifiers.network import Classifier, ClassifierError, Head
from labkit.classifiers.plans import Plan, plan_of
from labkit.classifiers.store import (
    SHIPPED,
    TRAINED_HERE,
    kept_weights,
    load_classifier,
    load_file,
    path_of,
    save_file,
)

__all__ = [
    "SHIPPED",
    "TRAINED_HERE",
    "Head",
    "Plan",
    "Classifier",
    "ClassifierError",
    "kept_weights",
    "load_file",
    "load_classifier",
    "path_of",
    "plan_of",
    "save_file",
]
