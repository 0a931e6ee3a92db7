"""CelebA's download chain, against a web server of our own that misbehaves as the real ones do."""

import errno
import socket
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from labkit.data import DataError, celeba, load
from labkit.data.downloads import DownloadError, Expected, fetch
from tests.kit.data_helpers import HTML, jpegs, web_server, write_folder, write_zip

GOOD = (Path(__file__).parent / "files" / "twelve_faces.parquet").read_bytes()
ZIP = Expected(at_least=100, starts=b"PK")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def sources(monkeypatch):
    """Point the chain at a server: two copies of small files, and no Google Drive."""

    def use(address: str, numbers=(0, 1, 2)):
        small = celeba.ParquetSource(
            "celeba-one", address + "/one/{number}", numbers, images=10, megabytes=0.001
        )
        two = replace(small, folder="celeba-two", address=address + "/two/{number}")
        monkeypatch.setattr(celeba, "SOURCES", (small, two))
        monkeypatch.setattr(celeba, "answers", lambda _: False)

    return use


# One file.


def test_a_good_download_is_kept_and_not_fetched_twice(tmp_path):
    data = write_zip(tmp_path / "good.zip", jpegs(3)).read_bytes()
    with web_server({"/a.zip": data}) as (address, asked):
        for _ in range(2):
            assert fetch(f"{address}/a.zip", tmp_path / "in" / "a.zip", ZIP).read_bytes() == data
    assert asked == ["/a.zip"]


def test_bad_downloads_are_named_and_deleted(tmp_path):
    data = write_zip(tmp_path / "good.zip", jpegs(3)).read_bytes()
    answers = {
        "/page": HTML,
        "/cut": (data[:-50], len(data)),
        "/short": data[:20],
        "/other": b"x" * 500,
    }
    cases = {
        "/page": "web page instead of the file",
        "/cut": "broke after",
        "/short": "should have at least 100",
        "/other": "first or last bytes are wrong",
        "/missing": "the server answered 404",
    }
    with web_server(answers) as (address, _):
        for path, reason in cases.items():
            with pytest.raises(DownloadError, match=reason) as caught:
                fetch(address + path, tmp_path / "in" / "a.zip", ZIP)
            assert caught.value.address == address + path and not caught.value.final
            assert list((tmp_path / "in").iterdir()) == []


def test_a_bad_file_from_earlier_is_replaced(tmp_path):
    data = write_zip(tmp_path / "good.zip", jpegs(3)).read_bytes()
    (tmp_path / "a.zip").write_bytes(HTML)
    with web_server({"/a.zip": data}) as (address, _):
        assert fetch(f"{address}/a.zip", tmp_path / "a.zip", ZIP).read_bytes() == data


def test_nobody_answers(tmp_path):
    with web_server({}) as (address, _):
        pass  # the server is gone again
    for gone in (address, "http://name.invalid/a.zip"):
        with pytest.raises(DownloadError) as caught:
            fetch(gone, tmp_path / "a.zip", ZIP)
        assert caught.value.final and not (tmp_path / "a.zip").exists()


