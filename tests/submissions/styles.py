"""How notebooks come back: as Colab saves them, in an old format, with cells moved, lost and doubled."""

import hashlib
from collections.abc import Callable, Collection, Mapping

from tests.submissions.build import Notebook, at, code_cell, first_line, header


def by_colab(notebook: Notebook) -> Notebook:
    """Saved by Colab: nbformat 4.0, ids and run times in the metadata, tags gone, sources as lists."""
    cells = []
    for number, cell in enumerate(notebook["cells"]):
        key = hashlib.sha256(str(number).encode()).hexdigest()[:12]
        metadata = {"id": key}
        if cell["cell_type"] == "code":
            user = {"displayName": "A Student", "userId": "01234567890123456789"}
            info = {"elapsed": 312, "status": "ok", "timestamp": 1764000000000, "user": user, "user_tz": -60}
            metadata |= {
                "executionInfo": info,
                "outputId": key[::-1],
                "colab": {"base_uri": "https://localhost:8080/"},
            }
        kept = {k: v for k, v in cell.items() if k != "id"}
        cells.append({**kept, "metadata": metadata, "source": cell["source"].splitlines(keepends=True)})
    metadata = {
        "colab": {"provenance": [], "gpuType": "T4"},
        "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    return {"nbformat": 4, "nbformat_minor": 0, "metadata": metadata, "cells": cells}


def of_version_3(notebook: Notebook) -> Notebook:
    """Saved in the format before 2015: worksheets, ``input`` for ``source``."""
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cells.append(
                {
                    "cell_type": "code",
                    "collapsed": False,
                    "input": cell["source"],
                    "language": "python",
                    "metadata": {},
                    "outputs": [],
                }
            )
        else:
            cells.append({"cell_type": "markdown", "metadata": {}, "source": cell["source"]})
    return {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": cells, "metadata": {}}],
    }


def without(*exercises: str) -> Callable[[Notebook], Notebook]:
    """The answer cells of these exercises were deleted."""

    def change(notebook: Notebook) -> Notebook:
        cells = [c for c in notebook["cells"] if not ((h := header(c)) and h.id in exercises)]
        return {**notebook, "cells": cells}

    return change


def answers_first(order: Collection[str]) -> Callable[[Notebook], Notebook]:
    """These answer cells were moved behind the import cell, in this order."""

    def change(notebook: Notebook) -> Notebook:
        moved = [notebook["cells"][at(notebook, exercise)] for exercise in order]
        rest = [cell for cell in notebook["cells"] if not any(cell is m for m in moved)]
        return {**notebook, "cells": rest[:4] + moved + rest[4:]}

    return change


def doubled(exercise: str, other: str) -> Callable[[Notebook], Notebook]:
    """The answer cell stands twice; the second holds ``other``."""

    def change(notebook: Notebook) -> Notebook:
        cells, index = list(notebook["cells"]), at(notebook, exercise)
        copy = {**cells[index], "source": first_line(cells[index]) + "\n" + other}
        return {**notebook, "cells": cells[: index + 1] + [copy] + cells[index + 1 :]}

    return change


def headless(*exercises: str, ids: bool = True) -> Callable[[Notebook], Notebook]:
    """The header lines of these answers were deleted; without ``ids``, the ids of all cells too."""

    def change(notebook: Notebook) -> Notebook:
        cells = []
        for cell in notebook["cells"]:
            if (head := header(cell)) and head.id in exercises:
                cell = {**cell, "source": cell["source"].split("\n", 1)[1]}
            cells.append(cell if ids else {k: v for k, v in cell.items() if k != "id"})
        return {**notebook, "cells": cells, "nbformat_minor": 5 if ids else 4}

    return change


def with_cells(added: Mapping[str, str]) -> Callable[[Notebook], Notebook]:
    """Cells of code added behind the answer cells of these exercises."""

    def change(notebook: Notebook) -> Notebook:
        cells = []
        for cell in notebook["cells"]:
            cells.append(cell)
            if (head := header(cell)) and head.id in added:
                cells.append(code_cell(added[head.id]))
        return {**notebook, "cells": cells}

    return change


def every_source(replace: Callable[[str], str]) -> Callable[[Notebook], Notebook]:
    """Every cell's text changed: line ends, indentation."""

    def change(notebook: Notebook) -> Notebook:
        return {**notebook, "cells": [{**c, "source": replace(c["source"])} for c in notebook["cells"]]}

    return change


def with_outputs(exercise: str, outputs: list) -> Callable[[Notebook], Notebook]:
    """These outputs were saved under the cell behind the answer of an exercise: where its figure is drawn."""

    def change(notebook: Notebook) -> Notebook:
        cells = [dict(cell) for cell in notebook["cells"]]
        after = [c for c in cells[at(notebook, exercise) + 1 :] if c["cell_type"] == "code"]
        after[0]["outputs"] = outputs
        return {**notebook, "cells": cells}

    return change
