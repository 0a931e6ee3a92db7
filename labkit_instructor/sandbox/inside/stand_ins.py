"""What every notebook has and a plain process lacks: ``display``, ``get_ipython``, Colab's own package.

They do nothing. An answer that mounts a drive or draws is judged on what it computes.
"""

import importlib.util
import sys
import types
from typing import Any


class _Shell:
    """Stands for IPython's shell: it has every method and every list, and nothing comes of them."""

    def __getattr__(self, name: str) -> "_Shell":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_values: Any, **_options: Any) -> None:
        return None


def nothing(*_values: Any, **_options: Any) -> None:
    """Do nothing."""


def names() -> dict[str, Any]:
    """The names that a notebook's cells find without an import."""
    shell = _Shell()
    return {"display": nothing, "get_ipython": lambda: shell}


def provide_colab() -> None:
    """Put an empty ``google.colab`` among the modules, where there is none: a submission may import it."""
    if "google.colab" in sys.modules or _is_there("google.colab"):
        return
    colab = _module("google.colab", data_table=_module("google.colab.data_table"))
    colab.drive = _module("google.colab.drive", mount=nothing, flush_and_unmount=nothing)
    colab.files = _module("google.colab.files", upload=dict, download=nothing)
    colab.output = _module("google.colab.output", clear=nothing, eval_js=nothing)
    colab.patches = _module("google.colab.patches", cv2_imshow=nothing)
    colab.userdata = _module("google.colab.userdata", get=lambda *_name: "")
    google = sys.modules.get("google") or _module("google")
    google.colab = colab


def _anything_else(name: str) -> _Shell:
    """What is not listed here is there too, and does nothing either."""
    return getattr(_Shell(), name)


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _module(name: str, **contents: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__path__ = []  # a package: its modules are found in sys.modules
    module.__dict__.update(contents)
    module.__getattr__ = _anything_else
    sys.modules[name] = module
    return module
