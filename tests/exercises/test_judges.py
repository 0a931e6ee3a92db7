"""No judge is within reach of a student's code while it is graded, and nothing that it sends stops one."""

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest

from labkit.exercises import module
from labkit.exercises import record as records
from labkit.exercises.exercise import CUT, Finding
from labkit.exercises.guard import preserved_state
from labkit.exercises.judging import LONGEST, agreement, findings, judged, properties_of
from labkit.exercises.lab05 import _settings
from labkit.exercises.properties import rule, same
from labkit.exercises.record import Record, run_probe
from labkit_instructor.authoring import markers
from labkit_instructor.sandbox.host import without_judges
from tests.exercises.known import CODED, RIGHT, solution
from tests.solutions import ROOT, notebooks

SEED = 31

# ---- where the judges are hidden ---------------------------------------------------------------------

CHILD = """
import json, sys
from labkit.checks import check
from labkit.exercises import all_exercises, find
from labkit.exercises.judging import NoJudge, findings
from labkit.exercises.record import run_probe

assert len(all_exercises()) > 30
statuses = {}
for cells in json.load(sys.stdin):
    names = {"__name__": "notebook"}
    for exercise_id, source in cells:
        exec(source, names)
        exercise = find(exercise_id) if exercise_id else None
        if hasattr(exercise, "probe"):
            record = run_probe(exercise, names[exercise.name], 5)
            statuses[exercise_id] = record.status
            try:
                findings(exercise, record, 5)
                statuses[exercise_id] = "judged"
            except NoJudge:
                pass
assert check("0.1", lambda images: images).status == "later"
print(json.dumps([statuses, [name for name in sys.modules if name.startswith("labkit_instructor")]]))
"""


def _cells():
    """For each solution notebook its import cells and answer cells: (exercise id or "", source)."""
    for path in notebooks("solutions"):
        notebook = []
        for cell in nbformat.read(path, as_version=4).cells:
            head = markers.header(cell.cell_type, cell.source)
            if cell.cell_type == "code" and (head or cell.source.lstrip().startswith(("import", "from"))):
                notebook.append((head.id if head else "", cell.source))
        yield notebook


@pytest.mark.slow
def test_every_probe_runs_where_the_judges_are_hidden(tmp_path):
    kit = tmp_path / "labkit"
    shutil.copytree(ROOT / "labkit", kit, ignore=shutil.ignore_patterns("exercises", "__pycache__"))
    for name, source in without_judges().items():
        (kit / "exercises" / name).parent.mkdir(parents=True, exist_ok=True)
        (kit / "exercises" / name).write_text(source, "utf-8")
    (tmp_path / "data").symlink_to(ROOT / "data")
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps(list(_cells())),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *said, last = done.stdout.splitlines()
    statuses, hidden = json.loads(last)
    assert statuses == dict.fromkeys(CODED, "answered")
    assert hidden == []
    assert "○ 0.1 is judged elsewhere" in said


@pytest.mark.parametrize("exercise_id", CODED)
def test_an_exercise_is_cut_once_between_its_probe_and_its_judge(exercise_id):
    source = Path(module(exercise_id).__file__).read_text("utf-8")
    seen, cut, hidden = source.partition(f"\n{CUT}")
    assert cut and CUT not in hidden
    assert "EXERCISE = " in seen
    names = {node.name for node in ast.parse(seen).body if isinstance(node, ast.FunctionDef)}
    assert not {"PROPERTIES", "MISTAKES", "expected"} & names
    assert not any(f"\n{name} = " in seen for name in ("PROPERTIES", "MISTAKES"))


# ---- what came of an answer --------------------------------------------------------------------------


def _raises(*_args, **_more):
    raise RuntimeError("no")


def _is_blank(*_args, **_more):
    raise NotImplementedError("Exercise 0.1: your code here")


def _never_ends(*_args, **_more):
    while True:
        pass


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda images: 1, "answered"),
        (_is_blank, "blank"),
        (3, "refused"),
        (Finding, "refused"),
        (_raises, "raised"),
        (_never_ends, "late"),
    ],
)
def test_a_record_says_what_became_of_the_answer(answer, status, monkeypatch):
    monkeypatch.setattr(records, "LIMIT_SECONDS", 0.2)
    record = run_probe(CODED["0.1"], answer, SEED)
    assert record.status == status
    assert (record.failure is not None) == (status in ("refused", "raised", "late"))
    found = findings(CODED["0.1"], record, SEED)
    assert all(not finding.ok for finding in found) and len(found) == (status != "blank")


