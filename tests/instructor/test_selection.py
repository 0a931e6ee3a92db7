"""Which files are graded: the newest that can be read, one for each student and lab."""

import json
import os

import pytest

from labkit_instructor.submissions.intake import collect
from labkit_instructor.submissions.selection import select
from tests.instructor.handed import labs, solved, untouched


@pytest.fixture
def put(tmp_path):
    def write(student, name, notebook, minutes=0):
        file = tmp_path / student / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook))
        os.utime(file, (1e9 + 60 * minutes,) * 2)
        return file

    write.folder = tmp_path
    return write


def _chosen(put, wanted=""):
    return select(collect([put.folder]), labs(), wanted)


def test_the_newest_counts_and_the_others_are_named(put):
    put("anna", "03_training_loop.ipynb", untouched(), minutes=0)
    put("anna", "03_training_loop (1).ipynb", solved(), minutes=5)
    (one,) = _chosen(put)
    assert one.name == "03_training_loop (1).ipynb"
    assert any("03_training_loop.ipynb" in note for note in one.merged)


def test_a_newer_file_that_is_damaged_does_not_replace_a_sound_one(put):
    put("anna", "03_training_loop.ipynb", solved(), minutes=0)
    put("anna", "03_training_loop (1).ipynb", "{", minutes=5)
    (one,) = _chosen(put)
    assert one.name == "03_training_loop.ipynb"
    assert not one.trouble


def test_the_lab_is_told_by_the_content_not_by_the_name(put):
    put("anna", "01_transposed_convolution.ipynb", solved("03"), minutes=0)
    put("anna", "homework.ipynb", solved("01"), minutes=5)
    assert len(_chosen(put)) == 2
    (one,) = _chosen(put, "01")
    assert one.name == "homework.ipynb"


def test_a_student_of_another_lab_only_is_missing_not_forgotten(put):
    put("anna", "03_training_loop.ipynb", solved("03"))
    put("bo", "01_transposed_convolution.ipynb", solved("01"))
    anna, bo = _chosen(put, "03")
    assert not anna.absent
    assert bo.absent
    assert "only of lab 01" in bo.trouble


def test_a_student_without_a_notebook_is_missing_too(put):
    put("anna", "report.docx", "x")
    put("bo", "03_training_loop.ipynb", solved("03"))
    anna, _ = _chosen(put, "03")
    assert anna.absent
    assert "report.docx" in anna.trouble


STRAYS = {"empty": {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, "cut off": "{"}


@pytest.mark.parametrize("stray", STRAYS)
@pytest.mark.parametrize("wanted", ["", "03"])
def test_a_newer_file_of_no_lab_replaces_nothing_and_is_named(put, wanted, stray):
    put("anna", "03_training_loop.ipynb", solved(), minutes=0)
    put("anna", "scratch.ipynb", STRAYS[stray], minutes=5)
    (put.folder / "anna" / "folder.ipynb").mkdir()
    (one,) = _chosen(put, wanted)
    assert one.name == "03_training_loop.ipynb" and not one.trouble
    assert "scratch.ipynb" in one.merged[-1] and "folder.ipynb" in one.merged[-1]


@pytest.mark.parametrize("wanted", ["", "03"])
def test_files_of_no_lab_stand_for_a_student_once(put, wanted):
    put("anna", "a.ipynb", STRAYS["empty"], minutes=0)
    put("anna", "b.ipynb", STRAYS["cut off"], minutes=5)
    put("bo", "03_training_loop.ipynb", solved())
    anna, bo = _chosen(put, wanted)
    assert anna.name == "b.ipynb" and anna.trouble and "a.ipynb" in anna.merged[-1]
    assert not bo.merged
