"""Plain lines to the person at the screen, and progress bars: stderr, so that outputs stay clean."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm.auto import tqdm

from labkit.markup import printable

Block = TypeVar("Block")


def say(line: str) -> None:
    """Print one plain line, without the file name and source line that `warnings` adds."""
    print(printable(line), file=sys.stderr, flush=True)


def with_progress(blocks: Iterable[Block], total: int, title: str) -> Iterator[Block]:
    """Pass blocks on (images, or a tuple that starts with them) while a bar counts images."""
    with tqdm(total=total, desc=printable(title), unit=" images") as bar:
        for block in blocks:
            bar.update(len(block[0] if isinstance(block, tuple) else block))
            yield block
