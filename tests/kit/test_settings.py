"""Settings come from the machine and LABKIT_ variables; a bad one is named. And how `make lab` starts."""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from labkit import notebook, settings
from labkit.cli import main
from labkit.commands import lab
from tests.kit.data_helpers import web_server


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No LABKIT_ variable is set, and the working directory is no checkout."""
    for name in [n for n in os.environ if n.startswith(("LABKIT_", "COLAB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_the_budget_follows_the_device_unless_it_is_set(bare):
    here = settings.current()
    assert here.budget == ("gpu" if torch.cuda.is_available() else "cpu")
    bare.setenv("LABKIT_BUDGET", "smoke")
    assert settings.current().budget == "smoke"
    assert settings.pick(smoke=1, cpu=2, gpu=3) == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("LABKIT_BUDGET", "huge", "none of smoke, cpu, gpu"), ("LABKIT_DEVICE", "toaster", "Write cpu or cuda")],
)
def test_a_bad_variable_is_named(bare, name, value, says):
    bare.setenv(name, value)
    with pytest.raises(settings.SettingsError, match=says) as error:
        settings.current()
    assert name in str(error.value) and value in str(error.value)


def test_folders_lie_in_a_checkout_or_in_the_home_or_where_they_are_told(bare, tmp_path):
    assert ".cache" in str(settings.current().data_dir)
    (tmp_path / "labkit").mkdir()
    (tmp_path / "course.toml").touch()
    (tmp_path / "solutions").mkdir()
    bare.chdir(tmp_path / "solutions")
    assert settings.current().data_dir == tmp_path / "data" / "cache"
    bare.setenv("LABKIT_DATA", str(tmp_path / "elsewhere"))
    assert settings.current().data_dir == tmp_path / "elsewhere"


def test_in_colab_the_first_cell_says_how_to_get_a_gpu(bare, capsys):
    bare.setenv("LABKIT_DEVICE", "cpu")
    notebook.start("01")
    assert "No GPU" not in capsys.readouterr().out
    bare.setenv("COLAB_RELEASE_TAG", "release-colab_stub")
    notebook.start("01")
    assert "Change runtime type" in capsys.readouterr().out


@pytest.mark.parametrize("device", ["mps", "tpu", "cuda:99", "xla", "meta:"])
def test_a_device_that_is_not_there_is_named_without_pytorchs_page(bare, device):
    bare.setenv("LABKIT_DEVICE", device)
    with pytest.raises(
        settings.SettingsError, match=f"LABKIT_DEVICE='{device}' cannot be used here"
    ) as error:
        settings.current()
    assert len(str(error.value)) < 150


def test_no_tensorboard_server_is_started_in_smoke(bare, capsys, tmp_path):
    bare.setenv("LABKIT_BUDGET", "smoke")
    notebook.tensorboard(tmp_path)
    assert "not started" in capsys.readouterr().out
    assert not notebook.somebody_watches()


def test_the_magic_finds_tensorboard_without_an_activated_environment(bare, tmp_path):
    """A notebook's kernel has the environment's Python, and not its folder on the path."""
    bare.setenv("LABKIT_BUDGET", "cpu")
    bare.delenv("LABKIT_TENSORBOARD", raising=False)
    bare.setenv("TENSORBOARD_BINARY", "")  # noted, so that what is set below is undone
    bare.delenv("TENSORBOARD_BINARY")
    bare.setenv("PATH", str(tmp_path))
    assert notebook.somebody_watches()
    assert os.environ["TENSORBOARD_BINARY"] == str(Path(sys.executable).with_name("tensorboard"))


def test_the_record_of_a_tensorboard_that_is_dead_is_forgotten(bare, tmp_path):
    import tensorboard.notebook
    from tensorboard import manager

    def record(pid, port):
        facts = {"version": "2.20.0", "start_time": 1, "pid": pid, "port": port, "path_prefix": "", "db": ""}
        return json.dumps(facts | {"logdir": "runs", "cache_key": "key"})

    bare.setattr(tempfile, "tempdir", str(tmp_path))
    bare.setenv("LABKIT_BUDGET", "cpu")
    bare.delenv("LABKIT_TENSORBOARD", raising=False)
    started = []
    bare.setattr(tensorboard.notebook, "start", started.append)
    records = tmp_path / ".tensorboard-info"
    records.mkdir()
    with web_server({"/data/environment": b"{}"}) as (address, _):
        (records / "pid-1.info").write_text(record(1, int(address.rpartition(":")[2])))
        (records / "pid-2.info").write_text(record(2, 9))
        notebook.tensorboard(tmp_path / "runs")
        assert [server.pid for server in manager.get_all()] == [1]
    assert started


def test_jupyterlab_starts_as_root_and_without_a_screen(bare, tmp_path, capsys):
    if sys.platform != "linux":
        pytest.skip("screens and root are told apart on Linux here")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").touch()
    started = []
    bare.setattr(os, "execv", lambda program, command: started.append(command))
    bare.setattr(os, "geteuid", lambda: 0)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        bare.delenv(name, raising=False)
    lab.run(argparse.Namespace(port=9000))
    assert {"--allow-root", "--no-browser", "--port=9000"} <= set(started[0])
    assert f"--ServerApp.root_dir={tmp_path}" in started[0], "the whole kit is to be seen, not one folder"
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in started[0]
    assert "open the address" in capsys.readouterr().out
    bare.setattr(os, "geteuid", lambda: 1000)
    bare.setenv("DISPLAY", ":0")
    lab.run(argparse.Namespace(port=8888))
    assert not {"--allow-root", "--no-browser"} & set(started[1])


def test_where_the_labs_cannot_open_it_says_what_to_do(bare, tmp_path, capsys):
    assert main(["lab"]) == 1
    assert "Run this in the kit's folder" in capsys.readouterr().err
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").touch()
    bare.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["lab"]) == 1
    assert "pip install 'gan-lab-kit[student]'" in capsys.readouterr().err
