"""Two kinds of images: by name, from the published layout, from two folders, and everything that is wrong."""

import io
import zipfile

import pytest
import torch
from PIL import Image

from labkit.data import DataError, PairBatches, load_pair, monet2photo
from labkit.data.parquet import ParquetError

SIDES = ("trainA", "trainB", "testA", "testB")


@pytest.fixture(autouse=True)
def _places(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("LABKIT_BUDGET", "smoke")


def _png(size=(20, 24), grey=0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (grey, grey, grey)).save(file, "PNG")
    return file.getvalue()


def _folder(place, counts, inside="", size=(20, 24)):
    for side, count in counts.items():
        folder = place / inside / side
        folder.mkdir(parents=True)
        for i in range(count):
            (folder / f"{i:03d}.png").write_bytes(_png(size, 10 * i + 100 * side.endswith("B")))
    return place


def _zip(place, counts, inside="monet2photo/"):
    with zipfile.ZipFile(place, "w") as archive:
        for side, count in counts.items():
            for i in range(count):
                archive.writestr(f"{inside}{side}/{i:03d}.png", _png(grey=10 * i + 100 * side.endswith("B")))
    return place


@pytest.mark.parametrize("kind", ["folder", "nested folder", "zip", "capitals"])
def test_the_published_layout(kind, tmp_path):
    counts = dict(zip(SIDES, (3, 4, 2, 5), strict=True))
    if kind == "zip":
        place = _zip(tmp_path / "mine.zip", counts)
    elif kind == "capitals":
        place = _folder(tmp_path / "mine", {side.upper(): n for side, n in counts.items()})
    else:
        place = _folder(tmp_path / "mine", counts, "deep/down" if kind == "nested folder" else "")
    pair = load_pair(place, size=16)
    assert pair.name == "mine" and not pair.truly_paired
    assert [len(part) for part in (pair.a, pair.b, pair.test_a, pair.test_b)] == [3, 4, 2, 5]
    assert pair.a.images[0].max() == 0 and pair.b.images[0].min() == 100
    assert repr(pair).startswith("<mine: A 3 and B 4 images of 3x16x16, 2 and 5 to test on")
    few = load_pair(place, size=16, count=2)
    assert (len(few.a), len(few.b), len(few.test_b)) == (2, 2, 5)


def test_without_test_folders_a_tenth_is_held_out(tmp_path, capsys):
    pair = load_pair(_folder(tmp_path / "mine", {"trainA": 20, "trainB": 5}), size=16)
    assert [len(part) for part in (pair.a, pair.test_a, pair.b, pair.test_b)] == [18, 2, 4, 1]
    said = capsys.readouterr().err
    assert "trainA" in said and "the last 2 of 20 are held out" in said


def test_two_places(tmp_path):
    a = _folder(tmp_path, {"monets": 4}) / "monets"
    b = _zip(tmp_path / "photos.zip", {"any": 6})
    pair = load_pair(a, b, size=16)
    assert pair.name == "monets-photos" and (len(pair.a), len(pair.b)) == (3, 5)


@pytest.mark.parametrize(
    "counts, message",
    [
        ({"trainA": 3}, "no pictures in a folder trainB"),
        ({"trainB": 3, "testA": 2, "testB": 2}, "no pictures in a folder trainA"),
        ({"trainA": 3, "trainB": 0}, "no pictures in a folder trainB"),
        ({"cats": 3, "dogs": 3}, "give both: load_pair"),
        ({"trainA": 1, "trainB": 3}, "trainA has one image"),
        ({"trainA": 3, "trainB": 1, "testA": 1, "testB": 1}, "trainB has one image"),
    ],
)
def test_a_layout_that_cannot_be_used(counts, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        load_pair(_folder(tmp_path / "mine", counts), size=16)
    assert "\n" not in str(caught.value)


def test_images_smaller_than_asked_for_name_their_side(tmp_path):
    place = _folder(tmp_path / "mine", {"trainA": 3, "testA": 1, "testB": 1}, size=(40, 40))
    _folder(place, {"trainB": 3}, size=(20, 24))
    with pytest.raises(DataError, match="trainB are too small: 20x24 at most, size=32"):
        load_pair(place, size=32)
    assert load_pair(place, size=20).b.images.shape == (3, 3, 20, 20)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("no-such-pair",), "There is no pair called 'no-such-pair': use paintings"),
        (("no/such/folder",), "does not exist"),
    ],
)
def test_a_name_that_means_nothing(arguments, message):
    with pytest.raises(DataError, match=message):
        load_pair(*arguments)


