"""The class of `tests.submissions` through the real ``labkit grade``: who gets what, and what is left."""

import csv
import fcntl
import html.parser
import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from labkit_instructor.sandbox.host import Sandbox, SandboxError
from labkit_instructor.submissions.owners import tidy
from tests.solutions import ROOT
from tests.submissions import the_class
from tests.submissions.build import Case, points
from tests.submissions.exports import canvas_zip, hostile_zip, moodle_zip
from tests.submissions.processes import adopt_orphans, children, survivors

pytestmark = pytest.mark.slow

CASES = {case.student: case for case in the_class()}
HOSTILE = [name for name, case in CASES.items() if case.hostile]
ZIPPED = ("Ada 01", "Bo 01 style 1", "Eve", "Oz 01")
PUT_INTO_MOODLE = ("Pia", "Quinn", "Łukasz Ångström 王")
SECONDS = 900


@dataclass(frozen=True)
class Ran:
    """What a run of ``labkit grade`` left: its folder, its output, and what of it was still alive."""

    out: Path
    code: int
    said: str
    secret: str
    alive: list[str]

    def graded(self) -> list[dict]:
        """Every result, as it was written."""
        return [json.loads(p.read_text()) for p in sorted((self.out / "results").glob("*.json"))]

    def of(self, student: str) -> dict:
        """The result of the student with this name, as intake tidies it."""
        found = [g for g in self.graded() if g["student"]["name"] == tidy(student)]
        assert len(found) == 1, f"{len(found)} results for {student!r}"
        return found[0]


@pytest.fixture(scope="session")
def ran(tmp_path_factory) -> Ran:
    """The class in folders, graded once, whichever process of pytest-xdist comes first."""
    _needs_a_sandbox()
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "class.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared / "class.json"
        if not kept.exists():
            for case in CASES.values():
                folder = shared / "class" / case.student
                folder.mkdir(parents=True)
                case.put(folder)
            values = _grade(shared, shared / "class", "--seed", "11")
            kept.write_text(json.dumps(values))
        values = json.loads(kept.read_text())
    return Ran(Path(values.pop("out")), **values)


def _needs_a_sandbox() -> None:
    try:
        Sandbox().close()
    except SandboxError as error:
        pytest.skip(f"NOT TESTED, no sandbox on this machine: {error}")


def _grade(place: Path, *arguments: object) -> dict:
    """Run the command with a secret in its home and its environment; look afterwards who is still there."""
    secret, out, home = secrets.token_hex(16), place / "out", place / "home"
    home.mkdir()
    (home / "secret.txt").write_text(secret)
    (home / "gradebook.jsonl").write_text(secret)
    environment = {**os.environ, "HOME": str(home), "LABKIT_TEST_SECRET": secret, "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable,
        "-c",
        "import sys; from labkit.cli import main; sys.exit(main())",
        "grade",
        *map(str, arguments),
        "--out",
        str(out),
        "--jobs",
        "2",
    ]
    adopt_orphans()
    before = set(children())
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, errors="replace"
    )
    assert (home / "secret.txt").read_text() == (home / "gradebook.jsonl").read_text() == secret
    alive = survivors(before)
    return {
        "out": str(out),
        "code": done.returncode,
        "said": done.stdout + done.stderr,
        "secret": secret,
        "alive": alive,
    }


def _said(mark: dict) -> str:
    findings = (" ".join(map(str, f.values())) for f in mark["findings"])
    return " ".join([mark["reason"], *mark["notes"], *findings])


def test_the_class_is_large_and_hostile_enough():
    assert len(CASES) == len(the_class()), "two students share a name"
    assert len(CASES) >= 45 and len(HOSTILE) >= 28
    assert {case.lab for case in CASES.values()} >= {"01", "02", "03"}


def test_the_batch_ends_well(ran):
    assert ran.code == 0, ran.said[-3000:]
    assert len(ran.graded()) == len(CASES)


@pytest.mark.parametrize("student", CASES)
def test_every_exercise_ends_as_it_should(ran, student):
    case, graded = CASES[student], ran.of(student)
    got = {m["exercise"]: m["status"] for m in graded["marks"]}
    if not case.lab:  # nothing could be read
        assert set(got.values()) <= {"refused", "missing"}
        assert graded["notes"]
        return
    assert graded["lab"] == case.lab
    late = {i for i in case.statuses if _ran_out_of_time(case, i, got[i])}
    assert {i: s for i, s in got.items() if i not in late} == {
        i: s for i, s in case.statuses.items() if i not in late
    }
    said = {m["exercise"]: _said(m) for m in graded["marks"]} | {
        "": " ".join([*graded["notes"], *graded["merged"]])
    }
    for exercise, words in case.says.items():
        assert words in said[exercise] or exercise in late


def _ran_out_of_time(case: Case, exercise: str, status: str) -> bool:
    """Whether an attack met its time limit before the wall that it was to meet, as it may on a busy machine:
    filling a disk or the memory takes a while. What it must never be is right."""
    return case.hostile and status == "timed out" and case.statuses[exercise] not in ("right", "timed out")


@pytest.mark.parametrize("student", CASES)
def test_points_follow_the_statuses(ran, student):
    for mark in ran.of(student)["marks"]:
        worth = points(CASES[student].lab or mark["exercise"].split(".")[0].zfill(2))[mark["exercise"]]
        assert mark["out_of"] == worth
        earned = sum(part["points"] for part in mark["parts"])
        assert earned < worth and (mark["status"] == "wrong" or not earned)
        waits = mark["status"] == "to review"
        assert mark["points"] == (None if waits else worth if mark["status"] == "right" else earned)
        if mark["exercise"] in CASES[student].points:
            assert mark["points"] == CASES[student].points[mark["exercise"]]
        assert mark["status"] == "right" or mark["reason"] or mark["status"] in ("to review", "not attempted")


