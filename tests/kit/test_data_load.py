"""Folders and zips of pictures: what is loaded, in which order, and what is said about bad ones."""

import io
import os
import time
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from labkit.data import DataError, load
from tests.kit.data_helpers import HTML, encoded, jpegs, picture, write_folder, write_zip
from tests.real_data import real_file


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cache"


def test_a_folder_becomes_one_uint8_tensor_in_the_order_of_names(tmp_path, root):
    files = {f"{name}.png": encoded(picture(i), "PNG") for i, name in enumerate("cab")}
    loaded = load(write_folder(tmp_path / "pictures", files), size=16, root=root)
    assert loaded.images.dtype == torch.uint8 and loaded.images.shape == (3, 3, 16, 16)
    assert loaded.name == "pictures" and loaded.factors == {}
    for image, seed in zip(loaded.images, (1, 2, 0), strict=True):  # a, b, c
        assert np.array_equal(image.permute(1, 2, 0).numpy(), np.asarray(picture(seed)))


def test_folder_and_zip_give_the_same_images(tmp_path, root):
    files = {f"deep/er/{name}": data for name, data in jpegs(5).items()}
    folder = load(write_folder(tmp_path / "a", files), size=16, root=root)
    zipped = load(write_zip(tmp_path / "b.zip", files), size=16, root=root)
    assert torch.equal(folder.images, zipped.images)


@pytest.mark.parametrize("shape", [(178, 218), (218, 178), (131, 97), (64, 64), (640, 480)])
def test_pixels_equal_resize_and_center_crop_of_torchvision(tmp_path, root, shape):
    data = encoded(picture(3, shape), "PNG")
    loaded = load(write_folder(tmp_path / "a", {"x.png": data}), size=64, root=root)
    published = transforms.Compose(
        [transforms.Resize(64), transforms.CenterCrop(64), transforms.PILToTensor()]
    )
    assert torch.equal(loaded.images[0], published(picture(3, shape)))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("L", "PNG"),
        ("L", "JPEG"),
        ("RGBA", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("CMYK", "JPEG"),
        ("1", "BMP"),
    ],
)
def test_other_colour_modes_become_rgb(tmp_path, root, mode, kind):
    original = picture(5, (32, 32))
    data = encoded(original.quantize(256) if mode == "P" else original.convert(mode), kind)
    loaded = load(write_folder(tmp_path / "a", {f"x.{kind.lower()}": data}), size=32, root=root)
    wanted = np.asarray(original.convert("L" if mode in ("L", "LA", "1") else "RGB").convert("RGB"), float)
    got = loaded.images[0].permute(1, 2, 0).numpy()
    assert loaded.images.shape == (1, 3, 32, 32)
    if mode != "1":  # black and white only resembles the original
        assert np.abs(got - wanted).mean() < 12


def test_sixteen_bit_grey_is_scaled_and_transparency_lies_on_white(tmp_path, root):
    grey = Image.fromarray(np.full((8, 8), 32768, np.uint16))
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    files = {"grey.png": encoded(grey, "PNG"), "see_through.png": encoded(clear, "PNG")}
    loaded = load(write_folder(tmp_path / "a", files), size=8, root=root)
    assert loaded.images[0].unique().tolist() == [128]
    assert loaded.images[1].unique().tolist() == [255]


def test_a_photo_from_a_phone_stands_upright(tmp_path, root):
    upright = picture(2, (16, 16))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    path = tmp_path / "a" / "x.png"
    path.parent.mkdir()
    lying.save(path, exif=exif)
    loaded = load(path.parent, size=16, root=root)
    assert np.array_equal(loaded.images[0].permute(1, 2, 0).numpy(), np.asarray(upright))


def test_hidden_files_and_what_macos_adds_are_passed_over(tmp_path, root):
    junk = {
        "__MACOSX/._000.jpg": b"x",
        "._000.jpg": b"x",
        ".DS_Store": b"x",
        "set/.git/a.jpg": b"x",
        "notes.txt": b"x",
    }
    files = {**jpegs(3), **junk}
    assert len(load(write_zip(tmp_path / "a.zip", files), size=16, root=root)) == 3
    assert len(load(write_folder(tmp_path / "b", files), size=16, root=root)) == 3


def test_count_takes_the_first_names(tmp_path, root):
    path = write_zip(tmp_path / "a.zip", jpegs(5))
    some, every = load(path, size=16, root=root, count=2), load(path, size=16, root=root)
    assert len(some) == 2 and torch.equal(some.images, every.images[:2])
    assert "the first 2 of 5" in some.source
    assert len(load(path, size=16, root=root, count=99)) == 5


