"""Intake: whose files these are, which one counts, and what is never opened."""

import os
import struct
import time
import zipfile
from dataclasses import replace

import pytest

from labkit_instructor.marks import Handed, Student
from labkit_instructor.submissions.archives import LARGEST, read_file
from labkit_instructor.submissions.intake import IntakeError, collect, content, newest
from labkit_instructor.submissions.owners import owner, tidy
from tests.instructor.handed import save

STEMS = ("03_training_loop", "01_transposed_convolution")
LAB = "03_training_loop.ipynb"


def _zip(path, members, **how):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _by_name(found):
    return {h.student.name: h for h in found}


@pytest.mark.parametrize(
    ("file", "key", "canvas_id", "order", "own", "late"),
    [
        (f"muelleranna_12345_67890_{LAB}", "muelleranna_12345", "12345", 67890, LAB, False),
        (f"muelleranna_LATE_12345_67890_{LAB}", "muelleranna_12345", "12345", 67890, LAB, True),
        ("dashcanname_12_345_a_1_2_345_b-1.ipynb", "dashcanname_12", "12", 345, "a_1_2_345_b-1.ipynb", False),
        (f"o_brien_7_8901_{LAB}", "o_brien_7", "7", 8901, LAB, False),
        (f"anon_Ab1xY_67890_{LAB}", "anon_Ab1xY", "", 67890, LAB, False),
        (f"LATE_anon_Ab1xY_67890_{LAB}", "anon_Ab1xY", "", 67890, LAB, True),
        (
            "muelleranna_12345_text.html",
            "muelleranna_12345",
            "12345",
            0,
            "muelleranna_12345_text.html",
            False,
        ),
    ],
)
def test_names_of_canvas(file, key, canvas_id, order, own, late):
    found = owner([file], "submissions", STEMS)
    assert (found.student.key, found.student.canvas_id) == (key, canvas_id)
    assert (found.order, found.file, found.late, found.sure) == (order, own, late, True)


@pytest.mark.parametrize(
    "parts",
    [
        ("Anna Müller_123456_assignsubmission_file_", LAB),
        ("Anna Müller_123456_assignsubmission_file", "work", LAB),
        (f"Anna Müller_123456_assignsubmission_file_{LAB}",),
        ("Anna Mu\u0308ller_123456_assignsubmission_file_", LAB),
        ("Anna Müller_123456_assignsubmission_onlinetext_", "onlinetext.html"),
    ],
)
def test_names_of_moodle(parts):
    found = owner(parts, "submissions", STEMS)
    assert found.student == Student("Anna Müller_123456", "Anna Müller", moodle_id="123456")
    assert found.file == (LAB if parts[-1].endswith(".ipynb") else "onlinetext.html")


def test_a_student_called_as_moodle_calls_a_folder_is_nobody_else():
    sly = "Victor Vale_12_assignsubmission_file_"
    found = owner((f"{sly}_13_assignsubmission_file_", LAB), "submissions", STEMS)
    assert found.student == Student(f"{sly}_13", sly, moodle_id="13")
    for name in (f"{sly}_13_assignsubmission_file_{LAB}", f"Anna_13_assignsubmission_file_{sly}{LAB}"):
        found = owner((name,), "submissions", STEMS)
        assert not found.sure and not found.student.moodle_id, "two readings: it is asked about, not guessed"


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("mueller_anna_03_training_loop.ipynb",), "mueller_anna"),
        (("03_training_loop - Anna.ipynb",), "Anna"),
        (("03_training_loop_Anna_Schmidt.ipynb",), "Anna_Schmidt"),
        (("Copy of 03_training_loop Anna (1).ipynb",), "Anna"),
        (("anna 03 training loop.ipynb",), "anna"),
        (("12345_03_training_loop.ipynb",), "12345"),
        (("s12345_lab03.ipynb",), "s12345"),
        (("Anna.ipynb.txt",), "Anna"),
        ((LAB,), "the folder"),
        (("03_training_loop (2).ipynb",), "the folder"),
        (("Copy of 03_training_loop.ipynb",), "the folder"),
        (("anna - Copy.ipynb",), "anna"),
        (("anna - Copy (2).ipynb",), "anna"),
        (("anna copy 2.ipynb",), "anna"),
        (("anna-Copy1.ipynb",), "anna"),
        (("Copy of Copy of anna.ipynb",), "anna"),
        (("C\u00f3pia de anna.ipynb",), "anna"),
        (("Copie de anna.ipynb",), "anna"),
        (("Kopie von anna (1).ipynb",), "anna"),
        (("anna - Kopie.ipynb",), "anna"),
        (("copland.ipynb",), "copland"),
        (("anna_kopietz.ipynb",), "anna_kopietz"),
        (("anna", LAB), "anna"),
        (("07", LAB), "07"),
        (("01_anna", LAB), "01_anna"),
        (("anna", "deeper", "ben_03_training_loop.ipynb"), "anna"),
        (("lab 03", "anna", LAB), "anna"),
        (("03_training_loop", "anna_03_training_loop.ipynb"), "anna"),
        (("anna", "ben_1_2345_mine.ipynb"), "anna"),  # a student's own names claim nothing
        (("anna", "Ben_1_assignsubmission_file_", LAB), "anna"),
    ],
)
def test_names_that_people_give(parts, name):
    assert owner(parts, "the folder", STEMS).student == Student(name, name)