def test_a_server_that_never_answers_is_left_soon(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.data.downloads.TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a.zip"
        started = time.perf_counter()
        with pytest.raises(DownloadError, match="no answer in 0.3 seconds") as caught:
            fetch(address, tmp_path / "a.zip", ZIP)
        assert time.perf_counter() - started < 2 and caught.value.final


# The chain.


@pytest.mark.parametrize("name", ["celeba.zip", "img_align_celeba.zip", "img_align_celeba", "celeba"])
def test_your_own_copy_is_found_and_nothing_is_fetched(root, sources, name):
    files = {f"img_align_celeba/{file}": data for file, data in jpegs(6).items()}
    (write_zip if name.endswith(".zip") else write_folder)(root / name, files)
    with web_server({}) as (address, asked):
        sources(address)
        loaded = load("celeba", size=16, count=4, root=root)
    assert loaded.name == "celeba" and len(loaded) == 4 and name in loaded.source
    assert asked == []


def test_your_own_copy_beside_the_cache_of_a_checkout(tmp_path):
    write_zip(tmp_path / "data" / "celeba.zip", jpegs(6))
    assert celeba.own_copy(tmp_path / "data" / "cache") == tmp_path / "data" / "celeba.zip"


def test_only_as_many_parts_as_needed_are_fetched_and_only_once(root, sources):
    with web_server({f"/one/{number}": GOOD for number in range(3)}) as (address, asked):
        sources(address)
        first = load("celeba", size=16, count=20, root=root)
        second = load("celeba", size=16, count=20, root=root)
    assert len(first) == 20 and first.name == "celeba" and torch.equal(first.images, second.images)
    assert asked == ["/one/0", "/one/1"]
    assert sorted(path.name for path in (root / "celeba-one").iterdir()) == ["00000.zip", "00001.zip"]
    assert len(zipfile.ZipFile(root / "celeba-one" / "00000.zip").namelist()) == 12


def test_a_damaged_part_is_passed_over(root, sources, capsys):
    damaged = GOOD[:1000] + bytes(1000) + GOOD[2000:]
    with web_server({"/one/0": GOOD, "/one/1": damaged, "/one/2": GOOD}) as (address, asked):
        sources(address)
        assert len(load("celeba", size=16, count=20, root=root)) == 20
    assert asked == ["/one/0", "/one/1", "/one/2"]
    assert f"Passed over {address}/one/1" in capsys.readouterr().err
    assert sorted(path.name for path in (root / "celeba-one").iterdir()) == ["00000.zip", "00002.zip"]


def test_the_second_source_is_tried_when_the_first_sends_a_page(root, sources):
    with web_server({"/one/0": HTML, "/two/0": GOOD}) as (address, asked):
        sources(address)
        loaded = load("celeba", size=16, count=10, root=root)
    assert loaded.name == "celeba" and "celeba-two" in loaded.source
    assert asked == ["/one/0", "/two/0"]


def test_what_arrived_before_the_network_went_is_used(root, sources, capsys):
    with web_server({"/one/0": GOOD}) as (address, _):
        sources(address)
        assert len(load("celeba", size=16, count=30, root=root)) == 12
    assert "Only 1 of 3 parts of CelebA arrived" in capsys.readouterr().err


def test_when_every_source_fails_the_twin_comes_with_one_plain_warning(root, sources, capsys):
    with web_server({"/one/0": HTML, "/two/0": (GOOD[:500], len(GOOD))}) as (address, _):
        sources(address)
        loaded = load("celeba", size=16, count=10, root=root)
    twin = load("faces", size=16, count=10, root=root)
    assert loaded.name == "faces" and torch.equal(loaded.images, twin.images) and loaded.factors
    said = capsys.readouterr().err
    for reason in (
        f"{address}/one/0: the site sent a web page",
        f"{address}/two/0: the connection broke",
        "drive.google",
    ):
        assert reason in said
    assert said.count("By hand: get img_align_celeba.zip from") == 1
    assert said.count("Using the drawn faces instead") == 1 and "Traceback" not in said


def test_a_host_that_does_not_answer_is_asked_once(root, sources, capsys):
    with web_server({}) as (address, _):
        pass  # gone again
    sources(address)
    assert load("celeba", size=16, count=10, root=root).name == "faces"
    said = capsys.readouterr().err
    assert f"{address}/one/0: no connection" in said and f"{address}/two" not in said


def test_without_pyarrow_one_line_says_what_to_install(root, sources, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with web_server({"/one/0": GOOD, "/two/0": GOOD}) as (address, asked):
        sources(address)
        assert load("celeba", size=16, count=10, root=root).name == "faces"
    said = capsys.readouterr().err
    assert said.count("pip install pyarrow") == 1 and f"{address}/one/0: it is a Parquet file" in said
    assert asked == []


def test_parts_that_are_there_need_no_pyarrow(root, sources, monkeypatch):
    with web_server({"/one/0": GOOD}) as (address, _):
        sources(address)
        load("celeba", size=16, count=10, root=root)
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        assert load("celeba", size=16, count=10, root=root).name == "celeba"


def test_the_published_sources_are_pinned_and_checked():
    for source in celeba.SOURCES:
        assert source.address.format(number=3).startswith("https://huggingface.co/datasets/")
        revision = source.address.split("/resolve/")[1].split("/")[0]
        assert len(revision) == 40 and set(revision) <= set("0123456789abcdef")
        assert source.images * len(source.numbers) >= 60_000, "the budget gpu asks for so many"


def test_torchvision_still_knows_where_celeba_lies():
    from torchvision.datasets import CelebA
    from torchvision.datasets.utils import download_file_from_google_drive

    identity, md5, name = CelebA.file_list[0]
    assert name == "img_align_celeba.zip" and len(md5) == 32 and identity
    assert callable(download_file_from_google_drive)


def test_torchvision_download_that_fails_is_one_line(root, monkeypatch):
    def refuse(*_):
        raise RuntimeError("quota\nwith many\nlines")

    monkeypatch.setattr("torchvision.datasets.utils.download_file_from_google_drive", refuse)
    monkeypatch.setattr(celeba, "answers", lambda _: True)
    with pytest.raises(DownloadError, match="quota$"):
        celeba.from_torchvision(root)


def test_a_disk_that_fills_up_during_a_download(root, sources, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("labkit.data.cache.os.fsync", full)
    with web_server({"/one/0": GOOD}) as (address, _):
        sources(address)
        with pytest.raises(DataError, match="is full; nothing was left half-written"):
            load("celeba", size=16, count=10, root=root)
    assert [path for path in root.rglob("*") if path.is_file()] == []
