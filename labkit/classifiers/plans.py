"""What each classifier is trained on, what it reads, and how good it must be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from labkit.classifiers.network import Head
from labkit.classifiers.store import path_of
from labkit.synthetic import digits, faces


@dataclass(frozen=True)
class Plan:
    """How the classifier of one data set is made.

    Attributes:
        data: the data set that it is trained on.
        image_size, channels: of the pictures.
        heads: what it reads.
        images: how many pictures it is trained on.
        epochs: how often it sees each.
        bars: factor -> the accuracy that it must reach on fresh pictures.
        shift: the pictures are moved by up to this many pixels each way, anew each time.
        soften: half of the pictures are blurred a little.
    """

    data: str
    image_size: int
    channels: int
    heads: tuple[Head, ...]
    images: int
    epochs: int
    bars: Mapping[str, float]
    shift: int = 0
    soften: bool = True


def plan_of(name: str) -> Plan:
    """The plan of a data set that has a classifier."""
    path_of(name)  # complains about a name that nobody knows
    if name == "faces":
        heads = _heads(faces.FACTORS, unseen=("blobs",), seen=_faces_seen())
        bars = {head.name: 0.95 for head in heads if head.kind == "class"}
        return Plan("faces", 64, 3, heads, images=30_000, epochs=8, bars=bars, shift=1)
    if name == "digits":
        heads = _heads(digits.FACTORS, unseen=("hand", "wobble", "edge"))
        return Plan("digits", 28, 1, heads, images=40_000, epochs=8, bars={"digit": 0.99}, shift=1)
    heads = (Head("digit", "class", tuple("0123456789")),)
    if name == "digits16":
        # Digits drawn small, for games that train in seconds. On enlarged ones, the classifier of 28 pixels
        # takes a generator's rough zeros and ones for other digits. At 16 there is nothing left to blur.
        return Plan("digits", 16, 1, heads, images=30_000, epochs=6, bars={"digit": 0.99}, soften=False)
    return Plan("mnist", 28, 1, heads, images=60_000, epochs=6, bars={"digit": 0.99}, shift=2)


def _faces_seen() -> dict[str, dict[str, tuple[str, ...]]]:
    """Where the factors of the faces show that do not show everywhere."""
    hatless = {"hat": ("none",)}
    open_forehead = hatless | {"hair_style": ("short", "curly", "bob", "long")}
    hat = {"hat": ("beanie", "fedora", "cap")}
    forehead = {"hairline": open_forehead, "hair_part": open_forehead}
    return {"hat_hue": hat, "hat_tone": hat, "hair_volume": hatless} | forehead


def _heads(factors: Iterable[faces.Factor], *, unseen: tuple[str, ...], seen: Mapping | None = None):
    """One head per factor that can be seen.

    Unseen are numbers of a throw of dice (``blobs``, ``hand``), of which near ones give pictures that are
    not alike, how far a hand may stray (``wobble``), which does not show how far it did, and how ragged an
    edge is (``edge``), which is less than the noise that classifiers learn to overlook.
    """
    read = [factor for factor in factors if factor.name not in unseen]
    return tuple(Head(f.name, f.kind, f.values, seen=(seen or {}).get(f.name, {})) for f in read)
