"""The doctor: every finding is a short line, and what is broken is named with its cure."""

import builtins
import sys

import pytest
import torch
import torchvision

from labkit import cli, doctor
from labkit.doctor import checks, findings
from tests.kit.data_helpers import jpegs, write_zip


@pytest.fixture(autouse=True)
def empty_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("LABKIT_DEVICE", raising=False)
    monkeypatch.delenv("LABKIT_BUDGET", raising=False)
    return tmp_path / "data"


def finding(thing: str) -> doctor.Finding:
    return next(finding for finding in doctor.report().findings if finding.thing.lower() == thing.lower())


def test_this_machine_runs_the_labs_and_every_thing_has_its_line(capsys):
    assert cli.main(["doctor"]) == 0
    said = capsys.readouterr().out
    for thing in (
        "Python",
        "torch",
        "torchvision",
        "device",
        "memory",
        "disk",
        "Jupyter",
        "ipywidgets",
        "TensorBoard",
    ):
        assert f" {thing} " in said
    for thing in ("faces", "CelebA"):
        assert f" {thing} " in said
    assert said.rstrip().endswith("Ready for the labs.")


def test_lines_are_aligned_and_fit_80_columns():
    long = doctor.Finding("torchvision", "fix", "words " * 30, "do this " * 20)
    lines = str(doctor.Report((doctor.Finding("a", "ok", "x"), long))).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].index("x") == lines[1].index("words") == lines[2].index("words")
    assert any("→ do this" in line for line in lines)
    assert lines[-1] == "1 to fix: see the lines that say so."


def test_a_torchvision_that_does_not_fit_its_torch(monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(torchvision.ops, "nms", broken)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "✗ fix  torchvision" in said and "nms does not exist" in said
    assert "pip install --force-reinstall torch torchvision" in said


def test_without_torch_the_doctor_still_reports(monkeypatch):
    real = builtins.__import__

    def without_torch(name, *rest, **options):
        if name.split(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest, **options)

    for name in [
        name for name in sys.modules if name.startswith("labkit.") and not name.startswith("labkit.doctor")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("labkit.settings", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_torch)
    found = doctor.report()
    monkeypatch.undo()
    assert not found.ready
    states = {finding.thing: finding for finding in found.findings}
    assert states["torch"].state == "fix" and "make lab" in states["torch"].advice
    assert states["memory"].text == "not checked: needs torch" and states["Python"].state == "ok"


def test_a_missing_package_is_named_with_its_cure(monkeypatch):
    real = checks.importlib.util.find_spec
    monkeypatch.setattr(
        checks.importlib.util, "find_spec", lambda name: None if name == "ipywidgets" else real(name)
    )
    assert finding("ipywidgets").state == "fix" and "pip install ipywidgets" in finding("ipywidgets").advice


def test_a_full_disk(monkeypatch):
    usage = checks.shutil.disk_usage("/")._replace(free=10**8)
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: usage)
    assert finding("disk").state == "fix" and "LABKIT_DATA" in finding("disk").advice


def test_little_memory_is_a_note_and_no_failure(monkeypatch):
    monkeypatch.setattr(checks, "main_memory", lambda: (8 * 2**30, 2**30))
    assert finding("memory").state == "note" and "1.0 of 8.0 GiB free" in finding("memory").text
    assert doctor.report().ready


def test_memory_is_that_of_this_machine():
    total, free = checks.main_memory()
    assert 2**28 < free <= total < 2**45


def test_a_setting_that_cannot_be_used(monkeypatch):
    monkeypatch.setenv("LABKIT_DEVICE", "toaster")
    assert finding("device").state == "fix" and "LABKIT_DEVICE='toaster'" in finding("device").text


def test_data_that_is_there_is_found(empty_data_folder):
    assert "not drawn yet" in finding("faces").text and finding("celeba").state == "note"
    from labkit.data import load

    load("faces", size=16, count=8)
    write_zip(empty_data_folder / "celeba.zip", jpegs(2))
    assert finding("faces").text == "in the cache: 8 at 16x16"
    assert finding("celeba").state == "ok" and "celeba.zip" in finding("celeba").text


def test_in_colab_without_a_gpu_it_says_where_to_get_one(monkeypatch):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    monkeypatch.setenv("COLAB_RELEASE_TAG", "x")
    assert "T4 GPU" in finding("device").advice and finding("jupyter").text == "Google Colab"


def test_an_old_console_gets_plain_letters(monkeypatch, capsys):
    class Old:
        encoding = "ascii"

    monkeypatch.setattr(findings.sys, "stdout", Old())
    found = (doctor.Finding("Python", "ok", "3.11"), doctor.Finding("disk", "fix", "full", "free some"))
    text = str(doctor.Report(found))
    assert text.isascii()
