"""MNIST from files that lie here, from mirrors that misbehave, or from its twin; and stacks of it."""

import errno
import gzip
import struct

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from labkit import cli
from labkit.data import DataError, load, mnist
from tests.kit.data_helpers import HTML, web_server, write_zip
from tests.real_data import real_file

SMALL = {mnist.TRAIN: (300, 28, 28), mnist.TEST: (50, 28, 28)}


def idx_files(part="train", count=None, seed=0):
    """A small part of an MNIST of our own: {name: raw bytes}."""
    random = np.random.default_rng(seed)
    shape = (count or SMALL[part][0], 28, 28)
    images = random.integers(0, 256, shape, np.uint8).tobytes()
    labels = (np.arange(shape[0]) % 10).astype(np.uint8).tobytes()
    return {
        f"{part}-images-idx3-ubyte": struct.pack(">4I", 2051, *shape) + images,
        f"{part}-labels-idx1-ubyte": struct.pack(">2I", 2049, shape[0]) + labels,
    }


def packed(files):
    return {f"{name}.gz": gzip.compress(data, 1) for name, data in files.items()}


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data folder for a small MNIST that is nowhere to be had."""
    monkeypatch.setenv("LABKIT_BUDGET", "smoke")
    monkeypatch.setattr(mnist, "_SHAPE", SMALL)
    monkeypatch.setattr(mnist, "_AT_LEAST", dict.fromkeys(mnist._AT_LEAST, 30))
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/",))
    return tmp_path / "data"


def pixels_of(files, part="train"):
    data = files[f"{part}-images-idx3-ubyte"]
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=16).copy()).reshape(-1, 1, 28, 28)


# Files that are here.


@pytest.mark.parametrize("pack", [packed, dict], ids=["gz", "raw"])
@pytest.mark.parametrize("place", ["MNIST/raw", "mnist", "mnist/raw"])
def test_files_are_found_where_torchvision_and_people_put_them(root, place, pack, capsys):
    files = idx_files()
    put(root / place, pack(files))
    loaded = load("mnist", root=root)
    assert loaded.name == "mnist" and torch.equal(loaded.images, pixels_of(files))
    assert loaded.images.dtype == torch.uint8 and loaded.factors["digit"].dtype == torch.int64
    assert loaded.factors["digit"].tolist() == [i % 10 for i in range(300)]
    assert "training images" in loaded.source and str(root) not in loaded.source
    assert capsys.readouterr().err == ""


def test_files_beside_the_cache_of_a_checkout_are_found(root):
    put(root / "mnist", packed(idx_files()))
    assert len(load("mnist", root=root / "cache")) == 300


def test_training_and_test_images_are_kept_apart(root):
    put(root / "mnist", packed(idx_files() | idx_files("t10k", seed=1)))
    test = load("mnist-test", root=root)
    assert test.name == "mnist-test" and torch.equal(
        test.images, pixels_of(idx_files("t10k", seed=1), "t10k")
    )
    assert len(load("mnist", root=root)) == 300
    assert "test images" in test.source


def test_count_takes_the_first_ones(root):
    put(root / "mnist", packed(idx_files()))
    loaded = load("mnist", count=7, root=root)
    assert torch.equal(loaded.images, pixels_of(idx_files())[:7]) and len(loaded.factors["digit"]) == 7
    assert "the first 7 of 300" in loaded.source


def test_other_sizes_are_resized(root):
    put(root / "mnist", packed(idx_files()))
    original = load("mnist", root=root).images.float()
    small, large = load("mnist", size=14, root=root).images, load("mnist", size=32, root=root).images
    assert small.shape == (300, 1, 14, 14) and large.shape == (300, 1, 32, 32)
    means = F.avg_pool2d(original, 2)
    assert torch.corrcoef(torch.stack([small.float().flatten(), means.flatten()]))[0, 1] > 0.9
    assert (large.float().mean() - original.mean()).abs() < 1.0
    with pytest.raises(DataError, match="size=1000: mnist can be had from 4 to 512 pixels"):
        load("mnist", size=1000, root=root)


def test_the_second_load_reads_no_file(root, monkeypatch):
    put(root / "mnist", packed(idx_files()))
    first = load("mnist", root=root).images
    monkeypatch.setattr(mnist, "read_pair", None)
    assert torch.equal(load("mnist", root=root).images, first)


def test_changed_files_are_read_again(root):
    put(root / "mnist", idx_files())
    before = load("mnist", root=root).images.clone()
    put(root / "mnist", packed(idx_files(seed=5)))
    for path in (root / "mnist").glob("*ubyte"):
        path.unlink()
    assert not torch.equal(load("mnist", root=root).images, before)


# A path.


def test_a_path_may_hold_idx_files(root, tmp_path):
    """Any set in that format, of any number and size of images."""
    folder = put(tmp_path / "kuzushiji", packed(idx_files(count=20) | idx_files("t10k", count=5)))
    loaded = load(folder, root=root)
    assert loaded.name == "kuzushiji" and loaded.images.shape == (20, 1, 28, 28)
    assert loaded.source == "from train-images-idx3-ubyte.gz in kuzushiji"
    test = load(folder / "t10k-images-idx3-ubyte.gz", root=root)
    assert test.name == "t10k" and len(test) == 5
    assert len(load(put(tmp_path / "x" / "MNIST" / "raw", idx_files()).parents[1], root=root)) == 300


def damaged_files():
    files, zipped = idx_files(), packed(idx_files())
    images, labels = files
    return {
        "is damaged or cut off": {**zipped, f"{images}.gz": zipped[f"{images}.gz"][:-100]},
        "is no IDX file of images": {**files, images: b"\0\0\0\0" + files[images][4:]},
        "no IDX file of labels": {**files, labels: b"x"},
        r"should hold 300x28x28 bytes, it holds 235,\d+": {**files, images: files[images][:-3]},
        "is a web page: the site sent a message": {**zipped, f"{labels}.gz": HTML},
        "is damaged": {**zipped, f"{labels}.gz": b"x" * 100},
        "should hold 300x28x28 bytes, it holds more": packed({**files, images: files[images] + bytes(10)}),
        "says that it holds 60000x28x28000 bytes: too many": {
            **files, images: struct.pack(">4I", 2051, 60_000, 28, 28_000)
        },
        "300 images, train-labels-idx1-ubyte 20 labels: they do not belong together": {
            **files, labels: idx_files(count=20)[labels]
        },
    }  # fmt: skip


@pytest.mark.parametrize("match", list(damaged_files()))
def test_damaged_files_are_named_in_one_line(root, tmp_path, match):
    folder = put(tmp_path / "own", damaged_files()[match])
    with pytest.raises(DataError, match=match) as caught:
        load(folder, root=root)
    assert "\n" not in str(caught.value) and "Get the file again" in str(caught.value)
    assert not root.exists() or not list(root.iterdir())


def test_labels_beyond_ten_classes_are_refused_with_what_to_do(root, tmp_path):
    files = idx_files(count=20)
    labels = "train-labels-idx1-ubyte"
    files[labels] = files[labels][:8] + b"\xff" * 20
    with pytest.raises(DataError, match=r"labels up to 255; .* 0 to 9\. Take those images alone"):
        load(put(tmp_path / "own", files), root=root)


def test_a_folder_around_each_file_as_kaggle_packs_them(root, tmp_path):
    for name, data in idx_files(count=20).items():
        put(tmp_path / "archive" / name, {name: data})
    assert len(load(tmp_path / "archive", root=root)) == 20
    images = "train-images-idx3-ubyte"
    assert len(load(tmp_path / "archive" / images / images, root=root)) == 20


@pytest.mark.parametrize("what", ["folder", "file", "zip"])
def test_images_without_their_labels_are_explained(root, tmp_path, what):
    name = "train-images-idx3-ubyte"
    folder = put(tmp_path / "own", {name: idx_files(count=20)[name]})
    given = {"folder": folder, "file": folder / name, "zip": write_zip(tmp_path / "a.zip", {name: b"x"})}[
        what
    ]
    with pytest.raises(DataError, match="of MNIST's kind"):
        load(given, root=root)


# The mirrors.


def test_a_download_is_kept_under_the_usual_names(root, monkeypatch):
    files = idx_files()
    with web_server({f"/{name}": data for name, data in packed(files).items()}) as (address, asked):
        monkeypatch.setattr(mnist, "MIRRORS", (f"{address}/",))
        assert torch.equal(load("mnist", root=root).images, pixels_of(files))
        assert torch.equal(load("mnist", root=root).images, pixels_of(files))
    assert asked == [f"/{name}" for name in packed(files)]
    assert sorted(path.name for path in (root / "mnist").iterdir()) == sorted(packed(files))


def test_bad_mirrors_are_passed_and_leave_nothing(root, monkeypatch, capsys):
    files = packed(idx_files())
    images, labels = files
    other = packed(idx_files(count=20))
    answers = {
        f"/page/{images}": HTML,
        f"/cut/{images}": (files[images][:-50], len(files[images])),
        f"/spoilt/{images}": files[images][:-50] + bytes(50),
        f"/spoilt/{labels}": files[labels],
        **{f"/other/{name}": data for name, data in other.items()},
        **{f"/good/{name}": data for name, data in files.items()},
    }
    with web_server(answers) as (address, asked):
        kinds = ("gone", "page", "cut", "spoilt", "other", "good")
        monkeypatch.setattr(mnist, "MIRRORS", tuple(f"{address}/{kind}/" for kind in kinds))
        assert len(load("mnist", root=root)) == 300
        assert [path.split("/")[1] for path in asked] == [
            *kinds[:3],
            "spoilt",
            "spoilt",
            "other",
            "other",
            "good",
            "good",
        ]
        assert sorted(path.name for path in (root / "mnist").iterdir()) == sorted(files)
        capsys.readouterr()

        monkeypatch.setattr(mnist, "MIRRORS", tuple(f"{address}/{kind}/" for kind in kinds[:-1]))
        assert load("mnist", root=root / "second").name == "digits"
        said = capsys.readouterr().err
        for kind, reason in zip(
            kinds,
            ("answered 404", "a web page", "connection broke", "damaged or cut off", "is not MNIST's"),
            strict=False,
        ):
            assert any(f"{address}/{kind}/" in line and reason in line for line in said.splitlines()), kind
    assert not (root / "second" / "mnist").exists()


def test_a_users_damaged_file_is_named_and_replaced_by_a_good_download(root, monkeypatch, capsys):
    files = packed(idx_files())
    folder = put(root / "mnist", {**files, list(files)[0]: b"\x1f\x8b and rubbish"})
    assert load("mnist", root=root).name == "digits"
    assert "train-images-idx3-ubyte.gz is damaged" in capsys.readouterr().err
    assert (folder / list(files)[0]).read_bytes() == b"\x1f\x8b and rubbish"  # not ours to delete
    with web_server({f"/{name}": data for name, data in files.items()}) as (address, _):
        monkeypatch.setattr(mnist, "MIRRORS", (f"{address}/",))
        assert load("mnist", root=root).name == "mnist"


def test_without_any_source_the_twin_comes_with_one_warning(root, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/a/", "http://127.0.0.1:9/b/"))
    for name, twin in (("mnist", "digits"), ("mnist-test", "digits-test"), ("stacked-mnist", "stacked")):
        loaded = load(name, count=30, root=root)
        assert loaded.name == twin and len(loaded) == 30
        said = capsys.readouterr().err
        assert said.count("Using the drawn digits instead") == 1
        assert "127.0.0.1:9/b/" not in said  # a host that does not answer is not asked twice
        part = "t10k" if "test" in name else "train"
        assert f"By hand: get {part}-images-idx3-ubyte.gz" in said


def test_a_full_disk_during_a_download(root, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setattr(mnist, "fetch", full)
    with pytest.raises(DataError, match="is full; nothing was left.*LABKIT_DATA"):
        load("mnist", root=root)


# Stacks.


def test_stacks_name_their_mode(root):
    put(root / "mnist", packed(idx_files()))
    for name in ("stacked", "stacked-mnist"):
        loaded = load(name, count=50, seed=3, root=root)
        each = torch.stack([loaded.factors[f"digit_{k}"] for k in range(3)], dim=1)
        assert loaded.images.shape == (50, 3, 28, 28) and loaded.name == name
        assert torch.equal((each * torch.tensor([100, 10, 1])).sum(dim=1), loaded.factors["mode"])
        again = load(name, count=50, seed=3, root=root)
        assert torch.equal(again.images, loaded.images)
        assert torch.equal(load(name, count=20, seed=3, root=root).images, loaded.images[:20])
        assert not torch.equal(load(name, count=50, seed=4, root=root).images, loaded.images)


def test_every_channel_of_a_stack_is_a_digit_of_the_set(root):
    put(root / "mnist", packed(idx_files()))
    digits, stacks = load("mnist", root=root), load("stacked-mnist", count=40, root=root)
    gaps = torch.cdist(stacks.images.reshape(120, -1).double(), digits.images.flatten(1).double())
    nearest = gaps.argmin(dim=1)
    assert torch.equal(digits.images[nearest].reshape(40, 3, 28, 28), stacks.images)
    assert torch.equal(digits.factors["digit"][nearest].reshape(40, 3)[:, 1], stacks.factors["digit_1"])


# The command.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["digits"], "digits: 30 images of 1x28x28, drawn by the kit, seed 0"),
        (
            ["mnist", "--size", "32"],
            "mnist: 30 images of 1x32x32, training images from mnist, the first 30 of 300",
        ),
        (["stacked"], "stacked: 30 images of 3x28x28"),
        (["stacked-mnist"], "stacked-mnist: 30 images of 3x28x28, stacked from 300 digits, seed 0"),
    ],
)
def test_the_command_says_what_it_made(root, monkeypatch, capsys, arguments, said):
    monkeypatch.setenv("LABKIT_DATA", str(root))
    put(root / "mnist", packed(idx_files()))
    assert cli.main(["data", *arguments, "--count", "30"]) == 0
    assert capsys.readouterr().out.startswith(said)


# Real data.


def test_the_real_files(tmp_path):
    folder = real_file("mnist/train-images-idx3-ubyte.gz").parent
    root = tmp_path / "data"
    root.mkdir()
    (root / "mnist").symlink_to(folder)
    everything = load("mnist", count=60_000, root=root)
    assert everything.images.shape == (60_000, 1, 28, 28)
    assert everything.factors["digit"][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert round(everything.images.float().mean().item() / 255, 4) == 0.1307  # as everybody normalises it
    assert load("mnist-test", count=10_000, root=root).factors["digit"][:5].tolist() == [7, 2, 1, 0, 4]
    stacks = load("stacked-mnist", count=20_000, root=root)
    assert len(stacks.factors["mode"].unique()) == 1_000
    assert torch.equal(load(folder, count=5, root=root).images, everything.images[:5])
