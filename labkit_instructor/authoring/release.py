"""From the solution notebooks to what students open: ``labkit release``.

Release is pure: the student notebook is a function of the solution's source text, of ``course.toml`` and
of which cells stop at a blank. The last it finds by running the student notebook, and remembers in that
notebook beside a digest of its sources, so that an unchanged one is not run again.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from labkit.exercises import all_exercises
from labkit.exercises.exercise import Written
from labkit_instructor.authoring import course as courses
from labkit_instructor.authoring import markers, running

CHECK_CALL = re.compile(r"^check\(", re.MULTILINE)
_README_TABLE = re.compile(r"(<!-- labs: begin -->\n).*?(<!-- labs: end -->)", re.DOTALL)


class ReleaseError(ValueError):
    """A notebook cannot be released; the message says which cell and why."""


@dataclass(frozen=True)
class Kit:
    """The folders that release reads and writes."""

    root: Path

    @property
    def solutions(self) -> list[Path]:
        return sorted((self.root / "solutions").glob("[0-9][0-9]_*.ipynb"))

    def student(self, solution: Path) -> Path:
        return self.root / "notebooks" / solution.name


def release(
    kit: Kit, *, check: bool = False, force: bool = False, execute: list[str] | None = None
) -> list[Path]:
    """Bring student notebooks, generated cells and the README's table up to date.

    Returns:
        The files that changed or, with ``check``, that would change.
    """
    course = courses.read(kit.root / "course.toml")
    if not kit.solutions:
        raise ReleaseError(f"{kit.root / 'solutions'}: no solution notebooks; run this from the kit's folder")
    wanted: dict[Path, str] = {}
    rows = []
    for path in kit.solutions:
        solution = _read(path)
        _refresh(solution, course, path.name)
        if execute is not None and (not execute or path.name[:2] in execute):
            print(f"running {path.name} …", flush=True)
            running.execute_solution(solution, path.parent)
        wanted[path] = write(solution)
        student = make_student(solution, path.name)
        _mark_stops(student, kit.student(path), force)
        wanted[kit.student(path)] = write(student)
        rows.append(_row(solution, path.name, course))
    for stray in sorted((kit.root / "notebooks").glob("*.ipynb")):
        if stray not in wanted:
            raise ReleaseError(
                f"notebooks/{stray.name} has no solution; delete it or add solutions/{stray.name}"
            )
    readme = kit.root / "README.md"
    if readme.is_file():
        wanted[readme] = _README_TABLE.sub(
            lambda m: m[1] + _table(rows) + m[2], readme.read_text(encoding="utf-8")
        )
    drift = [p for p, text in wanted.items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    if not check:
        for path in drift:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
    return drift


def make_student(solution: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The student's notebook: blanks for solutions, no outputs, no metadata but what readers need.

    Raises:
        GrammarError: a cell breaks the grammar.
        ReleaseError: a header disagrees with its exercise's file, an exercise is missing or doubled, or a
            line of a solution stands elsewhere in the notebook.
    """
    cells, secrets, seen = [], set(), {}
    for index, cell in enumerate(solution.cells, 1):
        where = f"{name}, cell {index}"
        source = markers.blank(cell.cell_type, cell.source, where)
        head = markers.header(cell.cell_type, cell.source)
        if head:
            _agree(head, where, seen)
            secrets |= {s for s in markers.solution_lines(cell.cell_type, cell.source) if _tells(s)}
        maker = {
            "code": nbformat.v4.new_code_cell,
            "markdown": nbformat.v4.new_markdown_cell,
            "raw": nbformat.v4.new_raw_cell,
        }[cell.cell_type]
        cells.append(maker(source, id=cell.id))
    missing = [e for e in all_exercises() if e.split(".")[0] == str(int(name[:2])) and e not in seen]
    if missing:
        raise ReleaseError(f"{name}: no answer cell for exercise {', '.join(missing)}")
    for index, cell in enumerate(cells, 1):
        for line in cell.source.split("\n"):
            if line.strip() in secrets:
                raise ReleaseError(
                    f"{name}, cell {index}: this line of a solution would reach students: {line.strip()!r}"
                )
    keep = ("kernelspec", "language_info", "accelerator", "colab")
    metadata = {k: v for k, v in solution.metadata.items() if k in keep}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)


def write(notebook: nbformat.NotebookNode) -> str:
    """The text of a notebook file: the same notebook always gives the same bytes."""
    nbformat.validate(notebook)
    return (
        nbformat.writes(notebook, version=4, indent=1, ensure_ascii=False, sort_keys=True).rstrip("\n") + "\n"
    )