def test_the_second_load_maps_the_cache_and_decodes_nothing(tmp_path, root, monkeypatch):
    path = write_zip(tmp_path / "a.zip", jpegs(5))
    first = load(path, size=16, root=root)
    monkeypatch.setattr("labkit.data.sources.decode", None)
    assert torch.equal(load(path, size=16, root=root).images, first.images)


def test_a_changed_file_is_decoded_again(tmp_path, root):
    folder = write_folder(tmp_path / "a", jpegs(3))
    before = load(folder, size=16, root=root).images.clone()
    (folder / "001.jpg").write_bytes(encoded(picture(77)))
    after = load(folder, size=16, root=root).images
    assert torch.equal(before[0], after[0]) and not torch.equal(before[1], after[1])


def test_writing_into_the_images_leaves_the_cache_alone(tmp_path, root):
    path = write_zip(tmp_path / "a.zip", jpegs(2))
    load(path, size=16, root=root).images.zero_()
    assert load(path, size=16, root=root).images.any()


# Bad input: one clear line each.


def refused(match: str, path, root, **options) -> str:
    with pytest.raises(DataError, match=match) as caught:
        load(path, root=root, **{"size": 16, **options})
    message = str(caught.value)
    assert "\n" not in message
    assert not root.exists() or not list(root.iterdir()), "something was left in the cache"
    return message


def test_damaged_pictures_are_skipped_counted_and_named(tmp_path, root, capsys):
    good = jpegs(6)
    damaged = {"001.jpg": good["001.jpg"][:200], "003.jpg": b"", "004.jpg": HTML}
    loaded = load(write_zip(tmp_path / "set.zip", {**good, **damaged}), size=16, root=root)
    assert len(loaded) == 3 and "3 skipped" in loaded.source
    lines = [line for line in capsys.readouterr().err.splitlines() if "skipped" in line]
    assert lines == ["set: skipped 3 of 6 pictures (damaged): 001.jpg, 003.jpg, 004.jpg"]


def test_a_damaged_zip_member_is_skipped(tmp_path, root, capsys):
    path = write_zip(tmp_path / "set.zip", jpegs(3))
    data = bytearray(path.read_bytes())
    data[data.find(b"\xff\xd8") + 300] ^= 255  # inside the first member: its checksum fails
    path.write_bytes(data)
    assert len(load(path, size=16, root=root)) == 2
    assert "000.jpg" in capsys.readouterr().err


def test_nothing_readable(tmp_path, root):
    files = {"a.jpg": b"no picture", "b.jpg": b""}
    refused(
        r"None of the 2 pictures of bad can be read \(damaged\), the first is a.jpg",
        write_folder(tmp_path / "bad", files),
        root,
    )


def test_empty_folder_and_no_pictures(tmp_path, root):
    (tmp_path / "empty").mkdir()
    refused("is empty", tmp_path / "empty", root)
    refused("holds no pictures", write_folder(tmp_path / "texts", {"a.txt": b"x"}), root)
    refused("holds no pictures", write_zip(tmp_path / "texts.zip", {"a.txt": b"x"}), root)
    (tmp_path / "around").mkdir()
    (tmp_path / "around" / "faces.zip").write_bytes(b"PK")
    refused("It holds faces.zip: give that file's path", tmp_path / "around", root)


def test_a_path_that_does_not_exist(tmp_path, root):
    refused("does not exist", tmp_path / "nowhere.zip", root)
    refused("use faces, celeba, digits, .*stacked-mnist, .*or the path", "face", root)


def test_what_stands_where_a_zip_should_be(tmp_path, root):
    good = write_zip(tmp_path / "good.zip", jpegs(3)).read_bytes()
    cases = {
        "is a web page, not a zip": b"\n" + HTML,
        "damaged or incomplete zip": good[: len(good) // 2],
        "is an empty file": b"",
        "is not a zip": b"Rar!\x1a\x07\x00 and more",
    }
    for match, data in cases.items():
        path = tmp_path / "bad.zip"
        path.write_bytes(data)
        refused(match, path, root)
    single = write_folder(tmp_path, {"one.jpg": encoded(picture(0))}) / "one.jpg"
    refused("is a single picture: give the folder", single, root)


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "a/../../evil.jpg", "/etc/evil.jpg", "..\\evil.jpg", "C:/evil.jpg"]
)
def test_a_zip_that_climbs_out_is_refused(tmp_path, root, name):
    path = write_zip(tmp_path / "a.zip", {**jpegs(2), name: encoded(picture(1))})
    refused("points outside the zip", path, root)


