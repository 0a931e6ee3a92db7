"""From a gradebook and its results to what people read: tables, feedback pages, the overview, review sheets.

All of it can be made again at any time; only the gradebook, the results and filled-in sheets are worth
keeping.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from labkit.instructor.books import exports, gradebook, reviews
from labkit.instructor.books.gradebook import GradebookError
from labkit.instructor.course import Course
from labkit.instructor.handed.trusted import Trusted
from labkit.instructor.marks import Graded, Run, graded_from
from labkit.instructor.views.feedback import write_feedback
from labkit.instructor.views.overview import write_overview


def publish(out: Path, labs: Mapping[str, Trusted], course: Course, run: Run) -> None:
    """Write everything that is made from the gradebook of ``out``.

    Raises:
        GradebookError: the gradebook or a result is broken; the message names it.
    """
    standings = gradebook.standing(out / "gradebook.jsonl")
    both = [(graded, standings[key]) for key, graded in _results(out).items() if key in standings]
    for graded, standing in both:
        write_feedback(graded, standing, out, unsafe=standing.unsafe)
    exports.write_all(out / "gradebook.jsonl", out, course)
    write_overview(both, out, run=run)
    reviews.write_sheets([g for g, _ in both], labs, out, run.seed)


def _results(out: Path) -> dict[tuple[str, str], Graded]:
    found = {}
    for path in sorted((out / "results").glob("*.json")):
        try:
            graded = graded_from(json.loads(path.read_bytes()))
        except (ValueError, KeyError, TypeError) as error:
            raise GradebookError(f"{path} is damaged ({error}): grade that notebook again") from error
        found[(graded.student.key, graded.lab)] = graded
    return found
