"""Classifiers read what the kit draws, say what they cannot read, and are small plain files."""

import pickle
import re
from dataclasses import replace

import pytest
import torch

from labkit import cli
from labkit.classifiers import Classifier, ClassifierError, Head, load_classifier, training
from labkit.classifiers.network import SHIPPED, load_file, path_of, save_file
from labkit.classifiers.training import ClassifierPlan, plan_of
from labkit.data import ImageSet
from labkit.files import shipped
from labkit.synthetic import digits, faces, landscapes

FRESH = 987_654_321  # a seed that no classifier was trained or measured on
HEADS = (
    Head("shape", "class", ("round", "square")),
    Head("size", "number", (2.0, 6.0), reached=0.5),
)


class Seen:
    """Fresh pictures, what is true of them and what the shipped classifier read, once for all tests."""

    def __init__(self, name, drawn):
        self.images, self.factors = drawn
        self.classifier = load_classifier(name)
        self.read = self.classifier.read(self.images)


@pytest.fixture(scope="module")
def faces_seen():
    return Seen("faces", faces.draw(1_500, seed=FRESH))


@pytest.fixture(scope="module")
def digits_seen():
    return Seen("digits", digits.draw(2_000, seed=FRESH))


@pytest.fixture(scope="module")
def digits16_seen():
    return Seen("digits16", digits.draw(2_000, seed=FRESH, size=16))


@pytest.fixture(scope="module")
def landscapes_seen():
    both = training.landscapes_of_both_kinds(2_000, FRESH)
    return Seen("landscapes", (both.images, both.factors))


@pytest.fixture
def small():
    torch.manual_seed(0)
    return Classifier(
        HEADS, image_size=16, channels=1, features=8, about={"seed": 3, "command": "by hand"}
    ).eval()


def test_faces_are_read_right(faces_seen):
    discrete = [f.name for f in faces.FACTORS if f.kind == "class"]
    right = {name: faces_seen.read[name] == faces_seen.factors[name] for name in discrete}
    shares = {name: yes.double().mean().item() for name, yes in right.items()}
    assert len(discrete) == 9 and min(shares.values()) >= 0.95, shares


@pytest.mark.parametrize("kind", landscapes.KINDS)
def test_landscapes_are_read_right_on_both_sides(kind, landscapes_seen):
    """Photographs come first, and as many paintings after them."""
    half = slice(0, 1_000) if kind == "photograph" else slice(1_000, None)
    read, true = ({n: v[half] for n, v in d.items()} for d in (landscapes_seen.read, landscapes_seen.factors))
    heads = training.measured(landscapes_seen.classifier.heads, read, true)
    shares = {head.name: head.reached for head in heads if head.kind == "class"}
    assert len(shares) == 9 and min(shares.values()) >= 0.90, shares
    assert next(head.reached for head in heads if head.name == "horizon") > 0.9


@pytest.mark.parametrize("name", ["digits", "digits16"])
def test_digits_are_read_right(name, request):
    seen = request.getfixturevalue(f"{name}_seen")
    assert (seen.read["digit"] == seen.factors["digit"]).double().mean() >= 0.99


@pytest.mark.parametrize("name", SHIPPED)
def test_what_a_classifier_says_about_itself_holds_on_fresh_pictures(name, request):
    seen = request.getfixturevalue(f"{name}_seen")
    again = training.measured(seen.classifier.heads, seen.read, seen.factors)
    for claimed, found in zip(seen.classifier.heads, again, strict=True):
        assert abs(claimed.reached - found.reached) < (0.02 if found.kind == "class" else 0.1), found.name


def test_numbers_come_in_the_units_of_the_factor(faces_seen):
    assert (faces_seen.read["turn"] - faces_seen.factors["turn"]).abs().mean() < 0.15
    assert faces_seen.read["age"].min() >= 0 and faces_seen.read["age"].max() <= 1  # its range is 0 to 1


@pytest.mark.parametrize("name", SHIPPED)
def test_features_are_well_scaled(name, request):
    seen = request.getfixturevalue(f"{name}_seen")
    features = seen.classifier.features(seen.images[:600])
    assert features.shape == (600, seen.classifier.feature_count)
    assert features.mean(0).abs().max() < 0.25
    assert features.std(0).min() > 0.75 and features.std(0).max() < 1.25