def test_pictures_that_are_too_small(tmp_path, root, capsys):
    small = write_zip(tmp_path / "small.zip", jpegs(3, (32, 40)))
    refused("too small: 32x40 at most, size=64 was asked for. Ask for size=32 or less", small, root, size=64)
    mixed = write_zip(tmp_path / "mixed.zip", {**jpegs(3, (70, 70)), "zz.jpg": encoded(picture(1, (20, 90)))})
    assert len(load(mixed, size=64, root=root)) == 3
    assert "mixed: skipped 1 of 4 pictures (smaller than 64 pixels): zz.jpg" in capsys.readouterr().err


def test_many_small_pictures_are_judged_by_the_first_ones(tmp_path, root, monkeypatch):
    monkeypatch.setattr("labkit.data.sources._ENOUGH_TO_JUDGE", 4)
    path = write_zip(
        tmp_path / "small.zip", {f"{i:04d}.png": encoded(picture(0), "PNG") for i in range(2_000)}
    )
    opened = []
    original = Image.open
    monkeypatch.setattr(Image, "open", lambda file: opened.append(1) or original(file))
    refused("too small", path, root, size=64)
    assert len(opened) < 1_000


def test_sizes_and_counts_that_make_no_sense(tmp_path, root):
    path = write_zip(tmp_path / "a.zip", jpegs(2))
    refused("must be at least 1", path, root, size=0)
    refused("must be at least 1", path, root, count=0)


# The drawn faces.


def test_faces_are_drawn_once_and_agree_whatever_the_count(root, monkeypatch):
    first = load("faces", size=16, count=300, root=root)
    assert first.images.shape == (300, 3, 16, 16) and len(first.factors) >= 10
    assert all(len(values) == 300 for values in first.factors.values())
    monkeypatch.setattr("labkit.data.drawn._drawn", None)
    fewer = load("faces", size=16, count=40, root=root)
    assert torch.equal(fewer.images, first.images[:40]) and all(len(v) == 40 for v in fewer.factors.values())


def test_another_seed_gives_other_faces(root):
    assert not torch.equal(
        load("faces", size=16, count=8, root=root).images,
        load("faces", size=16, count=8, seed=1, root=root).images,
    )


def test_new_drawing_code_means_new_faces(root, monkeypatch):
    load("faces", size=16, count=8, root=root)
    monkeypatch.setattr("labkit.data.drawn.version_of", lambda _: "changed")
    (root / "faces-of-mine").mkdir()
    load("faces", size=16, count=9, root=root)
    names = [path.name for path in root.iterdir()]
    assert len(names) == 2 and any(name.endswith("-9") for name in names), "the old drawings are gone"
    assert "faces-of-mine" in names


def test_the_number_of_faces_follows_the_budget(root, monkeypatch):
    monkeypatch.setenv("LABKIT_BUDGET", "smoke")
    assert len(load("faces", size=16, root=root)) == 2_000


def test_a_face_size_that_cannot_be_drawn(root):
    refused("size", "faces", root, size=3)


# Real data.


def test_real_celeba_in_both_layouts(root):
    started = time.process_time()
    small = load(real_file("celeba64.zip"), root=root)
    assert small.images.shape == (12_000, 3, 64, 64)
    assert time.process_time() - started < 60
    started = time.process_time()  # other programs on this machine do not count
    load(real_file("celeba64.zip"), root=root)
    assert time.process_time() - started < 1.0, "the second load must take under a second"
    published = load(real_file("celeba178_sample.zip"), root=root)
    assert published.images.shape == (200, 3, 64, 64)
    # Aligned faces: both sets have the same average face, up to the few images of the sample.
    gap = (small.images.float().mean(0) - published.images.float().mean(0)).abs().mean()
    assert gap < 8.0


def test_real_portraits_at_two_sizes(root):
    path = real_file("congress_faces128.zip")
    assert load(path, size=128, root=root).images.shape == (819, 3, 128, 128)
    assert load(path, size=64, count=50, root=root).images.shape == (50, 3, 64, 64)
    with pytest.raises(DataError, match="too small: 128x128 at most"):
        load(path, size=256, count=3, root=root)


