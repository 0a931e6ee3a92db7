"""``make lab``: JupyterLab on the first lab, on a laptop, as root, or on a machine without a screen."""

import argparse
import os
import sys
from pathlib import Path

FIRST = Path("notebooks") / "00_start_here.ipynb"


def main(argv: list[str] | None = None) -> None:
    """Replace this process by JupyterLab. Where no browser can open, its address is printed instead."""
    parser = argparse.ArgumentParser(prog="labkit_instructor.authoring.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=8888, help="first port to try (default: 8888)")
    options = parser.parse_args(argv)
    if not FIRST.is_file():
        sys.exit(f"{FIRST} is not here: run this from the kit's folder")
    # Not the file as an argument: its folder would become the root, and the rest of the kit disappear.
    first = f"--LabApp.default_url=/lab/tree/{FIRST.as_posix()}"
    root = f"--ServerApp.root_dir={Path.cwd()}"
    command = [sys.executable, "-m", "jupyterlab", root, first, f"--port={options.port}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if not _has_screen():
        command.append("--no-browser")
        print("No screen here: open the address that follows in a browser.", flush=True)
    if os.name == "nt":
        import subprocess

        sys.exit(subprocess.call(command))
    os.execv(sys.executable, command)


def _has_screen() -> bool:
    if sys.platform in ("win32", "darwin"):
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    main()
