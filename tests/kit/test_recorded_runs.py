"""The five recorded runs of lab 04: small, anonymous, complete, each with one verdict on which all agree."""

import re

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmarks import record_runs
from labkit.diagnosis import VERDICTS, diagnose
from labkit.exercises.lab04.verdicts import RUNS, SIGNS, missing_sign
from labkit.files import shipped
from labkit.logbook import Logbook, is_ours, read

NUMBERS = {"loss/d", "loss/g", "prob/real", "prob/fake", "accuracy/d", "grad_norm/d", "grad_norm/g"}
NUMBERS |= {"gap/d", "signal/g", "diversity/g", "recall/g", "coverage/g", "class_kl/g"}


def _file(name):
    (path,) = shipped("runs", name).iterdir()
    return path


def test_five_runs_ship_and_the_script_makes_them():
    assert sorted(p.name for p in shipped("runs").iterdir() if p.is_dir()) == list(RUNS)
    assert list(record_runs.RUNS) == list(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_a_file_is_small_and_says_nothing_of_its_machine(name):
    path = _file(name)
    assert path.name == f"events.out.tfevents.{name}"
    assert path.stat().st_size < record_runs.LARGEST <= 1_000_000
    words = set(re.findall(rb"[a-z]{5,}", path.read_bytes().lower()))
    assert not words & {word.encode() for verdict in VERDICTS for word in verdict.split()}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_holds_numbers_pictures_and_histograms(name):
    events = EventAccumulator(str(_file(name)), size_guidance={"images": 0, "histograms": 0})
    events.Reload()
    tags = events.Tags()
    assert set(tags["scalars"]) == NUMBERS
    assert tags["images"] == ["samples/fixed_z"]
    assert set(tags["histograms"]) == {"logits/real", "logits/fake"}
    assert len(events.Images("samples/fixed_z")) == 21
    assert len(events.Scalars("loss/d")) > 90


@pytest.mark.parametrize("name", RUNS)
def test_the_signs_leave_one_verdict_and_the_diagnosis_agrees(name):
    columns = read(shipped("runs", name))
    left = [verdict for verdict in VERDICTS if missing_sign(columns, verdict) is None]
    assert left == [diagnose(columns).verdict]


def test_each_verdict_occurs_once():
    assert set(SIGNS) == set(VERDICTS)
    assert {diagnose(read(shipped("runs", name))).verdict for name in RUNS} == set(VERDICTS)


def test_a_logbook_opened_there_would_not_clean_them_up(tmp_path):
    copy = tmp_path / _file("run_a").name
    copy.write_bytes(_file("run_a").read_bytes())
    Logbook(tmp_path).close()
    assert copy.is_file() and not is_ours(copy)
