"""What only a notebook needs: the end of its first cell, TensorBoard in the page, and is there a page?"""

import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labkit import __version__, settings


def start(lab: str) -> None:
    """Say which kit, device and budget this runtime has; in Colab without a GPU, say how to get one."""
    here = settings.current()
    print(f"Lab {lab} · labkit {__version__} · device {here.device.type} · budget {here.budget}")
    if here.in_colab and here.device.type == "cpu":
        print("No GPU: the lab runs, smaller. For one: menu Runtime, Change runtime type, T4 GPU.")


def page_shell() -> Any:
    """IPython's shell where a cell's output is a page that shows HTML; None in a script or a terminal."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return None if shell.__class__.__name__ == "TerminalInteractiveShell" else shell


def variables() -> Mapping[str, Any]:
    """What the cells of this notebook have defined, by name; in a script, what its ``__main__`` has."""
    shell = page_shell()
    return shell.user_ns if shell is not None else vars(sys.modules["__main__"])


def somebody_watches() -> bool:
    """Whether to start TensorBoard; if not, say so. If yes, ``%tensorboard`` will find its program.

    Its server outlives the notebook. So none is started where nobody looks: with the budget ``smoke``, or
    where the variable ``LABKIT_TENSORBOARD`` is ``off``.
    """
    if settings.current().budget == "smoke" or os.environ.get("LABKIT_TENSORBOARD") == "off":
        print("TensorBoard is not started here; the same numbers are drawn with matplotlib.")
        return False
    if not shutil.which("tensorboard"):
        # A kernel of a virtual environment that is not activated: the program lies beside its Python.
        os.environ.setdefault("TENSORBOARD_BINARY", str(Path(sys.executable).with_name("tensorboard")))
    return True


def tensorboard(folder: Path) -> None:
    """Show TensorBoard on ``folder`` inside the notebook, as ``%tensorboard --logdir`` does, where
    `somebody_watches`."""
    if somebody_watches():
        from tensorboard import notebook as tensorboard_notebook

        _forget_dead_servers()
        tensorboard_notebook.start(f'--logdir "{folder}"')


def _forget_dead_servers() -> None:
    """Delete TensorBoard's records of servers that do not answer.

    A server that was killed leaves its record behind; TensorBoard would show its address again, a blank page.
    """
    from tensorboard import manager

    local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for server in manager.get_all():
        try:
            local.open(
                f"http://localhost:{server.port}{server.path_prefix}/data/environment", timeout=5
            ).close()
        except OSError:
            record = Path(tempfile.gettempdir(), ".tensorboard-info", f"pid-{server.pid}.info")
            record.unlink(missing_ok=True)
