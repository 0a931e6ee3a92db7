"""The sets that the kit draws: how many, how big, and kept until the code that draws them changes."""

import pytest
import torch

from labkit import cli
from labkit.data import NAMES, drawn, load


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_BUDGET", "smoke")
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("name", "shape"),
    [("digits", (1, 28, 28)), ("digits-test", (1, 28, 28)), ("stacked", (3, 28, 28)), ("faces", (3, 64, 64))],
)
def test_a_drawn_set_has_its_own_size(root, name, shape):
    loaded = load(name, count=4, root=root)
    assert loaded.images.shape == (4, *shape) and loaded.name == name


@pytest.mark.parametrize(("name", "many"), [("digits", 4_000), ("digits-test", 2_000)])
def test_how_many_follows_the_budget(root, name, many):
    assert len(load(name, size=16, root=root)) == many


def test_test_digits_are_none_of_the_training_digits(root):
    train, test = load("digits", root=root), load("digits-test", root=root)
    assert torch.cdist(test.images.flatten(1).float(), train.images.flatten(1).float()).min() > 50
    assert drawn.TWINS["digits-test"].start >= 10_000_000  # more than "digits" can have


def test_new_drawing_code_drops_its_own_drawings_only(root, monkeypatch):
    load("faces", size=16, count=4, root=root)
    load("digits", count=4, root=root)
    before = {path.name for path in root.iterdir()}
    original = drawn.version_of
    monkeypatch.setattr(drawn, "version_of", lambda module: original(module) + "new" * ("digit" in module))
    load("digits", count=4, root=root)
    load("faces", size=16, count=4, root=root)
    kept = before & {path.name for path in root.iterdir()}
    assert len(kept) == 1 and kept.pop().startswith("faces-16-")


def test_the_version_covers_the_modules_that_draw_and_no_others(tmp_path, monkeypatch):
    def read(module):
        seen = []
        monkeypatch.setattr(
            drawn.importlib, "import_module", lambda name: seen.append(name) or real_import(name)
        )
        drawn.version_of.__wrapped__(module)
        monkeypatch.undo()
        return {name.removeprefix("labkit.synthetic.") for name in seen}

    real_import = drawn.importlib.import_module
    assert read("labkit.synthetic.digits") == {"digits", "digit_strokes", "factors", "counter", "arguments"}
    assert read("labkit.synthetic.digit_stacks") >= {"digit_stacks", "digits", "digit_strokes"}
    faces = read("labkit.synthetic.faces")
    assert {"faces", "face_hair", "shapes", "counter"} <= faces and not {"digits", "digit_strokes"} & faces


def test_stacks_reach_all_modes(root):
    assert len(load("stacked", size=16, count=12_000, root=root).factors["mode"].unique()) == 1_000


def test_a_size_that_cannot_be_drawn_is_one_line(root, monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_DATA", str(root))
    assert cli.main(["data", "digits", "--size", "3"]) == 2
    said = capsys.readouterr()
    assert said.err == "labkit data: size must be a whole number from 16 to 128, got 3.\n" and said.out == ""


def test_names_are_complete():
    assert set(drawn.TWINS) | {"celeba", "mnist", "mnist-test", "stacked-mnist"} == set(NAMES)