@pytest.mark.parametrize("name", SHIPPED)
def test_the_file_is_small_and_plain(name):
    path = shipped("classifiers", f"{name}.pt")
    assert path.stat().st_size < 1_000_000
    stored = torch.load(path, weights_only=True)
    assert all(isinstance(value, torch.Tensor) for value in stored["weights"].values())
    assert all(isinstance(value, int | float | str) for value in stored["about"].values())


@pytest.mark.parametrize("name", SHIPPED)
def test_the_readme_holds_the_table_of_the_file(name):
    readme = shipped("README.md").read_text(encoding="utf-8")
    classifier = load_classifier(name)
    assert training.table(classifier) in readme
    assert f"`{classifier.about['command']}`" in readme


def test_a_chunk_more_or_less_changes_nothing(small):
    images = torch.randint(0, 256, (501, 1, 16, 16), dtype=torch.uint8)
    whole = small.features(images)
    assert torch.allclose(whole[250:260], small.features(images[250:260]), atol=1e-5)
    assert small.read(images)["shape"].shape == small.read(images)["size"].shape == (501,)
    assert len(small.features(images[:0])) == 0


def test_reading_leaves_the_mode_alone_and_ignores_it(small):
    images = torch.randint(0, 256, (20, 1, 16, 16), dtype=torch.uint8)
    before = small.features(images)
    small.train()
    assert torch.equal(small.features(images), before)
    assert small.training and torch.equal(small.features(images), before)


@pytest.mark.parametrize(
    ("images", "clue"),
    [
        (torch.zeros(2, 1, 16, 16), "use to_uint8 first"),
        (torch.zeros(2, 3, 16, 16, dtype=torch.uint8), r"\(N, 1, 16, 16\), not \(2, 3, 16, 16\)"),
        (torch.zeros(1, 16, 16, dtype=torch.uint8), r"not \(1, 16, 16\)"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), "resize them first"),
        ([[0]], "not list"),
    ],
)
def test_pictures_that_it_cannot_read_are_refused(small, images, clue):
    for function in (small.read, small.features):
        with pytest.raises(ClassifierError, match=clue):
            function(images)


def test_a_file_holds_the_whole_classifier(small, tmp_path):
    path = tmp_path / "new folder" / "small.pt"
    save_file(small, path)
    back = load_file(path)
    images = torch.randint(0, 256, (30, 1, 16, 16), dtype=torch.uint8)
    assert back.heads == small.heads and back.about == small.about and not back.training
    assert torch.allclose(back.features(images), small.features(images), atol=0.02)  # float16 in between
    assert next(back.parameters()).dtype == torch.float32


def test_a_damaged_or_foreign_file_is_one_clear_line(small, tmp_path):
    path = tmp_path / "small.pt"
    save_file(small, path)
    cut, other = path.read_bytes()[:2000], pickle.dumps({"format": 1}, protocol=2)
    for content in (cut, b"", b"PK not a zip", other, b"(lp0\n", b"V\xff\n.", b"\x80\x02j"):
        path.write_bytes(content)
        with pytest.raises(ClassifierError, match="small.pt is damaged .*train it again"):
            load_file(path)
    torch.save({"format": 99}, path)
    with pytest.raises(ClassifierError, match="another version"):
        load_file(path)


