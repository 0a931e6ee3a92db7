"""What an answer finds of the kit: what its lab shows works, what answers an exercise is not there at all."""

import functools
import sys
from collections.abc import Iterator

import pytest

from labkit.exercises import all_exercises
from labkit.exercises.exercise import Exercise
from labkit.exercises.judging import findings
from labkit.exercises.record import NOT_YOURS, record_of
from labkit_instructor.judging.shown import ANSWERS, shown
from labkit_instructor.sandbox.host import Sandbox
from labkit_instructor.sandbox.inside import kit
from labkit_instructor.sandbox.inside.exchange import Task
from tests.instructor.handed import labs
from tests.instructor.sandboxed import needs_sandbox

SHOWN = {i: shown(trusted, i) for trusted in labs().values() for i in trusted.coded}
IMPORTS = "\n".join(dict.fromkeys(line for t in labs().values() for line in t.imports.splitlines()))
# Nothing in these modules resembles an answer, but for lab 00.
_FAR = ("labkit.data", "labkit.synthetic", "labkit.classifiers", "labkit.settings", "labkit.exercises")


@functools.cache
def _functions() -> dict[int, object]:
    exec(IMPORTS, {})
    all_exercises()
    return {id(function): function for function in kit.functions()}


def _offered(exercise: Exercise) -> Iterator[tuple[str, object]]:
    """What of the kit an answer to this exercise could hand in as it is, by name."""
    left = kit.remains(SHOWN[exercise.id], ())
    for function in (_functions()[i] for i in left.functions if i in _functions()):
        if "." not in function.__qualname__:
            yield f"{function.__module__}.{function.__name__}", function
    for module, name in left.names:
        thing = vars(sys.modules[module])[name]
        if isinstance(thing, type) and not issubclass(thing, Exception):
            yield f"{module}.{name}", thing


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("lab", sorted(labs()))
def test_nothing_that_a_lab_shows_is_an_answer(lab):
    _functions()
    wrong, tried = [], 0
    for exercise_id in labs()[lab].coded:
        exercise = all_exercises()[exercise_id]
        for name, thing in _offered(exercise):
            if lab == "00" or not name.startswith(_FAR):
                record, tried = record_of(exercise, thing, 3), tried + 1
                if record.status == "answered" and all(f.ok for f in findings(exercise, record, 3)):
                    wrong.append(f"{name} answers {exercise_id}")
    assert wrong == []
    assert tried


def test_no_probe_needs_what_answers_its_exercise():
    _functions()
    for exercise_id, what in SHOWN.items():
        for i in kit.remains(kit.Shown(), (all_exercises()[exercise_id],)).functions & _functions().keys():
            name = f"{_functions()[i].__module__}.{_functions()[i].__qualname__}"
            answers = [a for a in what.answers if name == a or name.startswith(a + ".")]
            assert not answers, f"the probe of {exercise_id} needs {name}"


def test_every_name_in_the_list_of_answers_exists():
    _functions()
    for name in (name for names in ANSWERS.values() for name in names):
        owner, _, last = name.rpartition(".")
        assert name in sys.modules or hasattr(sys.modules[owner], last), name


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as opened:
        yield opened


def _printed(sandbox: Sandbox, exercise: str, code: str) -> str:
    """What the code prints as a cell of this exercise, after the imports of its lab."""
    lab = f"{int(exercise.split('.')[0]):02d}"
    cells = (("set-up", labs()[lab].imports, ""), ("3.2", code, ""))
    return sandbox.run(Task(cells, exercise, "no_such_name", exercise, 3), SHOWN[exercise]).result.printed


_BY_NAME = """
import pkgutil, pydoc, operator, importlib, sys, types
def attempt(name, way):
    try:
        D = lambda x: x.mean((1, 2, 3))
        found = way()
        print("got", name, found(0.9)[0](D, torch.ones(2, 3, 4, 4), torch.ones(2, 3, 4, 4)))
    except Exception as error:
        print(name, error)
attempt("resolved", lambda: pkgutil.resolve_name("labkit.losses:logits_losses"))
attempt("located", lambda: pydoc.locate("labkit.losses.logits_losses"))
attempt("attribute", lambda: getattr(sys.modules["labkit"], "los" + "ses").logits_losses)
attempt("getter", lambda: operator.attrgetter("losses.logits_losses")(recipes))
attempt("imported", lambda: importlib.import_module("labkit.losses").logits_losses)
attempt("a recipe's", lambda: lambda _: recipes.RECIPES["smoothed"].losses())
attempt("a copy", lambda: types.FunctionType(recipes.losses.logits_losses.__code__, vars(recipes.losses)))
"""


@needs_sandbox
def test_no_way_leads_to_what_answers_an_exercise(sandbox):
    lines = _printed(sandbox, "3.2", _BY_NAME).splitlines()
    assert len(lines) == 7
    assert all(NOT_YOURS in line for line in lines)


_SHOWN_WORKS = """
G, D = networks.dcgan_pair(base_channels=2)
print(tuple(D(G(torch.zeros(2, 100, 1, 1))).shape), plots.COLOURS[0])
plots.tile(torch.zeros(4, 3, 8, 8))
print(to_uint8(torch.zeros(1, 3, 2, 2)).dtype, recipes.find("handout").lr, pick(smoke=1, cpu=2, gpu=3))
plots.image_grid(torch.zeros(4, 3, 8, 8)).savefig("figure.png")
check("3.2", print)
print("done")
"""


@needs_sandbox
def test_what_the_lab_shows_works_and_what_only_draws_does_nothing(sandbox):
    printed = _printed(sandbox, "3.4", _SHOWN_WORKS).splitlines()
    assert printed == ["(2,) #0072B2", "torch.uint8 0.0002 1", "done"]


@needs_sandbox
def test_no_file_of_the_kit_is_there(sandbox):
    code = "import glob, labkit\nprint(len(glob.glob(labkit.__path__[0] + '/**', recursive=True)))"
    assert _printed(sandbox, "3.2", code) == "1\n"
