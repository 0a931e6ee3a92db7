"""What ships under data/ is found in a checkout and in an installed wheel, and the wheel holds no cache."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from labkit.files import MissingFileError, shipped
from labkit_instructor.reports.pages import TEMPLATES

ROOT = Path(__file__).resolve().parent.parent
IN_WHEEL = "labkit/shipped/"
PACKAGES = ("labkit", "labkit_instructor")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of the whole repository."""
    return _built(tmp_path_factory.mktemp("checkout"), PACKAGES)


def _built(home, packages):
    """A wheel built offline from a copy of the checkout, as pip builds it from a zip of the repository."""
    pytest.importorskip("setuptools", minversion="77", reason="the wheel is built by setuptools >= 77")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, home)
    no_junk = shutil.ignore_patterns("__pycache__", "cache")
    for package in packages:
        shutil.copytree(ROOT / package, home / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", home / "data", ignore=no_junk)
    for junk in (
        "data/cache/faces-64/images.u8",
        "data/cache/classifiers/mnist.pt",
        "data/runs/x/deep/events",
    ):
        (home / junk).parent.mkdir(parents=True, exist_ok=True)
        (home / junk).write_bytes(b"0123")
    out = home / "wheels"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "-w", str(out), str(home)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=home)
    assert done.returncode == 0, done.stderr[-2000:]
    return next(out.glob("*.whl"))


def test_a_checkout_finds_what_ships():
    assert shipped("classifiers", "faces.pt").is_file()
    assert shipped("README.md").read_text(encoding="utf-8")


def test_what_is_missing_is_named_with_what_to_do():
    with pytest.raises(MissingFileError, match=r"data/runs/none such.* Install the kit again"):
        shipped("runs", "none such")


def test_nothing_that_ships_is_ignored_by_git_or_too_large():
    classifiers = list(shipped("classifiers").glob("*"))
    assert classifiers
    assert all(path.suffix == ".pt" and path.stat().st_size < 1_000_000 for path in classifiers)


def test_the_wheel_holds_every_module_and_what_ships_but_no_cache(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for p in PACKAGES for path in (ROOT / p).rglob("*.py")}
    assert modules <= names
    templates = {path.relative_to(ROOT).as_posix() for path in TEMPLATES.iterdir()}
    assert len(templates) >= 6 and templates <= names
    for folder in ("classifiers", "generators"):
        files = list((ROOT / "data" / folder).glob("*.pt"))
        assert files and {f"{IN_WHEEL}{folder}/{path.name}" for path in files} <= names
    assert IN_WHEEL + "runs/x/deep/events" in names
    assert not [name for name in names if "cache" in name.removeprefix("labkit/data/cache.py")]


def test_an_installed_wheel_reads_its_own_classifiers(wheel, tmp_path):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        "import labkit, torch\n"
        "from labkit.files import shipped\n"
        "from labkit.classifiers import load_classifier\n"
        "classifier = load_classifier('faces')\n"
        "print(labkit.__file__, shipped('classifiers', 'faces.pt'), len(classifier.heads), sep='\\n')\n"
        "try: shipped('classifiers', 'no.pt')\n"
        "except FileNotFoundError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=elsewhere, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    module, classifier, heads, missing = done.stdout.splitlines()
    assert Path(module).is_relative_to(site) and Path(classifier).is_relative_to(site)
    assert int(heads) > 9
    assert "Install the kit again" in missing


STUDENT = """
import os, sys
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
sys.path = [p for p in sys.path if p == SITE or not os.path.isdir(os.path.join(p, "labkit_instructor"))]
from labkit import cli, notebook
from labkit.checks import check
from labkit.hand_in import hand_in
notebook.start("03")
def generator_loss(D, real, fake):
    return 2 - D(fake).mean()
try: check("3.3", generator_loss)
except Exception: pass
hand_in("03")
try: cli.main(["grade", "x"])
except SystemExit as stop: sys.exit(stop.code)
"""


@pytest.mark.slow
def test_a_student_needs_no_instructors_package(tmp_path):
    """First cell, checks and hand_in work, and ``labkit grade`` says in one line what it lacks."""
    home, site = tmp_path / "tree", tmp_path / "site"
    home.mkdir()
    zipfile.ZipFile(_built(home, ["labkit"])).extractall(site)
    code = f"SITE = {str(site)!r}\n{STUDENT}"
    environment = {**os.environ, "PYTHONPATH": str(site), "LABKIT_BUDGET": "smoke"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Lab 03" in done.stdout and "✘ 3.3" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("labkit grade is for instructors")
