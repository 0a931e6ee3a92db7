"""The grammar of a solution notebook: exercise cells, solution blocks, written answers.

Everything that matters stands in the source text, because Colab drops or rewrites metadata and ids:

- a coded answer: ``# Exercise 3.2 · discriminator_loss (3 points)`` as the first line of a code cell, and
  inside its function or class one or more blocks from ``### BEGIN SOLUTION`` to ``### END SOLUTION``;
- a written answer: ``**Exercise 1.6 · your answer** (4 points)`` as the first line of a Markdown cell,
  and one block from ``<!-- BEGIN SOLUTION -->`` to ``<!-- END SOLUTION -->`` with the model answer and a
  rubric.
"""

import ast
import re
from dataclasses import dataclass

CODE_HEADER = re.compile(r"^# Exercise (\d+\.\d+) · (\w+) \((\d+) points?\)$")
TEXT_HEADER = re.compile(r"^\*\*Exercise (\d+\.\d+) · your answer\*\* \((\d+) points?\)$")
_MARKERS = {
    "code": ("### BEGIN SOLUTION", "### END SOLUTION"),
    "markdown": ("<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->"),
}
_NEARLY_A_HEADER = {
    "code": re.compile(r"#+ *Exercise\s+\d", re.IGNORECASE),
    "markdown": re.compile(r"\**Exercise\s+[\d.]+\s*\S?\s*your answer", re.IGNORECASE),
    "raw": re.compile(r"(?!)"),
}
_ANY_MARKER = re.compile(r"(BEGIN|END)\s+SOLUTION", re.IGNORECASE)
TEXT_BLANK = "*Write your answer here.*"


class GrammarError(ValueError):
    """A cell breaks the grammar. The message names the notebook, the cell and the line."""


@dataclass(frozen=True)
class Header:
    """The first line of an answer cell. ``name`` is empty for a written answer."""

    id: str
    name: str
    points: int


def header(cell_type: str, source: str) -> Header | None:
    """The exercise header of a cell, or None where the cell is no answer cell."""
    first = source.split("\n", 1)[0].rstrip()
    if cell_type == "code" and (m := CODE_HEADER.match(first)):
        return Header(m[1], m[2], int(m[3]))
    if cell_type == "markdown" and (m := TEXT_HEADER.match(first)):
        return Header(m[1], "", int(m[2]))
    return None


def blank(cell_type: str, source: str, where: str) -> str:
    """The source of the student's cell: every solution block replaced by a blank to fill in.

    Args:
        cell_type: "code", "markdown" or "raw".
        source: the cell of the solution notebook.
        where: names the cell in errors: "03_training_loop.ipynb, cell 12".

    Raises:
        GrammarError: a block is unbalanced, nested, empty or misspelt; it stands outside an answer cell; an
            answer cell has no block, or runs code of its own besides imports and definitions.
    """
    head = header(cell_type, source)
    kept, solution = _split(cell_type, source, where)
    if solution and head is None:
        raise GrammarError(f"{where}: a solution block needs an exercise header as the cell's first line")
    if head and not solution:
        raise GrammarError(f"{where}: exercise {head.id} has no solution block")
    if not head:
        if _NEARLY_A_HEADER[cell_type].match(source):
            raise GrammarError(
                f"{where}: the first line looks like an exercise header but is none: "
                f"{source.splitlines()[0]!r}"
            )
        return source
    if cell_type == "code":
        _only_definitions(source, where, head.name)
    return "\n".join(line.replace("\0", head.id) for line in kept)


def solution_lines(cell_type: str, source: str) -> list[str]:
    """The lines inside the solution blocks of a cell, stripped, without blank ones."""
    _, solution = _split(cell_type, source, "cell")
    return [line.strip() for line in solution if line.strip()]


def _split(cell_type: str, source: str, where: str) -> tuple[list[str], list[str]]:
    """The lines to keep, with a blank in the place of each block, and the lines inside the blocks."""
    begin, end = _MARKERS.get(cell_type, _MARKERS["code"])
    kept, solution, opened, inside = [], [], 0, 0
    for number, line in enumerate(source.split("\n"), 1):
        text = line.strip()
        at = f"{where}, line {number}"
        if text == begin:
            if opened:
                raise GrammarError(
                    f"{at}: a solution block inside another (the first opens in line {opened})"
                )
            opened, inside = number, 0
            indent = line[: len(line) - len(line.lstrip())]
            call = 'raise NotImplementedError("Exercise \0: your code here")'
            kept.append(indent + call if cell_type == "code" else TEXT_BLANK)
        elif text == end:
            if not opened:
                raise GrammarError(f"{at}: END SOLUTION without a BEGIN SOLUTION before it")
            if not inside:
                raise GrammarError(f"{at}: the solution block that opens in line {opened} is empty")
            opened = 0
        elif _ANY_MARKER.search(line):
            raise GrammarError(f"{at}: misspelt solution marker {text!r}; write {begin!r} or {end!r}")
        elif opened:
            solution.append(line)
            inside += bool(text)
        else:
            kept.append(line)
    if opened:
        raise GrammarError(f"{where}, line {opened}: BEGIN SOLUTION without an END SOLUTION after it")
    return kept, solution


def _only_definitions(source: str, where: str, name: str) -> None:
    """An answer cell must not run anything: a blank may stop a cell only where the answer is called."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise GrammarError(f"{where}, line {error.lineno}: not valid Python: {error.msg}") from error
    allowed = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    for node in tree.body:
        if not isinstance(node, allowed):
            raise GrammarError(
                f"{where}, line {node.lineno}: an exercise cell holds imports, functions and "
                "classes only, so that an unwritten answer stops where it is called"
            )
    if name not in [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]:
        raise GrammarError(f"{where}: the header names {name!r}, and the cell does not define it")