def test_what_is_no_plain_file_is_skipped_named_and_never_opened(tmp_path, root, capsys):
    folder = write_folder(tmp_path / "a", jpegs(5))
    os.mkfifo(folder / "pipe.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "nowhere.png").symlink_to(tmp_path / "gone.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    loaded = load(folder, size=16, root=root)
    assert len(loaded) == 5 and loaded.source.endswith("4 skipped")
    said = capsys.readouterr().err
    assert "skipped 4 of 9 pictures (not a file: a link to nowhere, a pipe or a device): loop.png" in said


def test_links_to_folders_are_followed_once_and_never_back_up(tmp_path, root):
    write_folder(tmp_path / "disk" / "cats", jpegs(3))
    write_folder(tmp_path / "mine" / "own", jpegs(2))
    links = {"cats": "disk/cats", "again": "disk/cats", "up": "mine", "top": "", "me": "mine/me"}
    for name, goal in links.items():
        (tmp_path / "mine" / name).symlink_to(tmp_path / goal)
    (tmp_path / "disk" / "cats" / "back").symlink_to(tmp_path / "mine")
    (tmp_path / "disk" / "cats" / "round").symlink_to(tmp_path / "disk")
    assert len(load(tmp_path / "mine", size=16, root=root)) == 5


def test_a_zip_with_the_slashes_of_windows_has_folders(tmp_path, root):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in jpegs(3).items():
            entry = zipfile.ZipInfo("x")
            entry.filename = f"faces\\{name}"  # given to ZipInfo, it would be put right
            archive.writestr(entry, data)
            entry = zipfile.ZipInfo("x")
            entry.filename = f"__MACOSX\\{name}"
            archive.writestr(entry, b"")
    assert len(load(tmp_path / "a.zip", size=16, root=root)) == 3


def test_a_path_that_is_no_file_says_what_it_is(tmp_path, root):
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "zero.zip").symlink_to("/dev/zero")
    (tmp_path / "nowhere.zip").symlink_to(tmp_path / "gone.zip")
    for name, said in (
        ("pipe", "a pipe or a device"),
        ("zero", "a pipe or a device"),
        ("nowhere", "nowhere"),
    ):
        refused(said, tmp_path / f"{name}.zip", root)


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path, root, capsys, monkeypatch):
    monkeypatch.setattr("labkit.data.pictures._MOST_PIXELS", 10_000)
    large = {
        "large.png": encoded(picture(1, (101, 100)), "PNG"),
        "shrunk.jpg": encoded(picture(2, (600, 600)), "JPEG"),
    }
    loaded = load(
        write_folder(tmp_path / "a", large | {"ok.png": encoded(picture(3), "PNG")}), size=16, root=root
    )
    assert len(loaded) == 2  # the decoder shrinks a large JPEG before it is counted
    assert "megapixels or 200 MB): large.png" in capsys.readouterr().err


def test_a_huge_picture_is_skipped_without_a_warning_of_pillow(tmp_path, root, capsys, recwarn):
    write_folder(tmp_path / "a", {"ok.png": encoded(picture(3), "PNG")})
    Image.new("1", (12_000, 9_000)).save(tmp_path / "a" / "plan.png")
    assert len(load(tmp_path / "a", size=16, root=root)) == 1
    assert not [w for w in recwarn if issubclass(w.category, Image.DecompressionBombWarning)]
    assert "plan.png" in capsys.readouterr().err


def test_a_broken_note_in_a_whole_picture_costs_nothing(tmp_path, root):
    file = io.BytesIO()
    picture(1).save(file, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 200)
    assert len(load(write_folder(tmp_path / "a", {"a.jpg": file.getvalue()}), size=16, root=root)) == 1


def test_a_name_cannot_speak_to_the_terminal(tmp_path, root, capsys):
    folder = write_folder(tmp_path / "a\x1b[31m", jpegs(2) | {"x\n\x1b[2J.png": b"bad"})
    assert "\x1b" not in repr(load(folder, size=16, root=root))
    with pytest.raises(DataError) as error:
        load(write_folder(tmp_path / "b\x1b[2J", {"x.txt": b""}), root=root)
    assert "\x1b" not in str(error.value)
    assert "\x1b[2J" not in capsys.readouterr().err


def test_a_zip_that_python_cannot_unpack_says_so(tmp_path, root):
    path = write_zip(tmp_path / "a.zip", jpegs(3))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset : at + offset + 2] = b"\x09\0"
            at = content.find(signature, at + 4)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"deflate64.*unpack it yourself"):
        load(path, root=root)


def test_a_zip_in_a_zip_is_named(tmp_path, root):
    inner = write_zip(tmp_path / "inner.zip", jpegs(3)).read_bytes()
    with pytest.raises(DataError, match=r"holds another zip, archive/img\.zip: unpack outer\.zip"):
        load(write_zip(tmp_path / "outer.zip", {"archive/img.zip": inner}), root=root)
