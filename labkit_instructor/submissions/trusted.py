"""The instructor's own notebook of a lab: what students got, what the answers are, what may run beside them.

A student's submission fills in the answer cells; all the rest of the notebook comes from here. Of that rest
only what is light runs when grading: imports, definitions and plain values. Data is not loaded and nothing
is trained for the sake of an answer.
"""

import ast
import builtins
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from labkit_instructor.authoring import markers
from labkit_instructor.submissions.names import Names, imported, names, parse, plain, skeleton

# Calls that cost nothing: a value made with these only is as plain as a literal.
_CHEAP = {
    "pick",
    "range",
    "max",
    "min",
    "len",
    "int",
    "float",
    "tuple",
    "list",
    "dict",
    "set",
    "sorted",
    "sum",
}
_RUBRIC = re.compile(r"^\W*rubric\b", re.IGNORECASE)


class TrustedError(ValueError):
    """A lab has no usable solution notebook; the message says which and why."""


@dataclass(frozen=True)
class TrustedCell:
    """A cell of the solution notebook, and the one that students got in its place (``blank``)."""

    number: int
    id: str
    kind: str
    source: str
    blank: str
    header: markers.Header | None = None


@dataclass(frozen=True)
class Light:
    """A statement of the notebook that may run beside an answer."""

    number: int
    source: str
    names: Names


@dataclass(frozen=True)
class Trusted:
    """The instructor's notebook of one lab.

    Attributes:
        lab: "03".
        stem: the file's name without its suffix: "03_training_loop".
        cells: all cells in order.
        imports: the source of all its import statements, in order.
        provided: name -> what it stands for, for every name that these imports make.
        light: definitions and plain values outside the answer cells, in order.
        heavy: name -> number of the cell that makes it, for names that nothing light makes.
        texts: fingerprints of the cells that students got, as text.
        trees: fingerprints of the code cells that students got, as syntax trees.
    """

    lab: str
    stem: str
    cells: tuple[TrustedCell, ...]
    imports: str = ""
    provided: Mapping[str, str] = field(default_factory=dict)
    light: tuple[Light, ...] = ()
    heavy: Mapping[str, int] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    trees: frozenset[str] = frozenset()

    @property
    def exercises(self) -> tuple[str, ...]:
        """The ids of all exercises, coded and written, in order."""
        return tuple(c.header.id for c in self.cells if c.header)

    @property
    def coded(self) -> tuple[str, ...]:
        """The ids of the exercises that are answered in code."""
        return tuple(c.header.id for c in self.cells if c.header and c.kind == "code")

    def cell(self, exercise: str) -> TrustedCell:
        """The answer cell of an exercise. Raises KeyError where this lab has no such exercise."""
        for cell in self.cells:
            if cell.header and cell.header.id == exercise:
                return cell
        raise KeyError(f"lab {self.lab} has no exercise {exercise!r}; here are: {', '.join(self.exercises)}")

    def name(self, exercise: str) -> str:
        """What an answer must define; empty for a written one."""
        return self.cell(exercise).header.name

    def answer(self, exercise: str) -> str:
        """The source of the solution's answer cell."""
        return self.cell(exercise).source

    def blank(self, exercise: str) -> str:
        """The source of the answer cell as students got it."""
        return self.cell(exercise).blank

    def has_text(self, source: str) -> bool:
        """Whether students got a cell with this text; blank lines and trailing spaces do not count."""
        return _fingerprint(plain(source)) in self.texts

    def has_code(self, source: str) -> bool:
        """Whether students got a cell that does the same, however it is formatted and commented."""
        return bool(tree := skeleton(source)) and _fingerprint(tree) in self.trees

    def question(self, exercise: str) -> str:
        """The Markdown that asks for the answer: the nearest cell above that names the exercise."""
        cell = self.cell(exercise)
        above = [c for c in self.cells if c.number < cell.number and f"**Exercise {exercise}:" in c.source]
        return above[-1].source if above else ""

    def model_answer(self, exercise: str) -> str:
        """The solution's text for a written question, without its rubric."""
        return self._model(exercise)[0]

    def rubric(self, exercise: str) -> str:
        """How the points of a written question are given; empty where the solution does not say."""
        return self._model(exercise)[1]

    def _model(self, exercise: str) -> tuple[str, str]:
        kept = set(self.cell(exercise).blank.split("\n"))
        lines = self.cell(exercise).source.split("\n")
        inside = [n for n, line in enumerate(lines) if "SOLUTION -->" in line]
        text = lines[inside[0] + 1 : inside[-1]] if inside else [line for line in lines if line not in kept]
        start = next((n for n, line in enumerate(text) if _RUBRIC.match(line)), len(text))
        return "\n".join(text[:start]).strip(), "\n".join(text[start:]).strip()


