"""The cache on the disk: whole or not there, whatever goes wrong while it is written."""

import contextlib
import errno
import io
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
import torch
from tqdm import tqdm

import conftest
from labkit.data import DataError, cache, load
from tests.kit.data_helpers import jpegs, write_zip


def blocks(count: int = 3):
    for i in range(count):
        yield np.full((2, 3, 4, 4), i, np.uint8), {"number": np.full(2, i, np.int64)}


def test_what_was_written_is_read_back(tmp_path):
    cache.write(tmp_path / "entry", blocks(), {"name": "x"})
    images, factors, about = cache.read(tmp_path / "entry")
    assert images.shape == (6, 3, 4, 4) and images[:, 0, 0, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert factors["number"].tolist() == [0, 0, 1, 1, 2, 2] and about["name"] == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


@pytest.mark.parametrize("name", ["images.u8", "factors.npz", "about.json"])
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_damaged_entry_counts_as_absent_and_is_made_again(tmp_path, name, damage):
    folder = tmp_path / "entry"
    cache.write(folder, blocks(), {})
    if damage == "gone":
        (folder / name).unlink()
    else:
        os.truncate(folder / name, (folder / name).stat().st_size // 2)
    assert cache.read(folder) is None
    cache.write(folder, blocks(), {})
    assert cache.read(folder) is not None


def test_a_stopped_writer_leaves_nothing(tmp_path):
    def stopped():
        yield from blocks(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.write(tmp_path / "entry", stopped(), {})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache.os, "fsync", full)
    path = write_zip(tmp_path / "a.zip", jpegs(3))
    with pytest.raises(DataError, match="is full .*nothing was left half-written.*LABKIT_DATA") as caught:
        load(path, size=16, root=tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []
    monkeypatch.undo()
    assert len(load(path, size=16, root=tmp_path / "cache")) == 3


def test_too_little_room_is_said_before_the_work_starts(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: usage)
    never = (pytest.fail("the work started") for _ in range(1))
    with pytest.raises(DataError, match=r"is full \(5 MB are needed\)"):
        cache.write(tmp_path / "entry", never, {}, expected_bytes=5_000_000)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    path = write_zip(tmp_path / "a.zip", jpegs(3))
    with pytest.raises(DataError, match="cannot be written.*LABKIT_DATA"):
        load(path, size=16, root=tmp_path / "file")


@pytest.mark.skipif(sys.platform != "linux", reason="a small disk of our own needs Linux")
@pytest.mark.parametrize("foreseen", [True, False])
def test_on_a_disk_that_is_really_full(tmp_path, foreseen):
    code = f"""
        from labkit.data import DataError, cache, load
        if not {foreseen}:
            cache._check_free = lambda *_: None
        try:
            load("faces", size=64, count=250, root={str(tmp_path / "small" / "cache")!r})
        except DataError as error:
            print(error)
        import os
        print(sorted(os.listdir({str(tmp_path / "small" / "cache")!r})))
    """
    (tmp_path / "small").mkdir()
    (tmp_path / "run.py").write_text(textwrap.dedent(code))
    mount = f"mount -t tmpfs -o size=1m none '{tmp_path}/small'"
    inside = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*inside, mount], capture_output=True).returncode:
        pytest.skip("this system does not let us make a small disk")
    result = subprocess.run(
        [*inside, f"{mount} && exec '{sys.executable}' '{tmp_path}/run.py'"], capture_output=True, text=True
    )
    said, left = result.stdout.splitlines()
    assert "is full (3 MB are needed); nothing was left half-written" in said and left == "[]"


def test_a_bar_s_lock_that_was_left_locked_is_replaced_before_the_next_test():
    with contextlib.suppress(TypeError):
        tqdm(total="many", file=io.StringIO())  # raises while it holds the lock
    held = threading.Thread(target=lambda: free.append(tqdm.get_lock().acquire(timeout=0.2)))
    free = []
    held.start()
    held.join()
    conftest.pytest_runtest_setup()
    later = threading.Thread(target=lambda: free.append(tqdm.get_lock().acquire(timeout=5)))
    later.start()
    later.join()
    assert free == [False, True]
    conftest.pytest_runtest_setup()


def test_many_loaders_at_once_agree(tmp_path):
    path = write_zip(tmp_path / "a.zip", jpegs(100))
    results, start = [], threading.Barrier(6)

    def one():
        start.wait()
        results.append(load(path, size=16, root=tmp_path / "cache").images)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6 and all(torch.equal(images, results[0]) for images in results)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_what_a_killed_process_left_is_swept_a_day_later(tmp_path):
    old, young = tmp_path / ".entry.1-a.part", tmp_path / ".entry.2-b.part"
    old.mkdir()
    young.mkdir()
    yesterday = time.time() - 2 * 24 * 3600
    os.utime(old, (yesterday, yesterday))
    cache.write(tmp_path / "entry", blocks(), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, "entry"]
