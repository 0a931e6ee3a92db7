"""Programs: the cells that an answer needs run, in order, and nothing else does."""

import ast
import time

import pytest

from labkit.exercises import find
from labkit.exercises.record import run_probe
from labkit_instructor.judging.programs import MOST_CELLS, program
from labkit_instructor.submissions.names import names
from tests.instructor.handed import answered, at, code, labs, read, solved, untouched, with_cell

SLOW_LOSS = "raise RuntimeError('this cell must not run')\n"


def _labels(notebook, exercise, given=()):
    submission = read(notebook)
    return [c.label for c in program(labs()[submission.lab], submission, exercise, given=given).cells]


def _program(notebook, exercise, given=()):
    submission = read(notebook)
    return program(labs()[submission.lab], submission, exercise, given=given)


def _run(plan):
    """As in the sandbox: a cell that raises does not stop the next."""
    namespace = {"__name__": "__main__"}
    raised = []
    for cell in plan.cells:
        try:
            exec(compile(cell.source, cell.label, "exec", dont_inherit=True), namespace)
        except Exception as error:
            raised.append(f"{cell.label}: {error!r}")
    return namespace, raised


def _answers(plan):
    """Whether the program defines its answer and the probe gets an answer from it."""
    namespace, raised = _run(plan)
    assert not raised
    return run_probe(find(plan.exercise), namespace[plan.name], 5).status == "answered"


@pytest.mark.parametrize("lab", ["01", "03"])
def test_every_solution_runs_as_a_program(lab):
    submission = read(solved(lab))
    for exercise in labs()[lab].coded:
        assert _answers(program(labs()[lab], submission, exercise)), exercise


def test_only_what_an_answer_uses_runs():
    assert _labels(solved(), "3.1") == ["set-up", "3.1"]
    assert _labels(solved(), "3.4") == ["set-up", "3.2", "3.3", "3.4"]
    assert _program(solved(), "3.4").uses == ("3.2", "3.3") and _program(solved(), "3.1").uses == ()
    broken = answered("3.1", "def bce_with_logits(logits, targets:")
    assert _answers(_program(broken, "3.4")), "a SyntaxError elsewhere sinks nothing"
    assert _labels(broken, "3.1") == ["set-up", "3.1"]


def test_the_solution_stands_in_for_an_answer():
    plan = _program(answered("3.2", "def discriminator_loss(D, real, fake):\n    1 / 0"), "3.4", ["3.2"])
    assert [c.label for c in plan.cells] == ["set-up", "given 3.2", "3.3", "3.4"] and plan.uses == (
        "3.2",
        "3.3",
    )
    assert _answers(plan)
    missing = solved()
    del missing["cells"][at(missing, "3.2")]
    assert _labels(missing, "3.4") == ["set-up", "3.3", "3.4"]
    assert _program(missing, "3.4").uses == ("3.2", "3.3"), "also where it is missing"
    assert _answers(_program(missing, "3.4", ["3.2"]))
    assert "given 3.4" not in _labels(solved(), "3.4", ["3.4"]), "its own answer is never given"


def test_the_solution_stands_in_under_the_students_name():
    notebook = answered("3.2", "def my_d(D, real, fake):\n    1 / 0")
    cell = notebook["cells"][at(notebook, "3.4")]
    cell["source"] = cell["source"].replace("discriminator_loss(", "my_d(")
    assert _program(notebook, "3.2").name == "my_d"
    assert _program(notebook, "3.4").uses == ("3.2", "3.3")
    assert _answers(_program(notebook, "3.4", ["3.2"]))


def test_a_helper_in_another_answers_cell_stays_when_that_answer_is_replaced():
    both = "def cross(l, t):\n    return F.softplus(l).mean() - t * l.mean()\n"
    notebook = answered("3.2", both + "def discriminator_loss(D, real, fake, smooth=0.9):\n    1 / 0")
    cell = notebook["cells"][at(notebook, "3.3")]
    cell["source"] = (
        cell["source"].split("\n")[0] + "\ndef generator_loss(D, real, fake):\n    return cross(D(fake), 1)"
    )
    assert _program(notebook, "3.3").uses == ("3.2",)
    plan = _program(notebook, "3.4", ["3.2"])
    assert [c.label for c in plan.cells] == ["set-up", "3.2", "given 3.2", "3.3", "3.4"]
    assert _answers(plan)


