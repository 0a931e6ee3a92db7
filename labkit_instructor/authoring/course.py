"""``course.toml`` and what is generated from it: the badge and the first cell of every notebook."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BADGE_MARK = "<!-- generated from course.toml: badge -->"
SETUP_MARK = "# Set-up: run this cell first."

_BADGE = """{mark}
[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({address})"""

_SETUP = """{mark} In Colab it fetches the course kit, a few megabytes.
import importlib.util, os, subprocess, sys

if importlib.util.find_spec("labkit") is None:
    archive = "{archive}"
    source = os.environ.get("LABKIT_SOURCE", archive)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", source]
    if subprocess.run(command).returncode:
        raise SystemExit("The kit is missing. Check the network, then run this cell again.")
    importlib.invalidate_caches()

from labkit.notebook import start

start("{lab}")"""


class CourseError(ValueError):
    """``course.toml`` cannot be used; the message says what to write."""


@dataclass(frozen=True)
class Course:
    """What an instructor sets: the course's name, and the copy of the kit that notebooks point to.

    For ``labkit grade``: lab -> the title of its assignment in Canvas, and whether an answer that is not
    right can earn a part of the points (None: yes, but a gradebook that was begun without goes on without).
    """

    name: str
    repo: str
    branch: str
    canvas: Mapping[str, str] = field(default_factory=dict)
    partial: bool | None = None

    def badge(self, notebook: str) -> str:
        """The Markdown of a badge that opens ``notebooks/<notebook>`` in Colab."""
        return _BADGE.format(mark=BADGE_MARK, address=self.colab(notebook))

    def colab(self, notebook: str) -> str:
        """The address that opens ``notebooks/<notebook>`` in Colab."""
        return f"https://colab.research.google.com/github/{self.repo}/blob/{self.branch}/notebooks/{notebook}"

    def setup(self, notebook: str) -> str:
        """The code of the first cell of a notebook."""
        archive = f"https://github.com/{self.repo}/archive/refs/heads/{self.branch}.zip"
        return _SETUP.format(mark=SETUP_MARK, archive=archive, lab=notebook.split("_")[0])


def read(path: Path) -> Course:
    """Read ``course.toml``.

    Raises:
        CourseError: the file is missing, is no TOML, or lacks a value.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        values = tables["course"]
        grading = tables.get("grading", {})
        course = Course(
            values["name"],
            values["repo"],
            values["branch"],
            tables.get("canvas", {}),
            grading.get("partial"),
        )
    except OSError as error:
        raise CourseError(
            f"{path}: cannot be read ({error.strerror}); run this from the kit's folder"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path}: {error}") from error
    except KeyError as error:
        raise CourseError(
            f"{path}: needs a [course] table with name, repo and branch; {error} is missing"
        ) from error
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", course.repo):
        raise CourseError(f"{path}: repo = {course.repo!r} is not of the form owner/name")
    for lab, title in course.canvas.items():
        if not re.fullmatch(r"\d\d", lab) or not isinstance(title, str):
            raise CourseError(f'{path}: under [canvas] write lines such as 03 = "Lab 03 (4711)", not {lab!r}')
    if set(grading) - {"partial"} or not isinstance(course.partial, bool | None):
        raise CourseError(f"{path}: under [grading] write partial = true or partial = false, no more")
    return course