# ---- a right answer's values and the solution's --------------------------------------------------------


@pytest.fixture(scope="module")
def solved():
    """The solution's record on the inputs of SEED, by exercise."""
    return {i: run_probe(e, solution(i), SEED) for i, e in CODED.items()}


@pytest.mark.parametrize("exercise_id", CODED)
def test_right_answers_agree_with_the_solution(exercise_id):
    exercise = CODED[exercise_id]
    for seed in (77, 20_001, 2**31 + 5):
        expected = run_probe(exercise, solution(exercise_id), seed)
        for answer in RIGHT[exercise_id]:
            assert agreement(exercise, run_probe(exercise, answer, seed), expected) is None


@pytest.mark.parametrize("exercise_id", [i for i, e in CODED.items() if not e.played])
def test_values_that_differ_from_the_solutions_are_named(exercise_id, solved):
    exercise, expected = CODED[exercise_id], solved[exercise_id]
    for name in {n for p in properties_of(exercise) if p.compared and not p.of_shape for n in p.names}:
        array = expected.arrays[name]
        other = np.array("other") if array.dtype.kind == "U" else 2 * array.astype(float) + 2
        if array.dtype.kind == "b":
            other = ~array
        for wrong in (other, np.zeros((0, 3)), np.array("x"), np.array(np.nan)):
            found = agreement(exercise, Record("answered", {**expected.arrays, name: wrong}), expected)
            assert not found.ok and name in found.what
    less = dict(list(expected.arrays.items())[1:])
    assert "without" in agreement(exercise, Record("answered", less), expected).got
    more = {**expected.arrays, "mine": np.zeros(1)}
    assert "1 more" in agreement(exercise, Record("answered", more), expected).got


# ---- arrays from a hostile process ---------------------------------------------------------------------

ODD = (
    np.array(np.nan),
    np.array(-np.inf),
    np.array(1e308),
    np.array(-1),
    np.array(10**12),
    np.array(2**64 - 1, dtype=np.uint64),
    np.array("x" * 50_000),
    np.array(["a", "b"]),
    np.zeros(0, dtype="U1"),
    np.zeros(0),
    np.zeros((0, 3)),
    np.zeros((10**12, 0)),
    np.zeros((0, 10**12)),
    np.ones((1, 2, 1, 2, 1)),
    np.array([10**12]),
    np.array([[True]]),
    np.ones((100_000, 10)),
)
MAY_PASS = (*(np.array(v) for v in (0, 1, True, False, "")), np.ones(1, dtype=np.float16))


def _twisted(array):
    """What is never right in the place of ``array``, and what may be right."""
    wrong, open_ = list(ODD), list(MAY_PASS)
    if array.dtype.kind == "U":
        return [*wrong, np.array("none of these")], [*open_, array.reshape(-1)]
    wrong += [np.full(array.shape, v) for v in (np.nan, np.inf, 1e308, 10**12)] + [array.astype("U12")]
    if array.dtype.kind == "b":
        wrong.append(~array)
    return wrong, [*open_, array[None], array.ravel(), -array.astype(float), array.astype(np.longdouble)]


def _judged(exercise, arrays):
    """The findings as far as the judge is asked, without the guard of `findings`."""
    found = []
    with np.errstate(all="ignore"):
        for finding in judged(exercise, arrays, SEED):
            found.append(finding)
            if not finding.ok:
                break
    assert found and all(isinstance(f, Finding) for f in found)
    return found


@pytest.mark.parametrize("exercise_id", [i for i, e in CODED.items() if not e.played])
def test_no_array_stops_or_fools_a_judge(exercise_id, solved):
    """Each array in turn gets a third of what is odd, so that three neighbours get all of it."""
    exercise, arrays = CODED[exercise_id], solved[exercise_id].arrays
    looked_at = {name for p in properties_of(exercise) for name in p.names}
    assert set(arrays) - looked_at == set(exercise.unjudged)
    every = 3 if len(arrays) > 2 else 1
    with preserved_state(SEED):
        assert all(f.ok for f in _judged(exercise, arrays))
        for index, (name, array) in enumerate(arrays.items()):
            wrong, open_ = (twists[index % every :: every] for twists in _twisted(array))
            for odd in wrong:
                found = _judged(exercise, {**arrays, name: odd})
                assert not found[-1].ok or name not in looked_at, (name, odd.dtype, odd.shape)
            for odd in open_:
                _judged(exercise, {**arrays, name: odd})