def labs(solutions: Path) -> dict[str, Trusted]:
    """lab -> its notebook, for every ``NN_name.ipynb`` in the folder.

    Raises:
        TrustedError: there is none, or one of them cannot be used.
    """
    found = sorted(solutions.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise TrustedError(
            f"{solutions}: no solution notebooks (NN_name.ipynb) here. Grading needs them: run it from the "
            "kit's folder, or name the folder that holds them."
        )
    return {path.name[:2]: trusted(path.name[:2], solutions) for path in found}


def trusted(lab: str, solutions: Path) -> Trusted:
    """The instructor's notebook of a lab ("03"), read from ``solutions/03_*.ipynb``.

    Raises:
        TrustedError: there is not exactly one, or it breaks the grammar of `markers`.
    """
    found = sorted(solutions.glob(f"{lab}_*.ipynb"))
    if len(found) != 1:
        what = ", ".join(p.name for p in found) or "nothing"
        raise TrustedError(f"lab {lab}: exactly one {lab}_*.ipynb is needed in {solutions}, there is {what}")
    path = found[0]
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise TrustedError(f"{path.name}: not a notebook: {error}") from error
    cells = []
    for number, cell in enumerate(notebook.cells, 1):
        try:
            blank = markers.blank(cell.cell_type, cell.source, f"{path.name}, cell {number}")
        except markers.GrammarError as error:
            raise TrustedError(str(error)) from error
        head = markers.header(cell.cell_type, cell.source)
        cells.append(TrustedCell(number, cell.get("id", ""), cell.cell_type, cell.source, blank, head))
    imports, light, heavy = _sort(cells)
    provided = dict(pair for text in imports for pair in imported(parse(text).body[0]))
    texts = frozenset(_fingerprint(plain(c.blank)) for c in cells)
    code = (skeleton(c.blank) for c in cells if c.kind == "code")
    trees = frozenset(_fingerprint(tree) for tree in code if tree)
    return Trusted(lab, path.stem, tuple(cells), "\n".join(imports), provided, light, heavy, texts, trees)


def _sort(cells: list[TrustedCell]) -> tuple[list[str], tuple[Light, ...], dict[str, int]]:
    """The statements outside answer cells: imports, what is light, and which names only heavy ones make."""
    imports: list[str] = []
    light: list[Light] = []
    heavy: dict[str, int] = {}
    there = set(dir(builtins))
    for cell in cells:
        tree = parse(cell.source) if cell.kind == "code" else None
        for node in tree.body if tree else ():
            if isinstance(node, ast.Import | ast.ImportFrom):
                text = ast.unparse(node)
                if text not in imports:
                    imports.append(text)
                there |= {name for name, _ in imported(node)}
            elif cell.header is None:
                text = ast.unparse(node)
                found = names(text)
                if found is None:
                    continue
                # A definition's decorators, defaults and bases are needed at once: they must be there.
                if _is_light(node) and found.now - found.binds.keys() <= there:
                    light.append(Light(cell.number, text, found))
                    there |= found.binds.keys()
                else:
                    heavy |= dict.fromkeys(found.binds, cell.number)
    for name in set(heavy) & there:
        del heavy[name]
    return imports, tuple(light), heavy


def _is_light(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return True
    if not isinstance(node, ast.Assign) or not all(_plain_target(t) for t in node.targets):
        return False
    for part in ast.walk(node.value):
        if isinstance(part, ast.Call) and not (isinstance(part.func, ast.Name) and part.func.id in _CHEAP):
            return False
        if isinstance(part, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
    return True


def _plain_target(node: ast.expr) -> bool:
    return all(isinstance(n, ast.Name | ast.Tuple | ast.Store) for n in ast.walk(node))


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:20]
