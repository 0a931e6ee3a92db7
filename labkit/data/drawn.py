"""The kit's own pictures, drawn once and kept: faces, digits, stacks of digits, landscapes.

A picture depends on the seed and its number alone, so the first ones of any larger cached set will
do. An entry also remembers the code that drew it: when that changes, and only then, it is dropped.
"""

import ast
import hashlib
import importlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache as remembered
from pathlib import Path

import torch

from labkit import settings
from labkit.data import cache
from labkit.data.console import with_progress
from labkit.data.image_set import DataError, ImageSet
from labkit.data.pictures import in_order
from labkit.synthetic import arguments, digit_stacks, digits, faces, landscapes


@dataclass(frozen=True)
class Twin:
    """One set that the kit draws.

    Attributes:
        what: its pictures, for the progress bar.
        draw: ``draw(count, size=, seed=, start=)`` -> uint8 (count, C, size, size) and the factors.
        shape: (C, size) of one picture unless another size is asked for.
        budget: how many for smoke, cpu and gpu.
        at_once: how many make about a tenth of a second or more, so that the bar moves.
        start: number of the first picture.
        how: what else `draw` is told.
    """

    what: str
    draw: Callable[..., tuple[torch.Tensor, dict[str, torch.Tensor]]]
    shape: tuple[int, int]
    budget: tuple[int, int, int]
    at_once: int
    start: int = 0
    how: dict[str, str] = field(default_factory=dict)


_SCENE, _SCENES, _TEST_SCENES = (3, 64), (400, 2_000, 6_000), (60, 200, 500)
_PAINTED, _PHOTOGRAPHED = {"kind": "painting"}, {"kind": "photograph"}

TWINS = {
    "faces": Twin("faces", faces.draw, (3, 64), (2_000, 10_000, 50_000), 125),
    "digits": Twin("digits", digits.draw, (1, 28), (4_000, 20_000, 60_000), 1_000),
    # Beyond the last number that "digits" can have: no digit is in both.
    "digits-test": Twin(
        "digits", digits.draw, (1, 28), (2_000, 10_000, 10_000), 1_000, arguments.MOST_IMAGES
    ),
    # No scene is both painted and photographed, but for those to test on: there each is.
    "paintings": Twin("paintings", landscapes.draw, _SCENE, _SCENES, 50, 0, _PAINTED),
    "photographs": Twin(
        "photographs", landscapes.draw, _SCENE, _SCENES, 50, arguments.MOST_IMAGES, _PHOTOGRAPHED
    ),
    "paintings-test": Twin(
        "paintings", landscapes.draw, _SCENE, _TEST_SCENES, 50, 2 * arguments.MOST_IMAGES, _PAINTED
    ),
    "photographs-test": Twin(
        "photographs", landscapes.draw, _SCENE, _TEST_SCENES, 50, 2 * arguments.MOST_IMAGES, _PHOTOGRAPHED
    ),
    "stacked": Twin("stacks", digit_stacks.draw, (3, 28), (4_000, 20_000, 60_000), 400),
}


def load(name: str, size: int | None, count: int | None, seed: int, root: Path) -> ImageSet:
    """Draw the first `count` pictures of a twin, or map those that an earlier call drew.

    Args:
        name: a key of `TWINS`.
        size: side in pixels; None for the set's own.
        count: how many; None for as many as the budget has.
        seed: 0 to 2**63 - 1.
        root: the folder for caches.

    Raises:
        DataError: a size or seed that cannot be drawn, a full disk.
    """
    twin = TWINS[name]
    channels, own_size = twin.shape
    size, count = size or own_size, count or settings.pick(*twin.budget)
    version = version_of(twin.draw.__module__)
    family = f"{name}-{size}-{cache.key_of(version, size, seed)}"
    stored = _smallest_cached(root, family, count)
    if stored is None:
        _try(twin, size, seed)
        folder = root / f"{family}-{count}"
        blocks = with_progress(_drawn(twin, count, size, seed), count, f"Drawing {twin.what}")
        _forget_old_drawings(root, name, version)
        about = {"name": name, "version": version}
        cache.write(folder, blocks, about, expected_bytes=count * channels * size**2)
        stored = cache.read_back(folder)
    images, factors, _ = stored
    factors = {factor: values[:count] for factor, values in factors.items()}
    return ImageSet(name, images[:count], factors, f"drawn by the kit, seed {seed}")


def _drawn(twin: Twin, count: int, size: int, seed: int) -> Iterator[cache.Block]:
    def block(first: int) -> cache.Block:
        n = min(twin.at_once, count - first)
        images, factors = twin.draw(n, size=size, seed=seed, start=twin.start + first, **twin.how)
        return images.numpy(), {name: values.numpy() for name, values in factors.items()}

    yield from in_order(block, range(0, count, twin.at_once))


def _try(twin: Twin, size: int, seed: int) -> None:
    """Draw one, so that what cannot be drawn is said before a progress bar starts."""
    try:
        twin.draw(1, size=size, seed=seed, start=twin.start, **twin.how)
    except ValueError as error:
        raise DataError(str(error)) from error


@remembered
def version_of(module: str) -> str:
    """Changes when the code of this module of `labkit.synthetic`, or of one that it imports, does.

    So nobody trains on pictures of yesterday's code, and a change to the digits does not redraw the faces.
    """
    digest = hashlib.sha256()
    seen, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        source = Path(importlib.import_module(name).__file__).read_bytes()
        digest.update(name.encode() + source)
        waiting += sorted(_imported(source), reverse=True)
    return digest.hexdigest()


def _imported(source: bytes) -> set[str]:
    """The modules of `labkit.synthetic` that this code imports."""
    package, names = "labkit.synthetic", set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.startswith(f"{package}.")}
        elif isinstance(node, ast.ImportFrom) and node.module == package:
            names |= {f"{package}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            names.add(node.module)
    return names


def _forget_old_drawings(root: Path, name: str, version: str) -> None:
    """What an older kit drew is never asked for again; a process that has it mapped keeps it."""
    for folder in root.glob(f"{name}-*"):
        notes = cache.notes_of(folder)
        if notes.get("name") == name and notes.get("version", version) != version:
            shutil.rmtree(folder, ignore_errors=True)


def _smallest_cached(root: Path, family: str, count: int):
    sizes = sorted(int(path.name.rsplit("-", 1)[1]) for path in root.glob(f"{family}-*"))
    for size in sizes:
        stored = cache.read(root / f"{family}-{size}") if size >= count else None
        if stored is not None:
            return stored
    return None