def test_names_without_the_stems_at_hand():
    assert owner(("mueller_anna_03_training_loop.ipynb",), "x").student.name == "mueller_anna"
    assert owner(("03_training_loop - Anna.ipynb",), "x").student.name == "Anna"


def test_a_name_disturbs_no_page_table_or_terminal():
    assert tidy("two\nlines\tand\x1b[31m \u202eevil\u200b ") == "two lines and[31m evil"
    assert tidy("\udcff") == "?" and tidy("\n") == "unnamed"


def test_a_folder_for_each_student(tmp_path):
    save(tmp_path, f"anna/{LAB}")
    save(tmp_path, "ben/my answer.ipynb")
    save(tmp_path, "lab03/cleo_03_training_loop.ipynb")
    save(tmp_path, "dan_03_training_loop.ipynb")
    found = collect([tmp_path], STEMS)
    assert [h.student.key for h in found] == ["anna", "ben", "cleo", "dan"]
    assert [h.name for h in found] == [LAB, "my answer.ipynb", *(f"{n}_{LAB}" for n in ("cleo", "dan"))]
    assert all(len(h.digest) == 64 and not h.trouble for h in found)
    assert content(found[0]) == (tmp_path / "anna" / LAB).read_bytes()


def test_files_without_a_name(tmp_path):
    save(tmp_path, f"anna/{LAB}")
    save(tmp_path, "anna/03_training_loop (1).ipynb")
    (tmp_path / "anna" / "notes.md").write_text("mine")
    assert [h.student.name for h in collect([tmp_path / "anna"], STEMS)] == ["anna", "anna"]
    save(tmp_path, "03_training_loop (1).ipynb")
    save(tmp_path, "03_training_loop (2).ipynb")
    found = [h.student.name for h in collect([tmp_path], STEMS)]
    assert found == ["03_training_loop (1)", "03_training_loop (2)", "anna", "anna"], "nobody is lost"


def test_a_single_file_belongs_to_its_folder(tmp_path):
    paths = [save(tmp_path, f"{name}/{LAB}") for name in ("anna", "ben")]
    assert [h.student.name for h in collect(paths)] == ["anna", "ben"]
    assert len(collect([*paths, tmp_path])) == 2, "named twice, taken once"


def test_a_zip_of_canvas(tmp_path):
    members = {f"annaa_1_200_{LAB}": b"old", "annaa_1_1000_03_training_loop-1.ipynb": b"new"}
    members |= {f"ben_LATE_2_300_{LAB}": b"ben", "cleo_3_400_notes.pdf": b"pdf", "dan_4_text.html": b"text"}
    members |= {"__MACOSX/._x.ipynb": b"", ".DS_Store": b""}
    found = collect([_zip(tmp_path / "submissions.zip", members)], STEMS)
    assert [(h.student.key, h.trouble == "") for h in found] == [
        ("annaa_1", True), ("annaa_1", True), ("ben_2", True), ("cleo_3", False), ("dan_4", False)
    ]  # fmt: skip
    assert [content(h) for h in found[:3]] == [b"old", b"new", b"ben"]
    assert "no notebook (.ipynb) was handed in, only notes.pdf" in found[3].trouble
    assert [h.late for h in found] == ["", "", "Canvas marks it as late", "", ""]


