"""The logbook: what is written comes back, and going back in time leaves no trace of the future."""

import csv
import time

import numpy as np
import pytest
import torch

from labkit.logbook import Logbook, LogbookError, is_ours, read


def _rows(folder):
    with open(folder / "metrics.csv", newline="") as handle:
        return list(csv.DictReader(handle))


def test_in_memory():
    log = Logbook()
    log.scalars(1, {"loss/d": 2.0, "loss/g": 1.0})
    log.scalars(2, {"loss/d": torch.tensor(1.5)})
    log.image(1, "samples", torch.zeros(3, 2, 2, dtype=torch.uint8))
    log.histogram(1, "weights", torch.randn(5))
    steps, values = log.column("loss/d")
    assert steps.tolist() == [1, 2]
    assert values.tolist() == [2.0, 1.5]
    assert log.tags == ["loss/d", "loss/g"]
    with pytest.raises(LogbookError, match="loss/d, loss/g"):
        log.column("loss/x")


def test_the_disk_holds_the_same(tmp_path):
    with Logbook(tmp_path) as log:
        for step in range(5):
            log.scalars(step, {"loss/d": step / 3, "accuracy/d": 0.5})
        log.scalars(7, {"late": 1.0})
        log.image(3, "samples/fixed_z", torch.zeros(3, 4, 4, dtype=torch.uint8))
        log.image(4, "samples/fixed_z", np.zeros((3, 4, 4), dtype=np.uint8))
        log.histogram(3, "weights", torch.randn(10))
        log.histogram(4, "weights", np.zeros(10))
    columns = read(tmp_path)
    assert set(columns) == {"loss/d", "accuracy/d", "late"}
    assert columns["loss/d"][0].tolist() == [0, 1, 2, 3, 4]
    assert np.allclose(columns["loss/d"][1], np.arange(5) / 3)
    rows = _rows(tmp_path)
    assert [row["step"] for row in rows] == ["0", "1", "2", "3", "4", "7"]
    assert float(rows[1]["loss/d"]) == 1 / 3
    assert rows[1]["late"] == ""


def test_going_back_cuts_the_future_off(tmp_path):
    log = Logbook(tmp_path)
    log.scalars(1, {"loss/d": 1.0})
    state = log.state_dict()
    log.scalars(2, {"loss/d": 99.0, "only/later": 1.0})
    log.close()
    for path in tmp_path.glob("events*"):
        with open(path, "ab") as handle:
            handle.write(b"torn")  # killed while it wrote
    (tmp_path / "events.out.tfevents.9999999999.host.1.0.labkit").write_bytes(b"written after the checkpoint")
    stranger = tmp_path / "events.out.tfevents.1.host.1.0"
    stranger.write_bytes(b"")

    log = Logbook(tmp_path, keep=True)
    log.load_state_dict(state)
    log.scalars(2, {"loss/d": 2.0})
    log.close()
    stranger.unlink()  # was left alone
    columns = read(tmp_path)
    assert columns["loss/d"][0].tolist() == [1, 2]
    assert columns["loss/d"][1].tolist() == [1.0, 2.0]
    assert "only/later" not in columns
    assert [row["loss/d"] for row in _rows(tmp_path)] == ["1.0", "2.0"]
    assert log.column("loss/d")[1].tolist() == [1.0, 2.0]


def test_files_of_one_second_are_read_in_their_order(tmp_path, monkeypatch):
    """Their names differ in the process only, and as text 10000 comes before 9999."""
    state = None
    for step, process in enumerate((9999, 10000)):
        monkeypatch.setattr("os.getpid", lambda process=process: process)
        log = Logbook(tmp_path, keep=True)
        if state:
            log.load_state_dict(state)
        log.scalars(step, {"loss/d": float(step)})
        state = log.state_dict()
        log.close()
    assert read(tmp_path)["loss/d"][0].tolist() == [0, 1]


def test_a_file_from_a_clock_far_ahead_is_not_waited_for(tmp_path):
    ahead = int(time.time()) + 1000
    (tmp_path / f"events.out.tfevents.{ahead}.host.1.0.labkit").write_bytes(b"")
    start = time.monotonic()
    with Logbook(tmp_path, keep=True) as log:
        log.scalars(1, {"loss/d": 1.0})
    assert time.monotonic() - start < 60


def test_a_new_logbook_starts_a_clean_curve_and_touches_nothing_else(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for value in (1.0, 2.0):
        with Logbook(tmp_path) as log:
            log.scalars(1, {"loss/d": value})
    assert read(tmp_path)["loss/d"][1].tolist() == [2.0]
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not is_ours(tmp_path / "notes.txt")
    assert all(is_ours(path) for path in tmp_path.iterdir() if path.name != "notes.txt")


def test_the_state_is_plain_data(tmp_path):
    log = Logbook(tmp_path)
    log.scalars(1, {"loss/d": 1.0})
    torch.save(log.state_dict(), tmp_path / "state.pt")
    assert torch.load(tmp_path / "state.pt", weights_only=True)["columns"]["loss/d"][1].item() == 1.0


def test_nothing_to_read_is_said(tmp_path):
    with pytest.raises(LogbookError, match="no TensorBoard event files"):
        read(tmp_path)