def test_nothing_outlives_the_run(ran):
    assert ran.alive == []


def test_no_secret_comes_out(ran):
    for path in (p for p in ran.out.rglob("*") if p.is_file()):
        assert ran.secret not in path.read_text(errors="replace"), path.name
    assert ran.secret not in ran.said


def test_the_solutions_do_not_come_out_in_the_prints(ran):
    for student in ("solutions", "gc", "frames", "given", "environment"):
        for mark in ran.of(student)["marks"]:
            came_out = mark["printed"] + _said(mark)
            assert "BEGIN SOLUTION" not in came_out
            assert ".ipynb" not in came_out
            assert "binary_cross_entropy_with_logits" not in came_out


def test_nobody_speaks_in_the_graders_voice(ran):
    for graded in ran.graded():
        for mark in graded["marks"]:
            findings = [f[part] for f in mark["findings"] for part in ("what", "expected", "cause")]
            for said in (mark["reason"], *mark["notes"], *findings):
                assert "full points" not in said.lower() and "fullpoints" not in said.lower()


def test_nothing_of_a_solution_is_passed_on(ran):
    for case in CASES.values():
        if "passes the solution" in case.what:
            mark = next(m for m in ran.of(case.student)["marks"] if m["exercise"] == "3.4")
            said = json.dumps([mark["reason"], mark["notes"], mark["printed"], mark["findings"]])
            assert "SEEN" not in said and "softplus" not in said


def test_the_gradebook_holds_what_the_grader_wrote(ran):
    lines = (ran.out / "gradebook.jsonl").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert "{{" not in (ran.out / "gradebook.jsonl").read_text()
    assert len(lines) >= len(CASES)


def test_prints_are_kept_short(ran):
    assert max(len(m["printed"]) for g in ran.graded() for m in g["marks"]) <= 10_000
    assert max(p.stat().st_size for p in (ran.out / "results").glob("*.json")) < 10 * 2**20


class _Page(html.parser.HTMLParser):
    """Everything on a page that could act or fetch."""

    def __init__(self):
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "iframe", "object", "embed", "form", "link", "base", "svg"):
            self.bad.append(f"<{tag}>")
        for name, value in attributes:
            target = "".join((value or "").split()).lower()
            if name.startswith("on") or target.startswith(("javascript:", "vbscript:", "data:text")):
                self.bad.append(f"{tag} {name}={value}"[:100])
            if name in ("src", "srcset", "poster", "background") and not target.startswith("data:image/png"):
                self.bad.append(f"{tag} {name}={value}"[:100])


def test_pages_neither_act_nor_fetch(ran):
    pages = sorted(ran.out.rglob("*.html"))
    assert len(pages) >= len(CASES)
    for path in pages:
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        assert page.bad == [], path.name
        assert path.stat().st_size < 10 * 2**20, path.name


def test_tables_hold_no_formula(ran):
    tables = sorted(ran.out.rglob("*.csv"))
    assert "grades.csv" in {t.name for t in tables}
    for path in tables:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    assert not _is_formula(cell), f"{path.name}: {cell[:80]!r}"


def _is_formula(cell: str) -> bool:
    if cell == "-" or not cell.lstrip().startswith(("=", "+", "-", "@")):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def test_files_stay_in_their_folder(ran):
    assert not [p for p in ran.out.rglob("*") if p.is_symlink()]
    names = {p.name for p in ran.out.parent.iterdir()}
    assert names <= {"class", "out", "home", "class.lock", "class.json", ".lock"} | {
        n for n in names if "popen" in n or n.startswith(("test_", "zips"))
    }


@pytest.fixture(scope="module")
def zips(tmp_path_factory) -> Ran:
    """A part of the class as the two learning platforms export it, and a zip that attacks."""
    _needs_a_sandbox()
    place = tmp_path_factory.mktemp("zips")
    cases: list[Case] = [CASES[name] for name in ZIPPED]
    canvas_zip(cases, place / "canvas.zip")
    moodle_zip([CASES[name] for name in PUT_INTO_MOODLE], place / "moodle.zip")
    hostile_zip(CASES["Ada 01"], place / "hostile.zip")
    (place / "here").mkdir()
    values = _grade(
        place / "here", *(place / f"{n}.zip" for n in ("canvas", "moodle", "hostile")), "--seed", "5"
    )
    return Ran(Path(values.pop("out")), **values)


def test_zips_are_graded_like_folders(zips):
    assert zips.code == 0, zips.said[-3000:]
    ids = {g["student"]["canvas_id"]: g for g in zips.graded() if g["student"]["canvas_id"]}
    for number, name in enumerate(ZIPPED):
        got = {m["exercise"]: m["status"] for m in ids[str(4000 + number)]["marks"]}
        assert got == CASES[name].statuses, name
    for name in PUT_INTO_MOODLE:
        assert {m["exercise"]: m["status"] for m in zips.of(name)["marks"]} == CASES[name].statuses
        assert zips.of(name)["student"]["moodle_id"]


def test_a_hostile_zip_harms_nobody(zips):
    good = zips.of("Good One")
    assert {m["exercise"]: m["status"] for m in good["marks"]} == CASES["Ada 01"].statuses
    for graded in zips.graded():
        name = graded["student"]["name"]
        if name.startswith(("Link", "Bomb")):
            assert "right" not in {m["status"] for m in graded["marks"]}
    assert not Path("/tmp/absolute_2_assignsubmission_file_").exists()
    assert {p.name for p in zips.out.parent.iterdir()} == {"home", "out"}
    assert zips.alive == []
