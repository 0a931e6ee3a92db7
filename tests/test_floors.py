"""The order of the house: a module imports only from floors below its own."""

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
    4: ("games",),
    5: ("widgets", "exercises"),
    6: ("checks",),
    7: ("instructor", "hand_in", "own_networks", "doctor"),
    8: ("commands",),
    9: ("cli",),
}
# fmt: on
FLOOR = {name: floor for floor, names in FLOORS.items() for name in names}
MODULES = sorted((ROOT / "labkit").rglob("*.py"))


def _name(path: Path) -> str:
    """labkit/data/cache.py -> "labkit.data.cache"."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _room(module: str) -> str:
    """The part of the kit that a module belongs to: "labkit.data.cache" -> "data"."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "labkit" else parts[0]


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name}: write imports in full"
            names |= (
                {f"{node.module}.{a.name}" for a in node.names} if node.module == "labkit" else {node.module}
            )
    return {n for n in names if n.split(".")[0] == "labkit"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_from_below(path):
    own = _room(_name(path))
    assert own in FLOOR, f"{own} has no floor: add it to the table here and in CONTRIBUTING"
    for name in _imports(path):
        room = _room(name) if _room(name) in FLOOR else "labkit"
        same = room == own
        assert same or FLOOR[room] < FLOOR[own], (
            f"{own} (floor {FLOOR[own]}) imports {name} (floor {FLOOR[room]})"
        )


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
            for name in {module.split(".")[0] for module in modules} - sys.stdlib_module_names - {"labkit"}:
                if not declared & {sold.lower() for sold in sold_as.get(name, [name])}:
                    missing.add((path.name, name))
    assert not missing


def test_contributing_lists_the_floors_as_they_are():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    listed = {int(floor): set(re.findall(r"`(\w+)", rooms)) for floor, rooms in rows}
    assert listed == {floor: set(rooms) - {"labkit"} for floor, rooms in FLOORS.items()}


def test_the_readme_names_every_room():
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("\nlabkit/ ")[1].split("\ndata/ ")[0]
    listed = set(re.findall(r"\b(\w+)(?:/|\.py)", text))
    rooms = {_room(_name(path)) for path in MODULES} - {"labkit"}
    assert rooms <= listed, rooms - listed
