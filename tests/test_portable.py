"""The tests under other vector instructions: each name is run, once for each code that there really is."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import portable


@pytest.fixture
def processor(monkeypatch):
    """Make up what PyTorch has under each name; returns the names under which tests were run."""

    def prepare(had, failing=()):
        ran = []

        def python(name, *arguments):
            if "-c" in arguments:
                return SimpleNamespace(communicate=lambda: (had[name] + "\n", None))
            ran.append(name)
            return SimpleNamespace(communicate=lambda: ("", None), returncode=int(name in failing))

        monkeypatch.setattr(portable, "_python", python)
        return ran

    return prepare


def test_all_that_a_processor_has_are_ran(processor, capsys):
    ran = processor({"default": "DEFAULT", "avx2": "AVX2", "native": "AVX512"})
    assert portable.main([]) == 0
    assert ran == ["default", "avx2", "native"]
    said = capsys.readouterr().out
    assert all(f"PyTorch has {had}" in said for had in ("DEFAULT", "AVX2", "AVX512"))


def test_a_fall_back_is_said_and_not_ran_twice(processor, capsys):
    ran = processor({"default": "DEFAULT", "avx2": "DEFAULT", "native": "DEFAULT"})
    assert portable.main([]) == 0
    assert ran == ["default"]
    assert "avx2: PyTorch has DEFAULT, as under default: not tested again" in capsys.readouterr().out


def test_one_failure_is_enough_and_the_others_still_run(processor, capsys):
    ran = processor({"default": "DEFAULT", "avx2": "AVX2", "native": "AVX512"}, failing=["default"])
    assert portable.main(["default", "avx2"]) == 1
    assert ran == ["default", "avx2"]
    assert [line for line in capsys.readouterr().out.splitlines() if "FAILED" in line] == [
        "--- default: FAILED"
    ]


def test_an_unknown_name_is_refused(processor, capsys):
    ran = processor({})
    assert portable.main(["sse9"]) == 2
    assert ran == [] and "sse9" in capsys.readouterr().out


def test_the_callers_own_settings_do_not_leak_into_native(monkeypatch):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    assert "ATEN_CPU_CAPABILITY" not in portable.environment_of("native")
    assert portable.environment_of("avx2")["ATEN_CPU_CAPABILITY"] == "avx2"


def test_what_is_numeric_is_among_the_files():
    names = [Path(path).name for path in portable.files()]
    for name in ("metrics_manifold", "games_ring", "losses", "networks", "answers", "lab02_claims"):
        assert f"test_{name}.py" in names


def test_pytorch_obeys_the_setting():
    """On any processor "default" is no more than what it has natively."""
    had = [portable._python(n, "-c", portable._HAD).communicate()[0].strip() for n in ("default", "native")]
    assert had[0] in ("DEFAULT", "NO AVX", had[1])  # the second is what older versions of PyTorch say
