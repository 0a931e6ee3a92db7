"""From a gradebook and its results to what people read: tables, feedback pages, the overview, review sheets.

All of it can be made again at any time; only the gradebook, the results and filled-in sheets are worth
keeping.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from labkit.files import write_bytes
from labkit_instructor.authoring.course import Course
from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.gradebook import exports, reviews
from labkit_instructor.gradebook.book import GradebookError
from labkit_instructor.marks import Batch, Graded, graded_from
from labkit_instructor.people import People
from labkit_instructor.reports.feedback import write_feedback
from labkit_instructor.reports.overview import write_overview
from labkit_instructor.reports.review_page import review_page
from labkit_instructor.submissions.trusted import Trusted


def publish(out: Path, labs: Mapping[str, Trusted], course: Course, run: Batch) -> None:
    """Write everything that is made from the gradebook of ``out``.

    Raises:
        GradebookError: the gradebook or a result is broken; the message names it.
    """
    standings = gradebook.standing(out / "gradebook.jsonl")
    results = _results(out, gradebook.people(out / "gradebook.jsonl"))
    both = [(graded, standings[key]) for key, graded in results.items() if key in standings]
    for graded, standing in both:
        write_feedback(graded, standing, out, unsafe=standing.unsafe)
    exports.write_all(out / "gradebook.jsonl", out, course)
    write_overview(both, out, run=run, pageless=[s for k, s in standings.items() if k not in results])
    write_reviews([g for g, _ in both], labs, out, run.seed)


def write_reviews(graded: Iterable[Graded], labs: Mapping[str, Trusted], out: Path, seed: int) -> list[Path]:
    """Write the sheet and the page of every question with answers "to review"; return their paths.

    Args:
        labs: lab -> its notebook, for question, rubric and model answer.

    Raises:
        ReviewError: a sheet that is there cannot be read. The other questions are written first.
    """
    questions, troubles = reviews.write_sheets(graded, out, seed)
    paths = []
    for question in questions:
        page = question.sheet.with_suffix(".html")
        html = review_page(question.exercise, labs[question.lab], question.rows, question.texts, out)
        write_bytes(page, html.encode("utf-8", "replace"))
        paths += [page, question.sheet]
    if troubles:
        raise reviews.ReviewError("; ".join(troubles))
    return paths


def _results(out: Path, people: People) -> dict[tuple[str, str], Graded]:
    found = {}
    for path in sorted((out / "results").glob("*.json")):
        try:
            graded = graded_from(json.loads(path.read_bytes()))
        except (ValueError, KeyError, TypeError) as error:
            raise GradebookError(f"{path} is damaged ({error}): grade that notebook again") from error
        student = people.recorded(graded.student, graded.lab)
        found[student.key, graded.lab] = replace(graded, student=student)
    return found
