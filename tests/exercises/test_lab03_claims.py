"""Lab 03 beyond its own asserts: clues on other seeds, a run really killed, CelebA by one name."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import nbformat
import pytest
import torch

from labkit.exercises import find
from labkit.exercises.judging import findings
from labkit.exercises.lab03._small_run import small_run
from labkit.exercises.record import run_probe
from labkit_instructor.authoring import running
from tests.answers.lab03 import WRONG
from tests.real_data import real_file
from tests.solutions import ROOT, definitions

pytestmark = pytest.mark.portable

SOLUTION = ROOT / "solutions" / "03_training_loop.ipynb"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_wrong_step_is_recognised_on_other_seeds(seed):
    exercise = find("3.4")
    for clue, answer in WRONG["3.4"].items():
        record = run_probe(exercise, answer, seed)
        last = findings(exercise, record, seed)[-1]
        assert not last.ok, clue
        assert clue in f"{last.what} {last.got} {last.cause}", (clue, last)


def test_a_step_with_adam_moves_both_networks():
    """The check uses plain gradient descent, which shows every slip; the lab trains with Adam."""
    answers = definitions(SOLUTION)
    run = small_run(0)
    before = [p.detach().clone() for net in (run.G, run.D) for p in net.parameters()]
    answers["3.5"](run, 3, 1, answers["3.4"])
    after = [p for net in (run.G, run.D) for p in net.parameters()]
    assert not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert len(run.d_losses) == len(run.g_losses) == len(run.frames) == 3


CHILD = """
    import sys, time
    from pathlib import Path
    from labkit.exercises.lab03._small_run import small_run
    from tests.solutions import definitions

    answers, path = definitions(Path(sys.argv[1])), Path(sys.argv[2])
    run = small_run(0)
    for step in range(1, 1000):
        answers["3.5"](run, step, 2, answers["3.4"])
        answers["3.6"](path.with_suffix(".new")).save(run)
        path.with_suffix(".new").replace(path)
        time.sleep(0.02)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with SIGKILL")
def test_a_killed_process_goes_on_bit_for_bit(tmp_path):
    answers, path = definitions(SOLUTION), tmp_path / "run.pt"
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(SOLUTION), str(path)]
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        for _ in range(1200):
            if path.is_file() or child.poll() is not None:
                break
            time.sleep(0.1)
        time.sleep(0.3)
    finally:
        child.kill()
        child.wait()
    resumed = small_run(1, data_seed=0)
    answers["3.6"](path).load(resumed)
    killed_at = resumed.step
    answers["3.5"](resumed, killed_at + 4, 2, answers["3.4"])
    whole = small_run(0)
    answers["3.5"](whole, killed_at + 4, 2, answers["3.4"])
    for net in ("G", "D"):
        for name, value in getattr(whole, net).state_dict().items():
            assert torch.equal(value, getattr(resumed, net).state_dict()[name]), (killed_at, net, name)
    assert whole.d_losses == resumed.d_losses
    assert all(torch.equal(a, b) for a, b in zip(whole.frames, resumed.frames, strict=True))


@pytest.mark.slow
def test_the_lab_trains_on_celeba_by_changing_one_name():
    notebook = nbformat.read(SOLUTION, as_version=4)
    cells = [c for c in notebook.cells if c.source.startswith('dataset = "faces"')]
    assert len(cells) == 1
    cells[0].source = cells[0].source.replace('"faces"', repr(str(real_file("celeba64.zip"))), 1)
    ran = running.run(notebook, SOLUTION.parent, budget="smoke", go_on=True)
    assert running.errors(ran) == []
