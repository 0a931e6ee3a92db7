"""The order of both houses: a module imports only from floors below its own, and the kit never from the
instructor's package."""

import ast
import graphlib
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# fmt: off
FLOORS = {
    0: ("labkit", "settings", "files", "markup"),
    1: (
        "notebook", "synthetic", "networks", "losses", "variational", "translation", "logbook", "plots",
        "metrics",
    ),
    2: ("data", "training", "styles", "notebook_source"),
    3: ("recipes", "diagnosis", "classifiers"),
    4: ("editing", "games"),
    5: ("widgets", "exercises"),
    6: ("checks",),
    7: ("hand_in", "own_networks", "doctor"),
    8: ("commands",),
    9: ("cli",),
}
# fmt: on
INSTRUCTORS = {  # on top of the kit, of which they may import anything
    0: ("labkit_instructor", "marks"),
    1: ("authoring", "people", "sandbox"),
    2: ("submissions",),
    3: ("gradebook",),
    4: ("judging", "reports"),
    5: ("publish",),
    6: ("commands",),
}
HOUSES = {
    house: {name: floor for floor, names in floors.items() for name in names}
    for house, floors in (("labkit", FLOORS), ("labkit_instructor", INSTRUCTORS))
}
MODULES = sorted(path for house in HOUSES for path in (ROOT / house).rglob("*.py"))


def _name(path: Path) -> str:
    """labkit/data/cache.py -> "labkit.data.cache"."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _house(module: str) -> str:
    """ "labkit.data.cache" -> "labkit"."""
    return module.split(".")[0]


def _room(module: str) -> str:
    """The part of its house that a module belongs to: "labkit.data.cache" -> "data"."""
    house, *rooms = module.split(".")
    return rooms[0] if rooms and rooms[0] in HOUSES[house] else house


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name}: write imports in full"
            whole = {f"{node.module}.{a.name}" for a in node.names}
            names |= whole if node.module in HOUSES else {node.module}
    return {n for n in names if _house(n) in HOUSES}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_from_below(path):
    house, own = _house(_name(path)), _name(path).split(".")[:2][-1]
    floors = HOUSES[house]
    assert own in floors, f"{own} has no floor: add it to the table here and in CONTRIBUTING"
    for name in _imports(path):
        if _house(name) != house:
            assert house == "labkit_instructor", f"{path.name} imports {name}: the kit stands alone"
        elif (room := _room(name)) != own:
            assert floors[room] < floors[own], (
                f"{own} (floor {floors[own]}) imports {name} (floor {floors[room]})"
            )


def test_no_module_of_the_kit_names_the_instructors_package_but_the_command_line():
    """Imports by a string would slip past the test above."""
    told = [path for path in MODULES if "labkit_instructor" in path.read_text(encoding="utf-8")]
    assert [path for path in told if _house(_name(path)) == "labkit"] == [ROOT / "labkit" / "cli.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_opens_with_its_idea_and_stays_small(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module opens with its one idea"
    if text.count("\n") > 400:
        opening = " ".join(text.splitlines()[:12])
        assert "lines" in opening or "long" in opening, "over 400 lines: its first lines say why"
    assert "import *" not in text


def test_no_modules_import_each_other_in_a_circle():
    """Imports inside functions and for type checking count too."""
    paths = {_name(path): path for path in MODULES}
    graph = {}
    for name, path in paths.items():
        imported = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                for whole in (f"{node.module}.{a.name}" for a in node.names):
                    imported.add(whole if whole in paths else node.module)
        graph[name] = imported & paths.keys()
    graphlib.TopologicalSorter(graph).prepare()  # a CycleError names the circle


def test_every_package_that_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    declared = {re.match(r"[\w.-]+", line)[0].lower() for line in sum(extras, project["dependencies"])}
    sold_as, missing = packages_distributions(), set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in (
                {module.split(".")[0] for module in modules} - sys.stdlib_module_names - HOUSES.keys()
            ):
                if not declared & {sold.lower() for sold in sold_as.get(name, [name])}:
                    missing.add((path.name, name))
    assert not missing


def test_contributing_lists_the_floors_as_they_are():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    kit, instructors = text.split("\n| floor | rooms |\n")[1:]
    for table, floors, house in ((kit, FLOORS, "labkit"), (instructors, INSTRUCTORS, "labkit_instructor")):
        rows = re.findall(r"^\| (\d+) \| (.+) \|$", table, re.MULTILINE)
        listed = {int(floor): set(re.findall(r"`(\w+)", rooms)) for floor, rooms in rows}
        assert listed == {floor: set(rooms) - {house} for floor, rooms in floors.items()}


@pytest.mark.parametrize(
    ("house", "after"), [("labkit", "\nlabkit_instructor/ "), ("labkit_instructor", "\ndata/ ")]
)
def test_the_readme_names_every_room(house, after):
    text = (ROOT / "README.md").read_text(encoding="utf-8").split(f"\n{house}/ ")[1].split(after)[0]
    listed = set(re.findall(r"\b(\w+)(?:/|\.py)", text))
    rooms = {_room(_name(path)) for path in MODULES if _house(_name(path)) == house} - {house}
    assert rooms <= listed, rooms - listed