def _read(path: Path) -> nbformat.NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:
        raise ReleaseError(f"{path.name}: not a notebook: {error}") from error


def _refresh(solution: nbformat.NotebookNode, course: courses.Course, name: str) -> None:
    """Rewrite what is generated in the solution: badge, first cell, tags, ids, metadata."""
    first_code = next((i for i, c in enumerate(solution.cells) if c.cell_type == "code"), 0)
    for index, mark, text in (
        (0, courses.BADGE_MARK, course.badge(name)),
        (first_code, courses.SETUP_MARK, course.setup(name)),
    ):
        if not solution.cells or not solution.cells[index].source.startswith(mark):
            raise ReleaseError(f"{name}, cell {index + 1}: must start with {mark!r}")
        solution.cells[index].source = text
    for index, cell in enumerate(solution.cells):
        cell.id = f"{name[:2]}-{index:03d}"
        # nbval compares the verdicts: they hold no digits that a machine could change.
        verdict = cell.cell_type == "code" and CHECK_CALL.search(cell.source)
        cell.metadata = nbformat.from_dict({"tags": ["nbval-check-output"]} if verdict else {})
        if cell.cell_type != "code" and "attachments" in cell:
            raise ReleaseError(
                f"{name}, cell {index + 1}: has an attachment; draw the figure in a cell instead"
            )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    kept = {k: v for k, v in solution.metadata.items() if k in ("accelerator", "colab")}
    solution.metadata = nbformat.from_dict(
        {"kernelspec": kernel, "language_info": {"name": "python"}, **kept}
    )
    solution.nbformat_minor = 5


def _agree(head: markers.Header, where: str, seen: dict[str, str]) -> None:
    """The header of an answer cell says what its exercise's file says, and no exercise is answered twice."""
    exercise = all_exercises().get(head.id)
    if exercise is None:
        raise ReleaseError(f"{where}: labkit.exercises has no exercise {head.id}")
    if head.id in seen:
        raise ReleaseError(f"{where}: exercise {head.id} was already answered in {seen[head.id]}")
    seen[head.id] = where
    name = "" if isinstance(exercise, Written) else exercise.name
    if (head.name, head.points) != (name, exercise.points):
        raise ReleaseError(
            f"{where}: the header says {head.name or 'written'} ({head.points} points), its file "
            f"says {name or 'written'} ({exercise.points} points)"
        )


def _tells(line: str) -> bool:
    """Whether a line gives something away: ``else:``, ``return out`` and the like do not."""
    return len(re.findall(r"\w+", line)) >= 3 and len(line) >= 12


def _mark_stops(student: nbformat.NotebookNode, path: Path, force: bool) -> None:
    """Tag the cells that stop at a blank. Runs the notebook unless the released one has the same sources."""
    digest = hashlib.sha256("\0".join(c.cell_type + c.source for c in student.cells).encode()).hexdigest()[
        :16
    ]
    student.metadata["labkit"] = {"sources": digest}
    stops: set[int] | None = None
    if path.is_file() and not force:
        before = _read(path)
        if before.metadata.get("labkit", {}).get("sources") == digest and len(before.cells) == len(
            student.cells
        ):
            stops = {
                i for i, c in enumerate(before.cells) if "raises-exception" in c.metadata.get("tags", [])
            }
    if stops is None:
        print(f"running {path.name} untouched …", flush=True)
        stops = running.stops_at_blanks(student, path.name)
    for index in stops:
        student.cells[index].metadata["tags"] = ["raises-exception"]


def _row(solution: nbformat.NotebookNode, name: str, course: courses.Course) -> str:
    text = "\n".join(c.source for c in solution.cells if c.cell_type == "markdown")
    title = re.search(r"^# (?:Lab \d+ · )?(.+)$", text, re.MULTILINE)
    minutes = re.search(r"^\*\*Time\*\* (.+)$", text, re.MULTILINE)
    if not title or not minutes:
        raise ReleaseError(
            f"{name}: needs a title '# Lab NN · …' and a line '**Time** … on a CPU, … on a Colab T4'"
        )
    points = sum(h.points for c in solution.cells if (h := markers.header(c.cell_type, c.source)))
    badge = (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({course.colab(name)})"
    )
    return (
        f"| {name[:2]} | [{title[1]}](notebooks/{name}) | {minutes[1]} | {points} | {badge} "
        f"| [solution](solutions/{name}) |"
    )


def _table(rows: list[str]) -> str:
    return (
        "\n".join(["| | lab | time | points | student | instructor |", "|---|---|---|---|---|---|", *rows])
        + "\n"
    )
