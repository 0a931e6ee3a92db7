"""``make test-colab`` and ``make test-oldest``: the labs with other versions of the packages than ours.

``colab`` has the versions of Colab's runtime (`tests/colab.txt`) and a stand-in for ``google.colab``. The
first cell fetches the kit from the folder that students get; then every solution runs. ``oldest`` has the
lowest version of each package that pyproject.toml allows, and runs the quick tests and every solution.
Both at budget smoke. An environment is made on the first call and when what it is made from has changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from labkit_instructor.authoring import course
from labkit_instructor.authoring.student_copy import publish

ROOT = Path(__file__).resolve().parent.parent
COLAB = ROOT / "tests" / "colab.txt"
SMOKE = {"LABKIT_BUDGET": "smoke", "LABKIT_NETWORKS": "off"}
STAND_IN = '"""A stand-in for the package that every Colab runtime has."""\n'


def main(wanted: list[str]) -> int:
    """Run what is named, or both; return 0 when all of it succeeds."""
    runs = {"colab": in_colab, "oldest": with_the_oldest}
    if unknown := set(wanted) - set(runs):
        print(f"tests.versions: {', '.join(sorted(unknown))}? There are {', '.join(runs)}", file=sys.stderr)
        return 2
    failed = [name for name in wanted or runs if not runs[name]()]
    return int(bool(failed))


def in_colab() -> bool:
    """Run every solution as in a Colab that has just started; say which fail."""
    tools = made("colab", ["-r", str(COLAB)], COLAB.read_bytes())
    subprocess.run([*uv(), "uninstall", "--quiet", "--python", tools / "python", "gan-lab-kit"], check=True)
    names = sorted(path.name for path in (ROOT / "solutions").glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        publish(ROOT, home / "published", course.read(ROOT / "course.toml"), names)
        shutil.copytree(ROOT / "solutions", home / "content")
        stand_in = home / "google" / "colab" / "__init__.py"
        stand_in.parent.mkdir(parents=True)
        stand_in.write_text(STAND_IN, encoding="utf-8")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LABKIT_", "PYTHON", "VIRTUAL_"))}
        environment = {
            **clean,
            **SMOKE,
            "COLAB_RELEASE_TAG": "release-colab_stub",
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(home),
            "LABKIT_SOURCE": str(home / "published"),
        }
        print("Solutions, each after its first cell:", flush=True)
        works = [_runs(tools, home / "content" / name, environment) for name in names]
    return all(works)


def _runs(tools: Path, notebook: Path, environment: dict[str, str]) -> bool:
    """Whether every cell of a notebook runs; prints how long it took, or what went wrong."""
    start = time.monotonic()
    command = [tools / "jupyter-execute", "--timeout=600", notebook.name]
    ran = subprocess.run(command, cwd=notebook.parent, env=environment, capture_output=True, text=True)
    minutes = (time.monotonic() - start) / 60
    print(f"{notebook.name:<50}{minutes:5.1f} min   {'FAILED' if ran.returncode else 'ok'}", flush=True)
    if ran.returncode:
        print(ran.stderr[-3000:], flush=True)
    return not ran.returncode


def with_the_oldest() -> bool:
    """Run the quick tests and every solution with the lowest versions that pyproject.toml allows."""
    project = ROOT / "pyproject.toml"
    tools = made("oldest", ["--resolution=lowest-direct", "-e", f"{ROOT}[dev]"], project.read_bytes())
    environment = {**SMOKE, "OMP_NUM_THREADS": "1", **os.environ}
    pytest = [tools / "python", "-m", "pytest", "-n2"]
    commands = (
        [*pytest, "--dist=worksteal", "-m", "not slow and not costly", "tests"],
        [*pytest, "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=600", "--dist=loadscope",
         "solutions"],
    )  # fmt: skip
    codes = [subprocess.run(command, cwd=ROOT, env=environment).returncode for command in commands]
    return not any(codes)


def made(name: str, requirements: Sequence[str], source: bytes) -> Path:
    """The folder of the commands of an environment, ``.venv-<name>``; made anew if ``source`` has changed."""
    home = ROOT / f".venv-{name}"
    stamp, state = home / "made-from", hashlib.sha256(source).hexdigest()
    tools = home / ("Scripts" if os.name == "nt" else "bin")
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != state:
        print(f"Making {home.name} (a few gigabytes) …", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run(
            [sys.executable, "-m", "uv", "venv", "--quiet", "--seed", "--python", sys.executable, home],
            check=True,
        )
        install = [*uv(), "install", "--quiet", "--python", tools / "python", *requirements]
        subprocess.run(install, check=True)
        stamp.write_text(state, encoding="utf-8")
    return tools


def uv() -> list[str]:
    """The command that installs packages."""
    return [sys.executable, "-m", "uv", "pip"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
