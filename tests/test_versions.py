"""The environments of other versions: made once, and again only when what they are made from has changed."""

import subprocess

import pytest

from tests import versions


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """What would have been run; each environment is made in a folder of its own."""
    said = []

    def run(command, **_):
        said.append([str(part) for part in command])
        if "venv" in said[-1]:
            (tmp_path / ".venv-colab").mkdir()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(versions, "ROOT", tmp_path)
    monkeypatch.setattr(versions.subprocess, "run", run)
    return said


def test_an_environment_is_made_once_and_again_when_its_list_changes(commands):
    for source in (b"torch==2.11.0", b"torch==2.11.0", b"torch==2.12.0"):
        tools = versions.made("colab", ["-r", "colab.txt"], source)
    assert tools.parent.name == ".venv-colab"
    assert ["venv" in command for command in commands] == [True, False, True, False]
    assert all("uv" in command for command in commands)


def test_an_unknown_environment_is_refused(commands, capsys):
    assert versions.main(["newest"]) == 2 and not commands
    assert "newest" in capsys.readouterr().err


def test_every_line_of_colab_s_list_is_a_dependency_of_the_labs_or_runs_them():
    lines = [line for line in versions.COLAB.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert all("==" in line for line in lines) and len(lines) > 10
    assert not any(line.startswith(("labkit", "gan-lab-kit", "jupyterlab")) for line in lines)
