"""The command `labkit`: it answers at once, and helps."""

import os
import subprocess
import sys

import pytest

from labkit import __version__, cli
from tests.solutions import ROOT


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys; from labkit.cli import main; main(['--help']) if '-h' in sys.argv else main([]); "
        "assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for command in cli.COMMANDS:
        assert command in done.stdout


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"labkit {__version__}\n"


@pytest.mark.parametrize("argv", [["trian"], ["--colour"]])
def test_an_unknown_command_is_one_line_and_code_two(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "labkit --help" in err


def test_data_says_what_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    assert cli.main(["data", "faces", "--size", "32", "--count", "5"]) == 0
    assert "faces: 5 images of 3x32x32" in capsys.readouterr().out
    assert cli.main(["data", str(tmp_path / "nothing.zip")]) == 2
    assert "nothing.zip" in capsys.readouterr().err


def test_every_command_has_its_own_help(capsys):
    for command in cli.COMMANDS:
        with pytest.raises(SystemExit) as stop:
            cli.main([command, "--help"])
        assert stop.value.code == 0
        assert f"labkit {command}" in capsys.readouterr().out


def test_an_environment_older_than_the_instructors_package_finds_it_in_the_checkout(tmp_path):
    """An editable install lists the packages of its day; after a pull there may be one more."""
    (tmp_path / "labkit").symlink_to(ROOT / "labkit")
    code = (
        "import sys\n"
        "sys.meta_path = [finder for finder in sys.meta_path if 'editable' not in repr(finder)]\n"
        f"sys.path = [{str(tmp_path)!r}] + [p for p in sys.path if p not in ('', {str(ROOT)!r})]\n"
        "from labkit import cli\n"
        "cli.main(['grade', '--help'])"
    )
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=bare, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "--self-test" in done.stdout


def test_it_runs_as_a_module_too():
    """``make test`` calls it so: a module that does nothing would check nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "nonsense"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "no command 'nonsense'" in done.stderr
