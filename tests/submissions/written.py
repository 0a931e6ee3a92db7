"""The answers of `tests.answers` as students would hand them in: the text of an answer cell and its helpers.

An answer there is an expression in a table, made of functions around it. Its text is the answer cell; the
definitions that it needs, from whichever module, become a helper cell.
"""

import ast
import functools
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "tests.answers"
_DEFINITIONS = ast.FunctionDef | ast.ClassDef | ast.Assign


@dataclass(frozen=True)
class Text:
    """``helper`` stands in a cell before the answer ("" where none is needed); ``answer`` in the answer's."""

    helper: str
    answer: str


@dataclass(frozen=True)
class _Module:
    name: str
    definitions: dict[str, _DEFINITIONS]
    siblings: dict[str, tuple[str, str]]  # name -> (module, name in it); "" for the module itself
    imports: tuple[str, ...]


def right(exercise: str, number: int, name: str) -> Text:
    """The right answer of this number, defined as ``name``."""
    return _text(*_table("RIGHT", exercise)[number], name)


def wrong(exercise: str, clue: str, name: str) -> Text:
    """The wrong answer that must be told this clue, defined as ``name``."""
    return _text(*_table("WRONG", exercise)[clue], name)


def clues(exercise: str) -> list[str]:
    """The clues of all wrong answers to an exercise."""
    return list(_table("WRONG", exercise))


def right_count(exercise: str) -> int:
    """How many right answers there are beside the solution."""
    return len(_table("RIGHT", exercise))


@functools.cache
def _module(name: str) -> _Module:
    tree = ast.parse(Path(inspect.getfile(importlib.import_module(f"{PACKAGE}.{name}"))).read_text("utf-8"))
    definitions, siblings, imports = {}, {}, []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign):
            if not isinstance(node.targets[0], ast.Name):
                raise ValueError(f"{name}.py, line {node.lineno}: give each name a line of its own")
            definitions[node.targets[0].id] = node
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            siblings |= {alias.name: (alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            siblings |= {alias.name: (node.module.rsplit(".")[-1], alias.name) for alias in node.names}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(ast.unparse(node))
    return _Module(name, definitions, siblings, tuple(imports))


def _table(table: str, exercise: str) -> dict:
    """key -> (module, expression), from whichever file ``labNN*.py`` has the exercise in its table."""
    lab = f"lab{int(exercise.split('.')[0]):02d}"
    for file in sorted((Path(__file__).parents[1] / "answers").glob(f"{lab}*.py")):
        module = _module(file.stem)
        rows = dict(_entries(module, module.definitions[table].value)) if table in module.definitions else {}
        if exercise in rows:
            return dict(_entries(*rows[exercise]))
    raise KeyError(f"no file of {lab} in tests/answers has {exercise} in its {table}")


def _entries(module: _Module, node: ast.expr) -> Iterator[tuple]:
    if isinstance(node, ast.List):
        yield from ((i, (module, value)) for i, value in enumerate(node.elts))
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                yield from _entries(module, value)
            else:
                yield key.value, (module, value)
    else:
        home, name = _named(module, node)
        yield from _entries(home, home.definitions[name].value)


def _named(module: _Module, node: ast.expr) -> tuple[_Module, str] | None:
    """Where a name is defined, or None for one that no module of answers defines."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        home, name = module.siblings.get(node.value.id, ("", ""))
        return (_module(home), node.attr) if home and not name else None
    if isinstance(node, ast.Name):
        if node.id in module.definitions:
            return module, node.id
        home, name = module.siblings.get(node.id, ("", ""))
        return (_module(home), name) if name else None
    return None


class _Own(ast.NodeTransformer):
    """Gives every definition a name that holds in one notebook, and keeps what it met."""

    def __init__(self, module: _Module) -> None:
        self.module, self.met = module, []

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._renamed(node) or node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._renamed(node) or self.generic_visit(node)

    def _renamed(self, node: ast.expr) -> ast.Name | None:
        if not (found := _named(self.module, node)):
            return None
        self.met.append(found)
        return ast.Name(_own_name(*found), node.ctx)


def _own_name(module: _Module, name: str) -> str:
    return f"{module.name}_{name.strip('_')}"


def _text(module: _Module, node: ast.expr, name: str) -> Text:
    found = _named(module, node)
    lines: dict[str, str] = {}
    if found and not isinstance(found[0].definitions[found[1]], ast.Assign):
        answer = _definition(*found, lines, name)
    else:
        answer = f"{name} = {_source(module, node, lines)}"
    homes = {line.split(":", 1)[0] for line in lines} | {module.name, found[0].name if found else ""} - {""}
    imports = [line for home in sorted(homes) for line in _module(home).imports]
    helper = "\n\n\n".join(["\n".join(dict.fromkeys(imports)), *lines.values()]) if lines else ""
    return Text(helper, answer if lines else "\n".join([*dict.fromkeys(imports), "", answer]))


def _definition(module: _Module, name: str, lines: dict[str, str], as_name: str) -> str:
    node = ast.parse(ast.unparse(module.definitions[name])).body[0]
    if not isinstance(node, ast.Assign):
        node.name = as_name
    return _source(module, node, lines)


def _source(module: _Module, node: ast.AST, lines: dict[str, str]) -> str:
    """The text of a node; what it needs is added to ``lines`` first."""
    own = _Own(module)
    text = ast.unparse(own.visit(ast.parse(ast.unparse(node))))
    for home, name in own.met:
        key = f"{home.name}:{name}"
        if key not in lines:
            lines[key] = ""  # a name that needs itself is met once
            lines[key] = _definition(home, name, lines, _own_name(home, name))
            lines[key] = lines.pop(key)  # after what it needs
    return text
