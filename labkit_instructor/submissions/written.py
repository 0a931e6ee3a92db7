"""The written answers of a submission: the text below the marker line, wherever the student put it."""

from labkit_instructor.authoring.markers import TEXT_BLANK
from labkit_instructor.submissions.matching import given
from labkit_instructor.submissions.pieces import Piece
from labkit_instructor.submissions.trusted import Trusted

LONGEST = 20_000  # characters


def written(trusted: Trusted, parts: list[Piece]) -> tuple[dict[str, str], tuple[str, ...]]:
    """exercise -> text, for those that are not blank, and notes on how they were found."""
    texts: dict[str, str] = {}
    notes: list[str] = []
    for exercise in trusted.exercises:
        if exercise in trusted.coded:
            continue
        marked = [p for p in parts if p.marker == exercise]
        if not marked:
            cell_id = trusted.cell(exercise).id
            marked = [p for p in parts if p.id == cell_id and not given(trusted, p)] if cell_id else []
            if marked:
                notes.append(f"{exercise}: its marker line is gone; the cell was known by its id")
        filled = [p for p in marked if _text(p)]
        if len(filled) > 1:
            notes.append(f"{exercise}: answered more than once; the last written one counts")
        text = _text(filled[-1]) if filled else ""
        if not text and marked:
            below = _below(trusted, parts, marked[-1])
            text = "\n\n".join(p.source.strip() for p in below)
            if text:
                notes.append(f"{exercise}: the answer cell is empty; the student's text below it was taken")
        if len(text) > LONGEST:
            text = text[:LONGEST]
            notes.append(f"{exercise}: cut off after {LONGEST:,} characters")
        if text:
            texts[exercise] = text
    return texts, tuple(notes)


def _text(piece: Piece) -> str:
    lines = piece.source.strip().split("\n")
    if piece.marker:
        lines = lines[1:]
    kept = [line for line in lines if line.strip().strip("*_ ").lower() != TEXT_BLANK.strip("*").lower()]
    return "\n".join(kept).strip()


def _below(trusted: Trusted, parts: list[Piece], answer: Piece) -> list[Piece]:
    """The student's own Markdown cells that follow a cell directly."""
    below = []
    for part in parts[answer.place + 1 :]:
        if part.kind != "markdown" or part.marker or given(trusted, part):
            break
        below.append(part)
    return below
