"""Invented submissions for the tests of pages: one that is ordinary, one that is hostile."""

import base64
import io

import numpy as np
from PIL import Image

from labkit.exercises.exercise import Finding
from labkit_instructor.gradebook.standing import Counted, Standing
from labkit_instructor.marks import Batch, Graded, Mark, Student

RUN = Batch("run-1", 824513, ("03",), "bubblewrap 0.8.0", "0.1.0", "2026-01-02T03:04:05+00:00")
EVIL = '<script>alert(1)</script><img src=x onerror=alert(1)></pre></details><h1 onclick="x()">'
WRONG = Finding("the fakes are detached", False, "0.1342", "0", "`fake` is not detached")


def png(width=3, height=2):
    """A real PNG in base64."""
    stored = io.BytesIO()
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(stored, "PNG")
    return base64.b64encode(stored.getvalue()).decode()


def marks(*statuses, findings=(WRONG,)):
    """Marks of 3.1, 3.2, … with these statuses; three points each."""
    made = []
    for number, status in enumerate(statuses, 1):
        points = {"right": 3.0, "to review": None}.get(status, 0.0)
        found = findings if status == "wrong" else ()
        made.append(Mark(f"3.{number}", status, points, 3.0, findings=tuple(found)))
    return tuple(made)


def graded(name="Ada Lovelace", made=(), **changes):
    """One submission of lab 03."""
    values = {"student": Student(name.lower(), name), "lab": "03", "file": "03.ipynb", "digest": "0" * 64}
    return Graded(**{**values, "marks": made, **changes})


def standing(one, *, unsafe=False, **counted):
    """What counts for it; ``counted`` by exercise with its dot as an underscore: ``e3_2=Counted(…)``."""
    said = {name[1:].replace("_", "."): value for name, value in counted.items()}
    known = {m.exercise: said.get(m.exercise, Counted(m, m.points, m.status)) for m in one.marks}
    return Standing(
        one.student, one.lab, one.file, one.digest, RUN.id, unsafe, notes=one.notes, counted=known
    )


def hostile():
    """A submission in which every text is an attack."""
    bad = EVIL + "\u202egnp.exe\x00\x1b[31m\ud800"
    found = (Finding(bad, True), Finding(bad, False, bad + "A" * 10_000, "`" + bad, bad))
    mark = Mark("3.1", "wrong", 0.0, 3.0, bad, found, (bad,) * 50, bad + "spam " * 100_000)
    text = f"{bad}\n\n[a](javascript:alert(1)) ![t](https://example.org/track.png)\n\n" + "> " * 50_000
    written = Mark("3.8", "to review", None, 4.0)
    fakes = ("AAAA", '" onerror="alert(1)', base64.b64encode(b"<svg onload=alert(1)>").decode())
    bomb = base64.b64encode(base64.b64decode(png())[:16] + b"\x00\x00\xff\xff" * 2 + b"\x00" * 40).decode()
    return Graded(
        Student("../../etc/" + bad, bad),
        "03",
        bad + ".ipynb",
        "f" * 64,
        (mark, written),
        {"3.8": text},
        {"3.1": (*fakes, bomb, png())},
        (bad,) * 200,
        {"3.1": "x = 1  # " + bad + "\n" * 100_000},
    )
