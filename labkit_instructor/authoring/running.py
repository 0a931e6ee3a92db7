"""Running notebooks for release: the solution for its figures, the student's to see where it stops."""

import base64
import io
import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from PIL import Image

CELL_SECONDS = 1500
_BLANK = re.compile(r"Exercise \d+\.\d+: your code here")
_REPEATABLE = {"LABKIT_TENSORBOARD": "off", "LABKIT_NETWORKS": "off"}  # nothing left over from another lab
_WIDGET = "application/vnd.jupyter.widget-view+json"


class RunError(RuntimeError):
    """A notebook stopped where it should not; the message names the cell and the error."""


def stops_at_blanks(notebook: nbformat.NotebookNode, name: str) -> set[int]:
    """Run an untouched student notebook (budget ``smoke``) and return the indices of the cells that stop.

    Raises:
        RunError: a cell stops for another reason than a blank.
    """
    ran = run(notebook, Path.cwd(), budget="smoke", go_on=True)
    stops = set()
    for index, error in errors(ran):
        if error.ename != "NotImplementedError" or not _BLANK.search(error.evalue):
            raise RunError(
                f"{name}, cell {index + 1}, untouched: {error.ename}: {error.evalue[:200]} — only a "
                "blank may stop a student notebook; let the cell call what it needs"
            )
        stops.add(index)
    return stops


def execute_solution(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run a solution in place with the default budget, keeping outputs that a reader can look at.

    Raises:
        RunError: a cell fails.
    """
    ran = run(notebook, folder, budget=os.environ.get("LABKIT_BUDGET", "cpu"), go_on=False)
    for index, error in errors(ran):
        raise RunError(f"cell {index + 1}: {error.ename}: {error.evalue[:400]}")
    notebook.cells = ran.cells
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.pop("execution", None)
            cell.outputs = [o for o in cell.outputs if _lasting(o)]
            for output in cell.outputs:
                if png := output.get("data", {}).get("image/png"):
                    output.data["image/png"] = slim(png)
                if output.output_type == "execute_result":
                    output.execution_count = cell.execution_count


def run(notebook: nbformat.NotebookNode, folder: Path, *, budget: str, go_on: bool) -> nbformat.NotebookNode:
    """Run a copy of the notebook in a fresh kernel in ``folder`` and return it with its outputs.

    Raises:
        RunError: the kernel died, a cell ran past its time, or (unless ``go_on``) a cell failed.
    """
    copy = nbformat.from_dict(notebook)
    client = NotebookClient(
        copy,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        allow_errors=True,
        store_widget_state=False,
        force_raise_errors=False,
        resources={"metadata": {"path": str(folder)}},
    )
    if not go_on:
        client.allow_errors = False
    try:
        client.execute(env={**os.environ, **_REPEATABLE, "LABKIT_BUDGET": budget})
    except (CellTimeoutError, DeadKernelError) as error:
        raise RunError(str(error)[:400]) from error
    except Exception as error:
        if go_on:
            raise RunError(f"{type(error).__name__}: {str(error)[:400]}") from error
        raise RunError(str(error)[-1500:]) from error
    return copy


def errors(notebook: nbformat.NotebookNode) -> list[tuple[int, nbformat.NotebookNode]]:
    """(cell index, error output) of every cell that stopped."""
    return [
        (i, o)
        for i, c in enumerate(notebook.cells)
        if c.cell_type == "code"
        for o in c.outputs
        if o.output_type == "error"
    ]


def slim(png: str) -> str:
    """A base64 PNG with a palette of 256 colours, which takes a third of the room and looks the same; the
    original where that is smaller."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    stored = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(stored, "PNG", optimize=True)
    small = base64.b64encode(stored.getvalue()).decode("ascii")
    return min(small, png, key=len)


def _lasting(output: nbformat.NotebookNode) -> bool:
    """Whether an output still means something in a stored notebook: progress bars and live widgets do not."""
    if output.output_type == "stream":
        return output.name != "stderr"
    return not (output.output_type in ("display_data", "execute_result") and _WIDGET in output.data)
