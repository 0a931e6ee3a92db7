"""Networks that say which factors made a picture: one convolutional trunk, one linear head for each factor.

The kit draws its pictures from known factors, so it can train a network to read them back. A classifier
counts the classes that a generator makes, and its last hidden layer gives *features* in which
distances between sets of pictures mean something: each has mean 0 and variance 1 over the pictures
that the classifier was trained on, so none of them drowns the others.

>>> classifier = load_classifier("digits")
>>> classifier.read(images)["digit"]                     # (N,) class indices
>>> classifier.features(images)                          # (N, 96), for Fréchet distance, recall, ...

The classifiers of the drawn sets ship with the kit; ``labkit classifier NAME`` trains any of them.

Behind it: `network` (what a classifier is, and its file) and `training` (what each is trained on, and how).
"""

from labkit.classifiers.network import Classifier, ClassifierError, Head, load_classifier

__all__ = ["Classifier", "ClassifierError", "Head", "load_classifier"]