def test_helpers_run_when_their_names_are_used_directly_or_through_others():
    notebook = answered("3.7", "def loss_floor(smooth):\n    return entropy(smooth)")
    notebook = with_cell(notebook, "3.7", code("import numpy as np"))
    notebook = with_cell(notebook, "3.7", code("def entropy(s):\n    return part(s) + part(1 - s)"))
    notebook = with_cell(notebook, "3.7", code("def part(s):\n    return -s * np.log(max(s, 1e-300))"))
    notebook = with_cell(notebook, "3.7", code(SLOW_LOSS + "other = 1"))
    assert _labels(notebook, "3.7") == ["set-up", "helper 1", "helper 2", "helper 3", "3.7"]
    assert _answers(_program(notebook, "3.7"))
    assert _labels(notebook, "3.1") == ["set-up", "3.1"]


def test_a_helper_below_counts_for_function_bodies_only():
    notebook = answered("3.7", "def loss_floor(smooth):\n    return entropy(smooth)")
    below = with_cell(notebook, "3.7", code("def entropy(s):\n    return 0.0"), after=True)
    assert _labels(below, "3.7") == ["set-up", "3.7", "helper 1"]
    at_once = answered("3.7", "def loss_floor(smooth, base=entropy(1)):\n    return base")
    below = with_cell(at_once, "3.7", code("def entropy(s):\n    return 0.0"), after=True)
    assert _labels(below, "3.7") == ["set-up", "3.7"]
    both = with_cell(with_cell(notebook, "3.7", code("def entropy(s):\n    return 1.0")), "3.7", code(
        "def entropy(s):\n    return 0.0"), after=True)  # fmt: skip
    assert _labels(both, "3.7") == ["set-up", "helper 1", "3.7"], "as it was when its check ran"


def test_a_star_import_may_define_anything():
    notebook = answered("3.7", "def loss_floor(smooth):\n    return -smooth * log(smooth)")
    notebook = with_cell(notebook, "3.7", code("from math import *"))
    assert _labels(notebook, "3.7") == ["set-up", "helper 1", "3.7"]


def test_dynamic_code_gets_every_helper_above():
    notebook = answered("3.7", "def loss_floor(smooth):\n    return globals()['ent' + 'ropy'](smooth)")
    notebook = with_cell(notebook, "3.7", code("def entropy(s):\n    return 0.0"))
    assert _labels(notebook, "3.7") == ["set-up", "helper 1", "3.7"]


def test_a_helper_that_completes_an_object_runs():
    notebook = with_cell(solved(), "3.6", code("Checkpoint.keep = 3\nfor i in range(3): pass"), after=True)
    assert _labels(notebook, "3.6") == ["set-up", "3.6", "helper 1"]
    notebook = with_cell(solved(), "3.6", code("torch.manual_seed(0)\nplt.rcParams['figure.dpi'] = 3"))
    assert _labels(notebook, "3.6") == ["set-up", "3.6"], "the notebook's imports are nobody's object"
    own = answered("3.7", "import numpy as np\ndef loss_floor(smooth):\n    return np.log(smooth)")
    own = with_cell(own, "3.7", code("np.random.seed(0)\n" + SLOW_LOSS), after=True)
    assert _labels(own, "3.7") == ["set-up", "3.7"], "nor are the student's"


def test_a_changed_import_cell_does_not_hide_the_instructors():
    notebook = answered("3.7", "def loss_floor(smooth):\n    return np.log(smooth) + math.log(smooth)")
    imports = next(c for c in notebook["cells"] if "import functools" in c["source"])
    imports["source"] += "\nimport numpy as np\n" + SLOW_LOSS
    assert _labels(notebook, "3.7") == ["set-up", "helper 1", "3.7"]
    assert _labels(notebook, "3.1") == ["set-up", "3.1"], "torch comes from the set-up"


def test_a_students_own_version_of_an_imported_name_is_used():
    notebook = answered("3.5", "def training_loop(run, steps, every, update):\n    trange(1), to_uint8(2)")
    notebook = with_cell(notebook, "3.5", code("def trange(n, **more):\n    return range(n)"))
    assert _labels(notebook, "3.5") == ["set-up", "helper 1", "3.5"]


