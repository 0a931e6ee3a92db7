"""Shortcuts: what imports its answer or fishes for it is refused, with the line; no right answer is."""

from pathlib import Path

import pytest

from labkit_instructor.judging.shortcuts import shortcut
from tests.instructor.handed import labs
from tests.solutions import ROOT

ANSWERS = sorted((ROOT / "tests" / "answers").glob("lab*.py"))


def _reason(source, lab="03"):
    return shortcut(source, labs()[lab])


@pytest.mark.parametrize("path", ANSWERS, ids=lambda p: p.stem)
def test_the_answers_of_the_tests_are_not_refused(path: Path):
    assert shortcut(path.read_text(encoding="utf-8"), labs()[path.stem[3:5]]) == ""


@pytest.mark.parametrize("lab", ["00", "01", "02", "03", "04", "05", "06", "07", "08"])
def test_the_notebooks_own_cells_are_not_refused(lab):
    trusted = labs()[lab]
    for exercise in trusted.coded:
        assert shortcut(trusted.answer(exercise), trusted) == ""
        assert shortcut(trusted.blank(exercise), trusted) == ""
    imports = [c.source for c in trusted.cells if c.kind == "code" and "from labkit" in c.source]
    assert imports and not any(shortcut(source + "\nimport numpy as np", trusted) for source in imports)


@pytest.mark.parametrize(
    "source",
    [
        "import torch, math, numpy as np, copy, random, inspect, gc, sys, os",
        "gc.collect(); sys.exit; sys.stdout.flush(); inspect.signature(print)",
        "import gc\ngc.collect()\nimport inspect\ninspect.signature(len)\nimport sys\nprint(sys.version)",
        "from labkit import data, networks, training, plots\ndata.load('faces'), training.train",
        "from labkit.data import Batches, load, to_uint8",
        "from labkit.settings import current\nfrom labkit.plots import curves",
        "import labkit\nlabkit.data.load('faces')",
        "losses = update()\nlosses.append(1)\nlosses['d_loss']",
        "def f(training):\n    return training.checkpoints",
        "G.eval()\nmodel.compile()\nre.compile('x')",
        "eval('1 + 1')",
        "getattr(run, name)\ngetattr(run, 'step')\nsetattr(run, 'step', 1)",
        "x = 'import labkit.losses'  # labkit.losses, __globals__",
        "def broken(:",
        "import importlib\nimportlib.import_module('numpy')",
        "import sys\nIN_COLAB = 'google.colab' in sys.modules\nlocal = 'google.colab' not in sys.modules",
        "import pdb, inspect\nprint(inspect.getsource(f))",
        "self.__class__.__name__, super().__init__(), f.__doc__, x.__dict__",
    ],
)
def test_what_is_allowed(source):
    assert _reason(source) == ""


@pytest.mark.parametrize(
    ("source", "clue"),
    [
        (
            "import torch\n\nfrom labkit.losses import logits_losses",
            "line 3 imports labkit.losses.logits_losses",
        ),
        ("import labkit.losses as L", "line 1 imports labkit.losses"),
        ("from labkit import losses", "line 1 imports labkit.losses"),
        ("def f():\n    import labkit.losses", "line 2 imports labkit.losses"),
        ("import labkit\nx = labkit.losses.logits_losses", "line 2 uses labkit.losses"),
        ("from labkit import *", "line 1 imports labkit.*"),
        ("from labkit.exercises.lab03.train_step import expected", "leaves the checks alone"),
        ("from labkit.exercises import find", "leaves the checks alone"),
        ("from labkit.checks import show", "line 1 imports labkit.checks.show"),
        ("from labkit.training.checkpoints import save", "line 1 imports labkit.training.checkpoints"),
        ("from labkit.training import checkpoints", "line 1 imports labkit.training.checkpoints"),
        ("training.checkpoints.save(run)", "line 1 uses labkit.training.checkpoints"),
        ("__import__('labkit.losses')", "imports labkit.losses"),
        ("__import__('lab' + 'kit')", "a name that it makes up"),
        ("import importlib\nimportlib.import_module('labkit.losses')", "line 2 imports labkit.losses"),
        (
            "from importlib import import_module as im\nim('labkit.exercises')",
            "line 2 imports labkit.exercises",
        ),
        ("import sys\nsys.modules['labkit.losses']", "line 2 uses sys.modules"),
        ("from sys import modules", "line 1 uses sys.modules"),
        ("sys.modules", "line 1 uses sys.modules"),
        ("x = 'labkit' in sys.modules, sys.modules['labkit']", "line 1 uses sys.modules"),
        ("import sys as s\ngetattr(s, 'modules')", "line 2 uses sys.modules"),
        ("import sys\nsys._getframe(1)", "line 2 uses sys._getframe"),
        ("import gc\ngc.get_objects()", "line 2 uses gc.get_objects"),
        ("import inspect\ninspect.stack()", "line 2 uses inspect.stack"),
        ("import ctypes", "line 1 uses ctypes"),
        ("f.__globals__['judge']", "line 1 uses __globals__"),
        ("getattr(f, '__globals__')", "line 1 uses __globals__"),
        ("().__class__.__base__.__subclasses__()", "uses __subclasses__"),
        ("__builtins__", "uses __builtins__"),
        ("exec('import labkit.losses')", "in the text that it runs, line 1 imports labkit.losses"),
        ("exec(secret)", "a text that it makes up"),
        ("x = (" + "1,\n" * 90_000 + ")", "far more than any answer"),
    ],
)
def test_what_is_refused(source, clue):
    assert clue in _reason(source)


def test_what_a_lab_gives_to_compare_with_is_no_answer():
    assert "so that you can compare" in _reason("def rule(c):\n    return diagnose(c).verdict", "04")
    assert "so that you can compare" in _reason("from labkit.diagnosis import diagnose as d\nd(1)", "05")
    assert _reason("from labkit.diagnosis import diagnose", "04") == ""
    assert "so that you can compare" in _reason("data.to_uint8(1)", "00") and not _reason("data.to_uint8(1)")
