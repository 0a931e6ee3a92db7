"""The report of a GPU: it grows part by part, and whatever happens to a part, what was done is readable."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from tests.solutions import ROOT

# Stand-ins for `gpu_parts`: one part that works, one that fails, one that hangs, one that works.
PARTS = """
import importlib.util, time
spec = importlib.util.spec_from_file_location("real_parts", {real!r})
real = importlib.util.module_from_spec(spec)
import sys; sys.modules["real_parts"] = real
spec.loader.exec_module(real)
Bench, Part = real.Bench, real.Part

def works(bench):
    bench.table("Speeds", [{{"what": "a | b", "images/s": 1234.5}}])
    bench.figure("ours.png", b"ours", "drawn", ours=True)
    bench.figure("theirs.png", b"theirs", "found", ours=False)

def fails(bench):
    bench.note("before the end", seen=1.5)
    raise ValueError("no such kernel")

def hangs(bench):
    import os
    bench.note("before the silence", process=os.getpid())
    time.sleep(600)

PARTS = {{"works": Part("It works", 1, works), "fails": Part("It fails", 1, fails),
    "hangs": Part("It hangs", 1, hangs), "last": Part("The last", 1, works)}}
"""


@pytest.fixture
def kit(tmp_path):
    """A checkout whose benchmark has those parts."""
    folder = tmp_path / "kit" / "benchmarks"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "benchmarks" / "gpu.py", folder)
    script = folder / "gpu.py"  # nobody waits a minute for the part that hangs
    script.write_text(script.read_text().replace('"cpu": 60', '"cpu": 6'))
    (folder / "gpu_parts.py").write_text(PARTS.format(real=str(ROOT / "benchmarks" / "gpu_parts.py")))
    return tmp_path / "kit"


def _command(kit, out, *more):
    return [sys.executable, str(kit / "benchmarks" / "gpu.py"), "--device", "cpu", "--out", str(out), *more]


def _environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def _run(kit, out, *more):
    return subprocess.run(
        _command(kit, out, *more), env=_environment(), capture_output=True, text=True, timeout=300
    )


def test_a_part_that_fails_or_hangs_leaves_the_others_standing(kit, tmp_path):
    done = _run(kit, tmp_path / "out", "--minutes", "0.05")
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    statuses = {name: part["status"] for name, part in report["parts"].items()}
    assert statuses == {"works": "done", "fails": "failed", "hangs": "stopped", "last": "done"}
    page = (tmp_path / "out" / "report.md").read_text()
    for said in ("| a \\| b | 1,234 |", "ValueError: no such kernel", "before the silence", "works-ours.png"):
        assert said in page
    assert report["parts"]["fails"]["numbers"] == {"seen": 1.5}
    assert (tmp_path / "out" / "last-ours.png").read_bytes() == b"ours"


def test_a_report_survives_the_machine(kit, tmp_path):
    out = tmp_path / "out"
    child = subprocess.Popen(
        _command(kit, out, "--minutes", "5"), env=_environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 120
        while not _has_begun(out / "hangs.json") and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    report = json.loads((out / "report.json").read_text())
    statuses = {name: part["status"] for name, part in report["parts"].items()}
    assert statuses == {"works": "done", "fails": "failed", "hangs": "running"}
    assert "ValueError" in (out / "report.md").read_text()
    part = json.loads((out / "hangs.json").read_text())["numbers"]["process"]
    end = time.monotonic() + 20
    while time.monotonic() < end and _lives(part):
        time.sleep(0.1)
    assert not _lives(part), "the part outlives what started it"
    assert not list(out.glob("*.part"))


def _has_begun(file) -> bool:
    return file.exists() and bool(json.loads(file.read_text())["numbers"])


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
        with open(f"/proc/{process}/stat") as stat:  # where nobody reaps it, it stays as a zombie
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # gone; or not Linux, where nothing more can be told
        return False


def test_only_the_kits_own_pictures_are_published(kit, tmp_path):
    _run(kit, tmp_path / "out", "--minutes", "0.3", "--parts", "works")
    done = _run(kit, tmp_path / "out", "--publish", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    page = (kit / "docs" / "gpu.md").read_text()
    assert "![drawn](gpu/works-ours.png)" in page and "theirs" not in page
    assert [path.name for path in (kit / "docs" / "gpu").iterdir()] == ["works-ours.png"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--parts", "speed"], "there is no part speed; there are works, fails, hangs, last"),
        (["--data", "nowhere.zip"], "there is nothing there"),
    ],
)
def test_a_wrong_word_is_named_before_anything_runs(kit, tmp_path, words, says):
    done = _run(kit, tmp_path / "out", *words)
    assert done.returncode == 2 and says in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_every_part_runs_at_toy_size(tmp_path):
    done = _run(ROOT, tmp_path, "--minutes", "3")  # time for a busy machine; none waits for it
    page = (tmp_path / "report.md").read_text()
    assert done.returncode == 0, page
    report = json.loads((tmp_path / "report.json").read_text())["parts"]
    assert list(report) == ["checks", "steps", "data", "smoothed", "recipes", "vae", "notebooks"]
    assert {part["status"] for part in report.values()} == {"done"}
    speeds = [row["images/s"] for row in report["steps"]["numbers"]["Training step"] if "images/s" in row]
    assert len(speeds) == 5 and min(speeds) > 0
    assert all(row["agrees"] for row in report["checks"]["numbers"]["Metrics on cpu against the CPU"])
    assert "resumed on the CPU" in page
    (notebook,) = report["notebooks"]["numbers"]["Solution notebooks"]
    assert notebook["outcome"] == "every cell ran" and notebook["code cells run"] > 10
    with Image.open(tmp_path / "smoothed-samples.png") as picture:
        assert picture.width > 100