def test_a_zip_of_moodle(tmp_path):
    members = {
        f"Anna Müller_1_assignsubmission_file_/{LAB}": b"1",
        f"Bo_2_assignsubmission_file_/{LAB}": b"2",
    }
    members |= {f"Bo_3_assignsubmission_file_/{LAB}": b"3", "Bo_3_assignsubmission_onlinetext_/o.html": b"t"}
    found = collect([_zip(tmp_path / "m.zip", members)], STEMS)
    students = [(h.student.key, h.student.name, h.student.moodle_id) for h in found]
    assert students == [("Anna Müller_1", "Anna Müller", "1"), ("Bo_2", "Bo", "2"), ("Bo_3", "Bo", "3")]


@pytest.mark.parametrize("wrapper", ["", "submissions/", "lab 03/"])
def test_a_zip_of_folders(tmp_path, wrapper):
    members = {f"{wrapper}{n}/{LAB}": n.encode() for n in ("anna", "ben")}
    found = collect([_zip(tmp_path / "all.zip", members)], STEMS)
    assert [h.student.name for h in found] == ["anna", "ben"]


def test_a_zip_of_one_student_and_a_zip_made_on_a_mac(tmp_path):
    found = collect([_zip(tmp_path / "one.zip", {f"anna/{LAB}": b"x"})], STEMS)
    assert [h.student.name for h in found] == ["anna"]
    mac = _zip(tmp_path / "mac.zip", {f"Mu\u0308ller/{LAB}": b"x", f"ben/{LAB}": b"x"})
    data = mac.read_bytes()  # the flag that says "UTF-8" is not set there
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + place
        data = data[:at] + struct.pack("<H", 0) + data[at + 2 :]
    mac.write_bytes(data)
    assert [h.student.name for h in collect([mac], STEMS)] == ["Müller", "ben"]


def test_the_newest_counts_by_number_then_by_time_then_by_name(tmp_path):
    now = time.time()
    for age, name in ((50, "b.ipynb"), (90, "a.ipynb"), (10, "final (10).ipynb"), (10, "final (9).ipynb")):
        os.utime(save(tmp_path, f"anna/{name}"), (now - age,) * 2)
    found = collect([tmp_path])
    assert [h.name for h in found] == ["a.ipynb", "b.ipynb", "final (9).ipynb", "final (10).ipynb"]
    ((kept, lab),) = newest(found, ["03"] * 4)
    assert (kept.name, lab) == ("final (10).ipynb", "03")
    assert "the newest of 4 files was graded; left out: a.ipynb, b.ipynb, final (9).ipynb" in kept.merged[0]


def test_the_newest_for_each_lab_and_sound_files_before_damaged_ones(tmp_path):
    def handed(name, who="anna", trouble=""):
        return Handed(Student(who, who), name, tmp_path, digest=name, trouble=trouble)

    files = [handed("1"), handed("2"), handed("3", trouble="cut off"), handed("4"), handed("5", "ben")]
    kept = newest(files, ["03", "03", "03", "", "03"])
    assert [(h.name, lab) for h, lab in kept] == [("2", "03"), ("4", ""), ("5", "03")]
    assert "left out: 1, 3 (cut off)" in kept[0][0].merged[0] and not kept[1][0].merged
    ((same, _),) = newest([files[0], replace(files[0], name="copy")], ["03", "03"])
    assert (same.name, same.notes) == ("copy", ())
    assert same.merged == ("handed in more than once, the same to the byte: 1",)


def test_litter_is_passed_over_in_silence(tmp_path):
    for name in (
        "__MACOSX/anna/._03.ipynb",
        "anna/._03.ipynb",
        "anna/.ipynb_checkpoints/03-checkpoint.ipynb",
    ):
        save(tmp_path, name)
    save(tmp_path, f"anna/{LAB}")
    (tmp_path / "grades.csv").write_text("the instructor's own file")
    assert [h.name for h in collect([tmp_path])] == [LAB]


def test_students_without_a_notebook_are_not_lost(tmp_path):
    for name in ("anna/answer.py", "ben/all.zip"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"PK")
    (tmp_path / "cleo").mkdir()
    found = _by_name(collect([tmp_path]))
    assert "only answer.py" in found["anna"].trouble
    assert "an archive instead of a notebook (all.zip)" in found["ben"].trouble
    assert "the folder is empty" in found["cleo"].trouble


