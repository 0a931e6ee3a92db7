"""Which piece of a submission answers which exercise.

A piece counts by its marker line first, then by the id of the cell that students got, then by similarity
to that cell. Where an exercise has several, the last one that is written counts, as running the notebook
from top to bottom would have it.
"""

import ast
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from labkit_instructor.submissions.names import names, parse, plain, skeleton
from labkit_instructor.submissions.pieces import Piece
from labkit_instructor.submissions.trusted import Trusted

ALIKE = 0.8
MOST_COMPARED = 50
_BLANK = re.compile(r"raise\s+NotImplementedError\(.{0,40}your code here")


@dataclass(frozen=True)
class Match:
    """The piece that answers an exercise, how it was found, what it defines, and whether it is unwritten."""

    piece: Piece
    found_by: str
    name: str
    blank: bool
    notes: tuple[str, ...] = ()


def given(trusted: Trusted, piece: Piece) -> bool:
    """Whether a piece is one of the instructor's, as it was given out."""
    if trusted.has_text(piece.source):
        return True
    return piece.kind == "code" and trusted.has_code(piece.source)


def match(trusted: Trusted, pieces: list[Piece]) -> dict[str, Match]:
    """exercise -> the piece that answers it, for the coded ones that are there at all."""
    code = [p for p in pieces if p.kind == "code"]
    free = [p for p in code if not p.marker and not given(trusted, p)]
    taken = {trusted.name(e) for e in trusted.coded}
    found: dict[str, Match] = {}
    for exercise in trusted.coded:
        name, cell_id = trusted.name(exercise), trusted.cell(exercise).id
        marked = [p for p in code if p.marker == exercise]
        known = [p for p in free if cell_id and p.id == cell_id]
        alike = [
            p for p in free if p not in known and p.names and p.names.binds.get(name) in ("def", "class")
        ]
        if not (marked or known or alike):
            alike = _alike(trusted.blank(exercise), [p for p in free if not _makes(p, taken)])
        groups = (("marker", marked), ("id", known), ("similarity", alike))
        candidates = [_rate(trusted, exercise, p, how) for how, group in groups for p in group]
        if best := _choose(candidates, name):
            found[exercise] = best
    return found


def _makes(piece: Piece, names: set[str]) -> bool:
    return piece.names is None or not names.isdisjoint(piece.names.binds)


def _choose(candidates: list[Match], name: str) -> Match | None:
    written = [m for m in candidates if m.name and not m.blank]
    # A test, or a part of the answer, may stand under a marker line too: what defines the name comes first.
    named = [m for m in written if m.name == name and m.piece.names]
    for pool in (named, written, [m for m in candidates if m.name or m.blank], candidates):
        for how in ("marker", "id", "similarity"):
            group = [m for m in pool if m.found_by == how]
            if group:
                return _with_notes(group[-1], candidates)
    return None


def _with_notes(best: Match, candidates: list[Match]) -> Match:
    notes = list(best.notes)
    others = [m for m in candidates if m is not best]
    doubled = [m for m in others if m.found_by == best.found_by and not m.blank]
    if doubled:
        cells = ", ".join(str(m.piece.cell) for m in doubled)
        notes.append(
            f"answered more than once (cells {cells} and {best.piece.cell} of the file): the last one "
            "that is written counts, as running the notebook from top to bottom would have it"
        )
    elif any(m.blank for m in others):
        notes.append(f"a copy that is not written was passed over; cell {best.piece.cell} of the file counts")
    elif any(not m.blank and m.name for m in others):
        cells = ", ".join(str(m.piece.cell) for m in others if not m.blank and m.name)
        notes.append(f"also defined in cell {cells} of the file; the marked cell {best.piece.cell} counts")
    if best.found_by == "id":
        notes.append("its marker line is gone; the cell was known by its id")
    elif best.found_by == "similarity":
        notes.append(f"found without its marker line, by what cell {best.piece.cell} of the file defines")
    return Match(best.piece, best.found_by, best.name, best.blank, tuple(notes))


def _rate(trusted: Trusted, exercise: str, piece: Piece, how: str) -> Match:
    wanted = trusted.name(exercise)
    notes = piece.notes
    if is_blank(piece.source, trusted.blank(exercise)):
        return Match(piece, how, wanted, True, notes)
    if piece.names is None:  # no Python: it counts, and will raise its SyntaxError
        return Match(piece, how, wanted, False, notes)
    if wanted in piece.names.binds:
        return Match(piece, how, wanted, False, notes)
    other = _renamed(trusted, exercise, piece)
    if other:
        notes = (*notes, f"`{wanted}` is not defined in the cell; `{other[:40]}` was taken for it")
    return Match(piece, how, other, False, notes)


def _renamed(trusted: Trusted, exercise: str, piece: Piece) -> str:
    """The one definition of the right kind that can be meant; "" where there is none, or several."""
    ours = names(trusted.answer(exercise)).binds
    kind = ours[trusted.name(exercise)]
    taken = {trusted.name(e) for e in trusted.coded} | ours.keys()
    fitting = [n for n, k in piece.names.binds.items() if k == kind and n not in taken]
    return fitting[0] if len(fitting) == 1 else ""


def _alike(blank: str, pieces: list[Piece]) -> list[Piece]:
    """The pieces that define something with nearly the same parameters and docstring."""
    ours = _heads(blank)[-1:]
    matcher = difflib.SequenceMatcher(b=ours[0] if ours else "", autojunk=False)
    found, compared = [], 0
    for piece in pieces:
        for theirs in _heads(piece.source) if ours else ():
            matcher.set_seq1(theirs)
            # The cheap bound first; a hostile notebook must not make this long.
            if compared < MOST_COMPARED and matcher.quick_ratio() >= ALIKE:
                compared += 1
                if matcher.ratio() >= ALIKE:
                    found.append(piece)
                    break
    return found


def _heads(source: str) -> list[str]:
    """Of each definition with a docstring: its kind, its parameters and that text, without its name."""
    tree, heads = parse(source), []
    for node in tree.body[:50] if tree else ():
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and (doc := ast.get_docstring(node)):
            try:
                inside = ast.unparse(
                    node.args if isinstance(node, ast.FunctionDef) else ast.Tuple(node.bases)
                )
            except RecursionError:
                continue
            heads.append(f"{type(node).__name__} {inside} {doc}"[:300])
    return heads


def is_blank(source: str, blank: str) -> bool:
    """Whether an answer cell is as students got it, apart from comments and docstrings, or empty."""
    tree = parse(source)
    if plain(source) == plain(blank) or (tree and all(isinstance(n, ast.Pass) for n in tree.body)):
        return True
    return bool(_BLANK.search(source)) and skeleton(source) == skeleton(blank)


def helpers(trusted: Trusted, pieces: Iterable[Piece], found: dict[str, Match]) -> list[Piece]:
    """The student's own code cells: neither answers (nor other versions of one) nor the instructor's."""
    answers = {m.piece.place for m in found.values()}

    def spare(piece: Piece) -> bool:
        """A marked piece that is no version of its answer, but defines something else."""
        makes = piece.names.binds if piece.names else {}
        return not piece.marker or (bool(makes) and trusted.name(piece.marker) not in makes)

    own = (p for p in pieces if p.kind == "code" and p.place not in answers and p.source.strip())
    return [p for p in own if spare(p) and not given(trusted, p)]
