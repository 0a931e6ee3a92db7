"""The answers of the solution notebooks, as objects: what the tests hold against the exercises."""

import functools
from pathlib import Path

import nbformat

from labkit_instructor.authoring import markers

ROOT = Path(__file__).resolve().parent.parent


def notebooks(folder: str) -> list[Path]:
    """The notebooks of ``solutions`` or ``notebooks``."""
    return sorted((ROOT / folder).glob("[0-9][0-9]_*.ipynb"))


@functools.cache
def definitions(path: Path) -> dict[str, object]:
    """id -> the answer that this notebook defines. Runs its import cells and answer cells only."""
    namespace: dict[str, object] = {"__name__": "notebook"}
    answers = {}
    for cell in nbformat.read(path, as_version=4).cells:
        head = markers.header(cell.cell_type, cell.source)
        if cell.cell_type != "code" or not (head or cell.source.lstrip().startswith(("import", "from"))):
            continue
        exec(compile(cell.source, path.name, "exec"), namespace)
        if head:
            answers[head.id] = namespace[head.name]
    return answers