def test_what_is_no_plain_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "loop.ipynb").symlink_to("loop.ipynb")
    (tmp_path / "ben" / LAB).mkdir(parents=True)
    save(tmp_path, f"anna/{LAB}")
    (tmp_path / "mallory").symlink_to("anna")
    with open(tmp_path / "large.ipynb", "wb") as handle:
        handle.truncate(LARGEST + 1)
    found = _by_name(collect([tmp_path]))
    troubles = {
        "pipe": "pipe or a device",
        "link": "a link",
        "loop": "a link",
        "ben": "a folder with the name",
    }
    for name, trouble in {**troubles, "large": "more than 100 MB"}.items():
        assert trouble in found[name].trouble
        with pytest.raises(IntakeError, match=trouble):
            content(found[name])
    assert set(found) == {*troubles, "large", "anna"}, "a linked folder is nobody's"
    for name in ("pipe", "link"):
        assert collect([tmp_path / f"{name}.ipynb"])[0].trouble


def test_a_file_that_changes_after_it_was_collected(tmp_path):
    path = save(tmp_path, LAB)
    handed = collect([path])[0]
    path.write_bytes(b"other")
    with pytest.raises(IntakeError, match="changed"):
        content(handed)
    path.unlink()
    with pytest.raises(IntakeError, match="cannot be read"):
        content(handed)
    os.mkfifo(path)
    with pytest.raises(IntakeError, match="pipe"):
        content(handed)


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit_instructor.submissions.archives.MOST_FILES", 10)
    monkeypatch.setattr("labkit_instructor.submissions.intake.MOST_NOTEBOOKS", 3)
    for number in range(20):
        save(tmp_path, f"anna/{number}.ipynb")
    save(tmp_path, f"ben/{LAB}")
    found = collect([tmp_path])
    assert [h.student.name for h in found] == ["anna"] * 3 + ["ben"]
    assert "7 older notebooks" in found[0].notes[0]


def test_members_of_a_zip_that_are_not_read(tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"good_1_200_{LAB}", b"fine")
        archive.writestr(f"bomb_2_200_{LAB}", bytes(LARGEST + 1))
        link = zipfile.ZipInfo(f"link_3_200_{LAB}")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(f"../../up_4_200_{LAB}", b"x")
        archive.writestr(f"/root_5_200_{LAB}", b"x")
        archive.writestr(f"lzma_6_200_{LAB}", b"x", compress_type=zipfile.ZIP_LZMA)
        archive.writestr("nested_7_200_all.zip", b"PK")
        archive.writestr(f"two\nlines_8_200_{LAB}", b"x")
    found = _by_name(collect([path], STEMS))
    expected = {
        "good": "", "bomb": "100 MB are read", "link": "a link", "up": "out of the zip",
        "root": "out of the zip", "lzma": "no learning platform", "nested": "an archive", "two lines": "",
    }  # fmt: skip
    assert found.keys() == expected.keys()
    for name, trouble in expected.items():
        assert (trouble in found[name].trouble) if trouble else not found[name].trouble, name
    assert content(found["good"]) == b"fine" and content(found["two lines"]) == b"x"


def test_a_bomb_that_declares_a_small_size_and_other_lies(tmp_path):
    path = _zip(tmp_path / "liar.zip", {f"a_1_200_{LAB}": bytes(LARGEST * 3), f"b_2_200_{LAB}": b"fine"})
    data = path.read_bytes()
    honest = struct.pack("<I", LARGEST * 3)
    path.write_bytes(data.replace(honest, struct.pack("<I", 10)))
    found = _by_name(collect([path], STEMS))
    assert "damaged inside the zip" in found["a"].trouble and not found["b"].trouble

    path = _zip(tmp_path / "locked.zip", {f"a_1_200_{LAB}": b"x"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in collect([path], STEMS)[0].trouble


def test_paths_that_cannot_be_meant(tmp_path):
    (tmp_path / "not a zip.zip").write_bytes(b"PK no")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for name, clue in {
        "nowhere": "no such file", "not a zip.zip": "cannot be read as a zip",
        "notes.txt": "no notebook, folder", "empty": "no notebook", "link": "is a link",
    }.items():  # fmt: skip
        with pytest.raises(IntakeError, match=clue):
            collect([tmp_path / name])
    with pytest.raises(IntakeError, match="a folder"):
        read_file(tmp_path / "empty")


def test_a_zip_of_a_million_folders_is_refused_before_it_is_listed(tmp_path):
    path = _zip(tmp_path / "folders.zip", {f"anna/{LAB}": b"x"})
    whole = path.read_bytes()
    end = whole.index(b"PK\x01\x02")
    entry = b"PK\x01\x02" + bytes(24) + b"\x02\x00" + bytes(16) + b"a/"
    path.write_bytes(whole[:end] + entry * 10**6 + whole[end:])
    start = time.process_time()
    with pytest.raises(IntakeError, match="files and folders"):
        collect([path], STEMS)
    assert time.process_time() - start < 1
