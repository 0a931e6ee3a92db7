"""``labkit lab``: JupyterLab on the first lab, on a laptop, as root, or on a machine without a screen."""

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

SUMMARY = "open JupyterLab on the first lab"
FIRST = Path("notebooks") / "00_start_here.ipynb"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen."""
    parser.description = "JupyterLab on the first lab. Run it in the kit's folder."
    parser.add_argument("--port", type=int, default=8888, help="first port to try (default: 8888)")


def run(asked: argparse.Namespace) -> int:
    """Serve until JupyterLab ends. Where no browser can open, its address is printed instead."""
    if not FIRST.is_file():
        print(f"labkit lab: {FIRST} is not here. Run this in the kit's folder.", file=sys.stderr)
        return 1
    if importlib.util.find_spec("jupyterlab") is None:
        print("labkit lab needs JupyterLab: pip install 'gan-lab-kit[student]'", file=sys.stderr)
        return 1
    # Not the file as an argument: its folder would become the root, and the rest of the kit disappear.
    first = f"--LabApp.default_url=/lab/tree/{FIRST.as_posix()}"
    root = f"--ServerApp.root_dir={Path.cwd()}"
    command = [sys.executable, "-m", "jupyterlab", root, first, f"--port={asked.port}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if not _has_screen():
        command.append("--no-browser")
        print("No screen here: open the address that follows in a browser.", flush=True)
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(sys.executable, command)  # so that Ctrl-C and signals reach JupyterLab itself


def _has_screen() -> bool:
    if sys.platform in ("win32", "darwin"):
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
