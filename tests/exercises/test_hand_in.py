"""hand_in: the table of visible checks, whatever the answers do, and the way to the file."""

import sys
import types

import nbformat
import pytest

from labkit import checks, notebook
from labkit import hand_in as module
from labkit.exercises import all_exercises
from labkit.exercises.exercise import Exercise
from labkit.hand_in import hand_in, of_lab, visible
from tests.solutions import definitions, notebooks


def right(images):
    return (images / 127.5 - 1).permute(0, 3, 1, 2)


def blank(images):
    raise NotImplementedError("Exercise 0.1: your code here")


def loud(images):
    print("loud " * 100_000)
    print("loud", file=sys.stderr)
    return right(images)


def leaves(images):
    raise SystemExit


class Nasty:
    """Whatever is asked of it, it fails."""

    def __getattribute__(self, name):
        raise RuntimeError(f"no {name}")


@pytest.fixture
def names(monkeypatch):
    """The names of a notebook that is no notebook: plain Python's ``__main__``."""
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    for home in (module, notebook):
        monkeypatch.setattr(home, "page_shell", lambda: None)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    return vars(main)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (right, "passed"),
        (loud, "passed"),
        (blank, "not attempted"),
        (lambda images: images, "not yet"),
        (leaves, "not yet"),
        (None, "not yet"),
        (Nasty, "not yet"),
        (3, "not yet"),
    ],
)
def test_an_answer_has_a_status_and_prints_nothing(answer, status, capsys):
    if answer is Nasty:
        answer = Nasty()  # made here: pytest itself would look at it
    row = visible(all_exercises()["0.1"], {"scale_images": answer})
    assert row.status == status and row.points == (2 if status == "passed" else 0)
    assert bool(row.first) == (status == "not yet")
    assert capsys.readouterr() == ("", "")


def test_what_is_not_defined_is_not_attempted_and_prose_is_for_a_person():
    assert visible(all_exercises()["0.1"], {}).status == "not attempted"
    assert visible(all_exercises()["3.8"], {}).status == "read by a person"


def test_a_check_that_breaks_down_is_said_and_not_raised(monkeypatch):
    def broken(*_):
        raise RuntimeError("a mistake of the kit")

    monkeypatch.setattr(checks, "findings", broken)
    row = visible(all_exercises()["0.1"], {"scale_images": right})
    assert (row.status, row.first) == ("not yet", "the check itself stopped: RuntimeError")


def test_the_report_in_plain_python(names, capsys):
    names |= {"scale_images": right, "unscale_images": lambda images: images}
    hand_in("00")
    out = capsys.readouterr().out
    assert "checking 0.1 scale_images …" in out
    for line in ("✔ 0.1 scale_images    passed", "✘ 0.2 unscale_images  not yet", "Visible points: 2 of 4."):
        assert line in out
    for words in ("visible checks", "other inputs", "Save Notebook"):
        assert words in out
    assert not [line for line in out.splitlines() if len(line) > 110]


def test_prose_counts_apart(names, capsys):
    hand_in("03")
    out = capsys.readouterr().out
    assert "Visible points: 0 of 23, and up to 4 more for what a person reads." in out
    assert "checking" not in out, "nothing is there to check"


def test_stop_keeps_the_table_so_far(names, capsys, monkeypatch):
    def stopped(exercise, _names):
        if exercise.id == "0.2":
            raise KeyboardInterrupt
        return module.Line(exercise, "passed")

    monkeypatch.setattr(module, "visible", stopped)
    hand_in("00")
    out = capsys.readouterr().out
    assert "0.1 scale_images    passed" in out and "0.2 unscale_images  not checked" in out


@pytest.mark.parametrize("bad", ["9", "x", "", None, 17])
def test_a_lab_that_is_not_there_is_named(bad):
    with pytest.raises(ValueError, match="there is no lab .*; here are: 00, 01"):
        hand_in(bad)


def test_colab_and_laptops_have_their_own_way_to_the_file(names, capsys, monkeypatch):
    monkeypatch.setenv("COLAB_RELEASE_TAG", "stub")
    hand_in("00")
    assert "Download .ipynb" in capsys.readouterr().out
    monkeypatch.delenv("COLAB_RELEASE_TAG")
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/someone/kit/notebooks/00_start_here.ipynb")
    hand_in("00")
    out = capsys.readouterr().out
    assert "Hand in its file 00_start_here.ipynb" in out and "/home/someone" not in out


def test_in_a_notebook_one_output_grows_and_holds_the_table(monkeypatch):
    shown = []

    class Handle:
        def update(self, data, raw):
            shown.append(data)

    def display(data, raw, display_id):
        shown.append(data)
        return Handle()

    import IPython.display

    shell = types.SimpleNamespace(user_ns={"scale_images": right, "unscale_images": leaves})
    for home in (module, notebook):
        monkeypatch.setattr(home, "page_shell", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", display)
    hand_in("00")
    assert len(shown) == 3 and "checking 0.2" in shown[1]["text/plain"]
    page = shown[-1]["text/html"]
    assert "<td" in page and "not yet" in page and "checking" not in page
    assert "✘ <code>unscale_images(images)</code> runs" in page


def test_html_escapes_what_a_finding_says():
    exercise = all_exercises()["0.1"]
    report = module._Report("00", [module.Line(exercise, "not yet", "<script>`<b>`")])
    assert "<script>" not in report.html() and "<code>&lt;b&gt;</code>" in report.html()
    assert "{" not in report.html(), "a colour or a text was not filled in"


@pytest.mark.parametrize("path", notebooks("solutions")[:2], ids=lambda p: p.stem)
def test_the_solutions_pass_all_their_visible_checks(path):
    lab = [e for e in of_lab(path.name[:2]) if isinstance(e, Exercise)]
    answers = definitions(path)
    names = {e.name: answers[e.id] for e in lab}
    assert [visible(e, names).status for e in lab] == ["passed"] * len(lab)


@pytest.mark.parametrize("folder", ["solutions", "notebooks"])
def test_every_lab_ends_with_it(folder):
    for path in notebooks(folder):
        cells = nbformat.read(path, as_version=4).cells
        assert cells[-1].source == f'hand_in("{path.name[:2]}")'
        assert cells[-2].source.startswith("## Hand in")
        if folder == "solutions":
            table = cells[-1].outputs[0].data["text/plain"]
            assert "✘" not in table and "not attempted" not in table and "Visible points" in table
