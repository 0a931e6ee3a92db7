"""`labkit train` as a user meets it: what it writes, and how it says no."""

import csv
import io
import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from labkit import cli
from labkit.commands.scores import evaluator
from labkit.data import ImageSet, load
from labkit.diagnosis import EARLY, VERDICTS, diagnose
from labkit.logbook import read
from labkit.recipes import Recipe

RESULTS = {"metrics.csv", "samples.png", "progress.webp", "losses.png", "checkpoint.pt", "run.json"}


@pytest.fixture(autouse=True)
def _places(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("LABKIT_RUNS", str(tmp_path_factory.mktemp("runs")))
    monkeypatch.setenv("LABKIT_BUDGET", "smoke")
    monkeypatch.setenv("LABKIT_DEVICE", "cpu")


def _train(*argv) -> int:
    return cli.main(["train", *map(str, argv)])


def _line(capsys) -> str:
    lines = capsys.readouterr().err.splitlines()
    lines = [line for line in lines if line and "images/s" not in line]  # a progress bar says nothing wrong
    assert len(lines) == 1, lines
    return lines[0]


def _folder_of_pictures(folder, size, count=40):
    folder.mkdir()
    for index in range(count):
        pixels = np.random.default_rng(index).integers(0, 256, (size, size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:03}.png")
    return folder


def test_the_folder_holds_what_is_promised(tmp_path, capsys):
    out = tmp_path / "run"
    assert _train("smoothed", "--steps", 5, "--out", out) == 0
    assert str(out / "samples.png") in capsys.readouterr().out
    names = {path.name for path in out.iterdir()}
    assert names >= RESULTS
    assert read(out)["loss/d"][0].tolist() == [1, 2, 3, 4, 5]
    with open(out / "metrics.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["step"] for row in rows] == list("12345")
    assert set(rows[0]) > {"loss/d", "loss/g", "prob/real", "prob/fake", "accuracy/d", "grad_norm/d"}
    assert Image.open(out / "samples.png").size == (8 * 34 + 2, 8 * 34 + 2)
    assert Image.open(io.BytesIO((out / "progress.webp").read_bytes())).n_frames == 6
    assert Image.open(out / "losses.png").width > 500
    facts = json.loads((out / "run.json").read_text())
    assert (facts["recipe"], facts["data"], facts["steps_done"], facts["seed"]) == ("smoothed", "faces", 5, 0)
    assert facts["versions"]["torch"] == torch.__version__
    assert facts["images_per_second"] > 0
    assert facts["diagnosis"]["verdict"] is None
    assert "too short" in facts["diagnosis"]["reason"]
    assert not (out / "diagnosis.png").exists()


@pytest.mark.slow
def test_a_run_ends_with_its_diagnosis(tmp_path, capsys):
    out = tmp_path / "run"
    assert _train("handout", "--data", "digits", "--steps", 120, "--out", out) == 0
    told = json.loads((out / "run.json").read_text())["diagnosis"]
    lines = capsys.readouterr().out.splitlines()[-2:]
    assert lines == [f"diagnosis: {told['verdict']}. {told['reason']}", f"what to try: {told['advice']}"]
    assert told["verdict"] in (*VERDICTS, EARLY)
    assert Image.open(out / "diagnosis.png").width > 500
    steps, coverage = read(out)["coverage/g"]
    assert steps.tolist() == [75, 120]
    assert ((coverage >= 0) & (coverage <= 1)).all()
    assert diagnose(read(out)).verdict == told["verdict"]


@pytest.mark.parametrize(("name", "size"), [("digits", 32), ("stacked", 28), ("faces", 32)])
def test_a_classifier_tells_the_data_from_one_image_over_and_over(name, size):
    images = load(name, size=size, count=300)
    evaluate = evaluator(images, 150)
    same, fake = evaluate(images.images[:150]), evaluate(images.images[150:])
    one = evaluate(images.images[:1].repeat(150, 1, 1, 1))
    assert same == {"precision/g": 1.0, "recall/g": 1.0, "coverage/g": 1.0}
    assert fake["coverage/g"] > 0.9 and fake["recall/g"] > 0.5
    assert one["coverage/g"] < 0.35 and one["recall/g"] < 0.05


def test_sets_without_a_classifier_are_not_read(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))  # no classifier of MNIST has been trained there
    pictures = torch.zeros(8, 1, 28, 28, dtype=torch.uint8)
    assert evaluator(ImageSet("holidays", pictures), 4) is None
    assert evaluator(ImageSet("mnist", pictures), 4) is None


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["handout", "tutorial", "dense"])
def test_the_other_recipes_run(tmp_path, recipe):
    assert _train(recipe, "--steps", 2, "--out", tmp_path / "run") == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["seed"] == (
        999 if recipe == "tutorial" else 0
    )


def test_own_pictures_and_a_folder_chosen_for_you(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_RUNS", str(tmp_path / "runs"))
    pictures = _folder_of_pictures(tmp_path / "mine", 40)
    assert _train("handout", "--data", pictures, "--steps", 1) == 0
    assert (tmp_path / "runs" / "handout-mine-smoke" / "samples.png").is_file()


def test_what_cannot_be_done_is_one_line_and_code_two(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "page.zip").write_text("<html>quota exceeded</html>")
    small = _folder_of_pictures(tmp_path / "small", 8)
    few = _folder_of_pictures(tmp_path / "few", 32, count=3)
    new = ["--out", tmp_path / "new"]
    for argv, clue in [
        (["nope"], "handout, smoothed, tutorial, dense"),
        (["handout", "--data", tmp_path / "absent"], "absent"),
        (["handout", "--data", tmp_path / "empty"], "empty"),
        (["handout", "--data", tmp_path / "page.zip"], "page.zip"),
        (["handout", "--data", small], "too small"),
        (["handout", "--data", few], "few has 3 images, and a batch takes 32"),
        (["handout", "--steps", "0"], "--steps"),
        (["handout", "--resume"], "no checkpoint.pt"),
    ]:
        assert _train(*argv, *new) == 2
        assert clue in _line(capsys)
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "near"), [("vea", "vae"), ("CycleGAN", "cyclegan"), ("style", "stylegan"), ("x", "")]
)
def test_a_recipe_that_is_unknown_is_told_with_all_that_there_are(name, near, capsys):
    assert _train(name) == 2
    line = _line(capsys)
    assert (f"did you mean {near}?" in line) == bool(near)
    for known in ("handout", "dense", "stylegan", "cvae", "cyclegan"):
        assert known in line