@pytest.mark.parametrize("exercise_id", [i for i, e in CODED.items() if e.played])
def test_no_settings_stop_the_judge(exercise_id, solved, monkeypatch):
    """The games are not played here: what is tested is what stands before them."""
    exercise, arrays = CODED[exercise_id], solved[exercise_id].arrays
    monkeypatch.setattr(_settings, "played", _raises)
    for name in (*arrays, "1 g_lr", "g_lr", "not a pair", "1 ", "", "n" * 60_000):
        for odd in (*ODD, *MAY_PASS, np.full(3, np.nan), np.array("saturating")):
            try:
                found = _judged(exercise, {**arrays, name: odd})
            except RuntimeError as error:  # the settings were good enough to be played
                assert str(error) == "no"
            else:
                assert not found[-1].ok
    assert not _judged(exercise, {})[-1].ok


@pytest.mark.parametrize("exercise_id", ["2.2", "2.3", "2.5", "2.6"])
def test_an_endless_trace_is_no_trace(exercise_id, solved):
    """It is read operation by operation, to name the layer that is to blame: but not without an end."""
    arrays = solved[exercise_id].arrays
    trace = np.repeat(arrays["operations"], 20_000, axis=0)
    result = np.full(arrays["the result"].shape, 0.5)
    start = time.process_time()
    found = _judged(CODED[exercise_id], arrays | {"operations": trace, "the result": result})
    assert not found[-1].ok and time.process_time() - start < 2


def test_verdicts_that_are_no_verdicts_do_not_count():
    inputs = CODED["4.7"].inputs(SEED)
    for numbers in ([0.0] * 19, [-1] * 19, [5] * 19):
        found = _judged(CODED["4.7"], {"the verdicts": np.array(numbers), "strange": np.array("")})
        assert not found[-1].ok
    assert len(inputs) == 19 == len(module("4.7").CASES)


def test_a_judge_that_fails_is_a_finding(monkeypatch, solved):
    broken = rule(lambda case: iter((Finding("so far", True), 1 / 0)))
    monkeypatch.setattr(module("0.1"), "PROPERTIES", (broken,))
    (found,) = findings(CODED["0.1"], solved["0.1"], SEED)
    assert not found.ok and found.what == "these values can be judged" and "ZeroDivisionError" in found.got


@pytest.mark.parametrize(("alone", "cause"), [(False, "otherwise"), (True, "halved")])
def test_a_mistake_explains_values_that_stand_alone(alone, cause, monkeypatch, solved):
    """Whoever makes a mistake in one of two places makes it in that one only."""
    dim = "the result for dim images"
    both = same("the result", "these"), same(dim, "those", "otherwise", alone=alone)
    monkeypatch.setattr(module("0.1"), "PROPERTIES", both)
    monkeypatch.setattr(module("0.1"), "MISTAKES", {"halved": lambda x: RIGHT["0.1"][0](x) / 2})
    arrays = solved["0.1"].arrays
    found = findings(CODED["0.1"], Record("answered", arrays | {dim: arrays[dim] / 2}), SEED)
    assert [(f.ok, f.cause) for f in found] == [(True, ""), (False, cause)]


@pytest.mark.parametrize("status", ["answered", "raised", "late", "refused", "right"])
def test_a_record_does_not_judge_itself(status, solved):
    fine = Record(status, solved["5.3"].arrays, failure=Finding("everything holds", True))
    assert [f.ok for f in findings(CODED["5.3"], fine, SEED)] == [False]
    silent = Record(status, {}, failure=None)
    assert not findings(CODED["5.3"], silent, SEED)[-1].ok


def test_a_long_text_does_not_fill_a_page(solved):
    arrays = {**solved["0.1"].arrays, "dtype": np.array("x" * 10_000)}
    found = findings(CODED["0.1"], Record("answered", arrays), SEED)
    assert not found[-1].ok and len(found[-1].got) == LONGEST