def test_two_sides_of_links_and_one_side_given_twice(tmp_path):
    place = _folder(tmp_path / "disk", {"trainA": 4, "trainB": 3})
    (tmp_path / "mine").mkdir()
    for side in ("trainA", "trainB"):
        (tmp_path / "mine" / side).symlink_to(place / side)
    pair = load_pair(tmp_path / "mine", size=16)
    assert len(pair.a) + len(pair.test_a) == 4 and len(pair.b) + len(pair.test_b) == 3
    with pytest.raises(DataError, match="given for both sides"):
        load_pair(place / "trainA", tmp_path / "mine" / "trainA", size=16)


def test_impossible_numbers():
    for wrong in ({"size": 0}, {"count": 0}):
        with pytest.raises(DataError):
            load_pair("paintings", **wrong)
    with pytest.raises(DataError, match="32 pixels"):
        load_pair("recoloured-digits", size=64)


def test_the_twin_trains_on_other_scenes_and_is_tested_on_true_pairs():
    pair = load_pair("paintings", size=16, count=40)
    assert pair.truly_paired and len(pair.test_a) == len(pair.test_b)
    for name, values in pair.test_a.factors.items():
        assert torch.equal(values, pair.test_b.factors[name]), name
    horizons = [s.factors["horizon"].tolist() for s in (pair.a, pair.b, pair.test_a)]
    assert not set(horizons[0]) & set(horizons[1]) and not set(horizons[2]) & {*horizons[0], *horizons[1]}
    assert not torch.equal(pair.test_a.images, pair.test_b.images)


def test_recoloured_digits():
    pair = load_pair("recoloured-digits", count=30)
    assert pair.a.images.shape == pair.b.images.shape == (30, 3, 32, 32)
    assert torch.equal(pair.test_a.factors["digit"], pair.test_b.factors["digit"])
    ink = pair.test_a.images[:, 0].float() / 255
    paper, pen = (pair.test_b.images[0, :, 0, 0].float(), torch.tensor([215.0, 150.0, 80.0]))
    drawn = paper[None, :, None, None] + (pen - paper)[None, :, None, None] * ink[:, None]
    assert (pair.test_b.images.float() - drawn).abs().max() <= 0.5
    hands = [set(part.factors["hand"].tolist()) for part in (pair.a, pair.b, pair.test_a)]
    assert not hands[0] & hands[1] and not hands[0] & hands[2]


def test_batches_of_both_go_on_where_they_were():
    pair = load_pair("recoloured-digits", count=30)
    batches, other = (PairBatches(pair, 4, seed=seed) for seed in (1, 2))
    for _ in range(9):
        a, b = next(batches)
    assert a.shape == b.shape == (4, 3, 32, 32) and a.min() >= -1 and b.max() <= 1
    other.load_state_dict(batches.state_dict())
    for mine, theirs in zip(next(batches), next(other), strict=True):
        assert torch.equal(mine, theirs)


# ---- monet2photo ----------------------------------------------------------------------------------------


def test_one_s_own_copy_is_found_by_its_name(tmp_path):
    _zip(tmp_path / "monet2photo128.zip", dict.fromkeys(SIDES, 3), "monet2photo128/")
    pair = load_pair("monet2photo", size=16, root=tmp_path)
    assert pair.name == "monet2photo" and len(pair.a) == 3


def test_without_a_network_the_twin_comes_with_a_plain_warning(tmp_path, monkeypatch, capsys):
    def no_answer(address, *_, **__):
        raise monet2photo.DownloadError(address, "no answer", final=True)

    monkeypatch.setattr(monet2photo, "fetch", no_answer)
    pair = load_pair("monet2photo", size=16, count=4, root=tmp_path)
    said = capsys.readouterr().err
    assert pair.name == "paintings" and pair.truly_paired
    assert monet2photo.BERKELEY in said and "By hand" in said and "twin of monet2photo" in said


def _shard(path, count):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is an extra of the kit")
    from pyarrow import parquet

    images = [{"bytes": b"\xff\xd8 picture %d" % i, "path": None} for i in range(count)]
    parquet.write_table(pyarrow.table({"imageA": images, "imageB": images}), path)
    return path


def test_parquet_files_become_the_published_layout(tmp_path):
    shards = {part: _shard(tmp_path / f"{part}.parquet", 3) for part in ("train", "test")}
    target = tmp_path / "monet2photo.zip"
    monet2photo.repack(shards, target, at_least=3)
    names = zipfile.ZipFile(target).namelist()
    assert len(names) == 12 and "monet2photo/trainA/00000.jpg" in names
    target.unlink()
    with pytest.raises(ParquetError, match="too few"):
        monet2photo.repack(shards, target, at_least=4)
    assert not target.exists()