@pytest.mark.parametrize("argv", [["handout", "--steps", "many"], ["handout", "--budget", "tpu"], []])
def test_a_malformed_line_is_one_line_and_code_two(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        _train(*argv)
    assert stop.value.code == 2
    assert "labkit train --help" in _line(capsys)


@pytest.mark.parametrize("room", [4_000, 60_000, 300_000])
def test_a_full_disk_is_one_line_that_names_the_place(tmp_path, capsys, room):
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))  # no file may grow beyond: as full as it gets
    try:
        code = _train("handout", "--data", "faces", "--steps", 4, "--out", tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert f"cannot write {tmp_path / 'run'}" in said and "--resume" in said
    assert not list((tmp_path / "run").glob("*.part"))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("all I have")
    assert _train("handout", "--steps", 1, "--out", tmp_path) == 2
    assert "--resume" in _line(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert _train("handout", "--out", tmp_path / "thesis.txt") == 2
    assert "file" in _line(capsys)


def test_resuming_wants_the_same_settings(tmp_path, capsys):
    out = tmp_path / "run"
    assert _train("handout", "--steps", 2, "--out", out) == 0
    capsys.readouterr()
    assert _train("handout", "--steps", 2, "--out", out) == 2
    assert "--resume" in _line(capsys)
    for other, clue in [(["--seed", 1], "seed 0, not 1"), (["--steps", 9], "steps 2, not")]:
        argv = ["handout", "--out", out, "--resume", *(["--steps", 2] if "--seed" in other else []), *other]
        assert _train(*argv) == 2
        assert clue in _line(capsys)
    assert _train("tutorial", "--steps", 2, "--out", out, "--resume") == 2
    assert "recipe handout, not tutorial" in _line(capsys)
    assert _train("handout", "--steps", 2, "--out", out, "--resume") == 0  # done already: only told so


def test_what_a_run_killed_at_once_left_behind_is_no_obstacle(tmp_path):
    (tmp_path / "events.out.tfevents.1.host.1.0.labkit").write_bytes(b"torn")
    (tmp_path / "checkpoint.pt.part").write_bytes(b"torn")
    assert _train("handout", "--steps", 1, "--out", tmp_path) == 0
    assert len(list(tmp_path.glob("events*"))) == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is not a signal on Windows")
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    argv = ["handout", "--steps", "4000", "--out", str(tmp_path / "run")]
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; from labkit.cli import main; sys.exit(main())", "train", *argv],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for _ in range(600):
        if (tmp_path / "run" / "checkpoint.pt").exists():
            break
        time.sleep(0.1)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    err = child.communicate(timeout=60)[1]
    assert child.returncode == 130
    last = err.strip().splitlines()[-1]
    assert "of 4000; the checkpoint is saved" in last
    assert f"labkit train handout --steps 4000 --out {tmp_path / 'run'} --resume" in last
    assert {path.name for path in (tmp_path / "run").iterdir()} >= RESULTS
    assert "Traceback" not in err
    told = json.loads((tmp_path / "run" / "run.json").read_text())["diagnosis"]
    assert told["verdict"] is None and "stopped at step" in told["reason"]


def test_a_run_that_breaks_down_is_written_down_as_diverged(tmp_path, monkeypatch, capsys):
    fine = Recipe.losses

    def losses(self):
        calls = iter(range(1, 100))
        d_loss, g_loss = fine(self)
        return d_loss, lambda D, real, fake: g_loss(D, real, fake) * (math.nan if next(calls) > 3 else 1)

    monkeypatch.setattr(Recipe, "losses", losses)
    out = tmp_path / "run"
    assert _train("handout", "--steps", 20, "--out", out) == 1
    assert "not finite" in capsys.readouterr().err
    told = json.loads((out / "run.json").read_text())
    assert told["diagnosis"]["verdict"] == "diverged" and "not finite" in told["diagnosis"]["reason"]
    assert told["steps_done"] < 20
