"""Before the tests bubblewrap is installed, or its absence is said: with package managers made up here."""

import sys

import pytest

from tests import bubblewrap

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is a program of Linux")

LOCKED = """#!/bin/sh
echo "$@" >> {folder}/calls
if [ $(wc -l < {folder}/calls) -le {held} ]; then
  echo "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (apt-get)" >&2
  exit 100
fi
case "$*" in *install*) printf '#!/bin/sh\\nexit 0\\n' > {folder}/bwrap; chmod +x {folder}/bwrap ;; esac
"""


@pytest.fixture
def apt_that_is_locked(tmp_path, monkeypatch):
    """Make apt-get fail as a locked one does, so many times; returns what it was called with."""
    monkeypatch.setattr(bubblewrap, "_LOCK_SECONDS", 1.0)
    monkeypatch.setattr(bubblewrap.os, "geteuid", lambda: 0)

    def prepare(held):
        for name in ("wc", "chmod"):
            (tmp_path / name).symlink_to(bubblewrap.shutil.which(name))
        program = tmp_path / "apt-get"
        program.write_text(LOCKED.format(folder=tmp_path, held=held))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path / "calls"

    return prepare


def test_an_installation_waits_for_another_one(apt_that_is_locked, capsys):
    calls = apt_that_is_locked(3)
    assert bubblewrap.ensure() == ""
    done = calls.read_text().splitlines()
    assert len(done) == 5
    assert [("update" in call, "install" in call) for call in done[-2:]] == [(True, False), (False, True)]
    assert all("DPkg::Lock::Timeout=" in call for call in done)
    assert "waiting for it" in capsys.readouterr().out


def test_a_lock_that_is_never_given_back_is_said_and_stops_nothing(apt_that_is_locked, capsys):
    apt_that_is_locked(1000)
    why = bubblewrap.ensure()
    assert "could not be: apt install bubblewrap" in why
    assert "Could not get lock" in capsys.readouterr().out
    frame = bubblewrap.loud(why)
    assert "THE SANDBOX TESTS DO NOT RUN HERE" in frame and why in frame


def test_where_nothing_installs_the_reason_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt install bubblewrap" in bubblewrap.ensure()
    assert bubblewrap.trouble() == "bubblewrap is not installed"
