"""Rounding decides nothing: what an answer leaves behind on another processor is judged as it is here.

The other processor is this one without its vector instructions, and with another number of threads.
"""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from labkit.exercises.judging import agreement, findings, module
from labkit.exercises.properties import Case, unchanged
from labkit.exercises.record import record_of, run_probe
from tests.exercises.known import CODED, solution
from tests.solutions import ROOT

SEEDS = (77, 2024)
PLAIN = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}
PROBED = [i for i, e in CODED.items() if not e.played]
CHILD = """
import pickle, sys, torch
from labkit.exercises.record import run_probe
from tests.exercises.known import CODED, solution

torch.set_num_threads(3)
ids, seeds = eval(sys.argv[2])
records = {(i, seed): run_probe(CODED[i], solution(i), seed) for i in ids for seed in seeds}
with open(sys.argv[1], "wb") as file:
    pickle.dump(records, file)
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The solution's records from the other processor, by exercise and seed."""
    file = tmp_path_factory.mktemp("records") / "records"
    command = [sys.executable, "-c", CHILD, str(file), repr((PROBED, SEEDS))]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **PLAIN}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return pickle.loads(file.read_bytes())


@pytest.mark.parametrize("exercise_id", PROBED)
def test_a_right_answer_from_another_processor_is_right(exercise_id, elsewhere):
    exercise = CODED[exercise_id]
    for seed in SEEDS:
        record = elsewhere[exercise_id, seed]
        assert [f for f in findings(exercise, record, seed) if not f.ok] == []
        assert agreement(exercise, record, run_probe(exercise, solution(exercise_id), seed)) is None


def test_a_run_does_not_amplify_rounding(elsewhere):
    """Adam makes full steps of a gradient that is nothing but rounding."""
    for seed in SEEDS:
        here = run_probe(CODED["3.6"], solution("3.6"), seed).arrays["the weights"]
        assert np.abs(here - elsewhere["3.6", seed].arrays["the weights"]).max() < 1e-9


def test_rounding_is_no_change_and_a_change_is_one():
    was = np.array([0.3, -20.0, 0.0], np.float32)
    written = {"x": was + np.float32(1e-3)}
    for got, ok in (({"x": was * np.float32(1 + 2e-7)}, True), (written, False), ({"x": was[:2]}, False)):
        (found,) = unchanged("x", "as it was").find(Case(None, got, {"x": was}))
        assert found.ok is ok


def test_numbers_that_meet_by_chance_are_no_repetition():
    """Among some thousand float32 numbers from the normal distribution two are now and then the same."""
    exercise, seed = CODED["3.5"], SEEDS[0]
    arrays = dict(record_of(exercise, solution("3.5"), seed).arrays)
    fixed_z = module("3.5").small_run(seed).fixed_z.numpy().ravel()
    for count, ok in ((2, True), (len(fixed_z), False)):
        z = arrays["z"].copy()
        z[:count] = fixed_z[:count]
        record = record_of(exercise, solution("3.5"), seed)
        record.arrays["z"] = z
        assert all(f.ok for f in findings(exercise, record, seed)) is ok