def test_a_classifier_that_is_not_there_names_its_command(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    with pytest.raises(ClassifierError, match="labkit classifier mnist"):
        load_classifier("mnist")
    with pytest.raises(ClassifierError, match="choose one of digits, digits16, faces, landscapes, mnist"):
        load_classifier("cats")
    assert path_of("mnist") == tmp_path / "classifiers" / "mnist.pt"


def test_measured_counts_only_where_a_factor_is_seen(small):
    small.heads = (HEADS[0], Head("size", "number", (2.0, 6.0), seen={"shape": ("square",)}))
    images = torch.randint(0, 256, (40, 1, 16, 16), dtype=torch.uint8)
    read = small.read(images)
    shape = torch.arange(40) % 2
    size = torch.where(shape > 0, read["size"], torch.full((40,), 6.0))
    heads = training.measured(small.heads, read, {"shape": shape, "size": size})
    assert heads[0].reached == pytest.approx((read["shape"] == shape).double().mean().item(), abs=1e-4)
    assert heads[1].reached > 0.99  # wrong everywhere else


def test_training_reads_what_it_was_shown():
    """Bright or dark, and how bright: read almost perfectly after a few hundred pictures."""
    torch.manual_seed(1)
    bright = torch.randint(0, 2, (768,))
    level = torch.rand(768)
    images = (bright * 120 + 100 * level).to(torch.uint8)[:, None, None, None].expand(-1, 1, 16, 16).clone()
    heads = (Head("bright", "class", ("no", "yes")), Head("level", "number", (0.0, 1.0)))
    plan = ClassifierPlan("x", 16, 1, heads, images=512, epochs=6, bars={})
    known = ImageSet("x", images[:512], {"bright": bright[:512], "level": level[:512]})
    fresh = ImageSet("x", images[512:], {"bright": bright[512:], "level": level[512:]})
    first, second = (
        training.train(plan, known, seed=2),
        training.train(plan, known, seed=2),
    )
    heads = training.measured(heads, first.read(fresh.images), fresh.factors)
    reached = {head.name: head.reached for head in heads}
    assert reached["bright"] > 0.95 and reached["level"] > 0.5, reached
    assert torch.equal(first.features(images), second.features(images))  # the seed decides


def test_the_command_keeps_no_classifier_below_its_bar(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(training, "_FRESH", 50)
    out = tmp_path / "digits.pt"
    assert cli.main(["classifier", "digits", "--images", "256", "--out", str(out)]) == 1
    told = capsys.readouterr()
    assert re.search(r"\| digit \| 10 classes \| [\d.]+% right \| everywhere \|", told.out)
    complaint = told.err.splitlines()[-1]
    assert complaint.startswith("labkit classifier: ") and "99% is the bar" in complaint
    assert not out.exists()


def _bars(count: int) -> ImageSet:
    """Ten classes that are easy to tell apart: a bright bar, higher or lower."""
    torch.manual_seed(count)
    digit = torch.arange(count) % 10
    images = torch.randint(0, 30, (count, 1, 28, 28), dtype=torch.uint8)
    for k in range(10):
        images[digit == k, :, 4 + 2 * k : 6 + 2 * k] += 200
    return ImageSet("mnist", images, {"digit": digit}, "made up")


def test_the_classifier_of_mnist_is_measured_on_the_test_set_and_found_where_it_was_put(
    tmp_path, monkeypatch, capsys
):
    sets = {"mnist": _bars(640), "mnist-test": _bars(100)}
    monkeypatch.setattr(training, "load", lambda name, **_: sets[name])
    monkeypatch.setattr(
        training, "plan_of", lambda name: replace(plan_of(name), shift=0, bars={"digit": 0.9})
    )
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    assert cli.main(["classifier", "mnist", "--images", "640"]) == 0
    classifier = load_classifier("mnist")
    assert "mnist.pt" in capsys.readouterr().out
    assert classifier.heads[0].reached >= 0.9 and classifier.about["fresh_images"] == 100
    assert (classifier.read(sets["mnist"].images)["digit"] == sets["mnist"].factors["digit"]).all()


def test_the_twin_is_not_taken_for_mnist(tmp_path, monkeypatch, capsys):
    twin = replace(_bars(640), name="digits")
    monkeypatch.setattr(training, "load", lambda name, **_: twin)
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    assert cli.main(["classifier", "mnist"]) == 2
    assert "needs the real pictures" in capsys.readouterr().err
    assert not (tmp_path / "classifiers").exists()


@pytest.mark.parametrize(
    ("argv", "clue"),
    [
        (["cats"], "choose one of digits, digits16, faces, landscapes, mnist"),
        (["faces", "--images", "10"], "at least 256"),
        (["faces", "--seed", "-1"], "seed"),
        (["faces", "--images", "many"], "invalid int"),
        ([], "NAME"),
    ],
)
def test_a_wrong_command_line_is_one_line(argv, clue, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    try:
        code = cli.main(["classifier", *argv])
    except SystemExit as stop:
        code = stop.code
    told = capsys.readouterr().err
    assert code == 2
    assert clue in told.splitlines()[-1], told