def test_the_notebooks_own_functions_and_plain_values_run_and_what_is_heavy_is_told():
    plan = _program(answered("3.7", "def loss_floor(smooth):\n    return latent_dim, pull, weights"), "3.7")
    labels = [c.label for c in plan.cells]
    assert labels[0] == "set-up" and labels[-1] == "3.7"
    assert {label.split()[0] for label in labels[1:-1]} == {"notebook"} and not plan.notes
    namespace, raised = _run(plan)
    assert not raised and namespace["latent_dim"] == 100 and callable(namespace["weights"])
    heavy = _program(answered("3.7", "def loss_floor(smooth):\n    return images, undefined"), "3.7")
    assert len(heavy.notes) == 1 and "it uses `images`, which cell 9 of the notebook makes" in heavy.notes[0]
    own = _program(answered("3.7", "def loss_floor(smooth):\n    return new_pair(64, 8)"), "3.7")
    assert len(own.notes) == 1 and "it uses `mine`" in own.notes[0], "no student's file is taken when grading"
    through = _program(answered("3.7", "def loss_floor(smooth):\n    return trained()"), "3.7")
    assert set(through.uses) == {"3.2", "3.3", "3.4", "3.5"}


def test_answers_moved_about_still_run():
    notebook = solved()
    cells = notebook["cells"]
    cells.append(cells.pop(at(notebook, "3.2")))
    assert _labels(notebook, "3.4") == ["set-up", "3.3", "3.4", "3.2"]
    assert _answers(_program(notebook, "3.4"))


def test_a_blank_answer_is_a_program_too():
    plan = _program(untouched(), "3.2")
    namespace, raised = _run(plan)
    assert not raised and run_probe(find("3.2"), namespace[plan.name], 5).status == "blank"
    with pytest.raises(KeyError):
        _program(untouched(), "3.8")


def test_names_of_a_piece_of_code():
    found = names(
        "import a.b, c as d\nfrom e import f\nx = [y for y in rows if y > low]\n"
        "def g(n=default):\n    global made\n    made = n\n    return later(n, lambda q: q + deep)\n"
        "class K(Base):\n    z = now\n    def m(self):\n        return self, inner, print\n"
        "K.m = g\nrows.append(1)\nwith open(p) as h: pass\n"
    )
    assert found.binds == {
        "a": "a", "d": "c", "f": "e.f", "x": "", "g": "def", "made": "", "K": "class", "h": ""
    }  # fmt: skip
    assert {"rows", "low", "default", "Base", "now", "p"} <= found.now
    assert {"later", "deep", "inner", "print"} <= found.later and not {"n", "q", "self", "y"} & found.needs
    assert found.touches == {"K", "rows"} and not found.star and not found.dynamic
    for source, touched in (
        (
            "for r in rows:\n    if r:\n        table[r] = 1\n    else:\n        seen.append(r)",
            {"table", "seen"},
        ),
        ("with a as b:\n    try:\n        pass\n    except E:\n        K.f = g", {"K"}),
        ("a['x'], *b.y, z = 1, 2, 3\nz += 1\ndel c[0]", {"a", "b", "c"}),
        ("@register(K)\ndef f(): rows.append(1)", {"register", "K"}),
        ("class K(K):\n    x.y = 1\nf = cached(f)", {"K", "f"}),
        ("x = 1\nprint(x)\nclass L(K): pass", set()),
    ):
        assert names(source).touches == touched, source
    assert names("from m import *").star and names("exec('1')").dynamic and names("def f(:") is None


def test_the_light_part_of_every_lab_runs_by_itself():
    for lab, trusted in labs().items():
        made = {n for s in trusted.light for n in s.names.binds} | trusted.provided.keys()
        needed = {n for s in trusted.light for n in s.names.now - s.names.binds.keys()}
        assert needed <= made | set(dir(__builtins__)) | set(__builtins__), lab
        assert not made & trusted.heavy.keys(), lab
        values = [s.source for s in trusted.light if isinstance(ast.parse(s.source).body[0], ast.Assign)]
        assert not any("load(" in v or "train(" in v or "played(" in v for v in values), lab


def test_cells_that_need_each_other_are_linear_work_up_to_a_limit():
    circle = ["p = q = r = s = t = P, Q, R, S, T", "P = Q = R = S = T = p, q, r, s, t"]
    notebook = answered("3.1", "def bce_with_logits(logits, targets):\n    return p, q\n")
    place = at(notebook, "3.1")
    notebook["cells"][place:place] = [code(circle[n % 2]) for n in range(4_000)]
    submission = read(notebook)
    start = time.process_time()
    plan = program(labs()["03"], submission, "3.1")
    assert f"at most {MOST_CELLS}" in plan.trouble and not plan.cells
    assert time.process_time() - start < 2
