"""The zips that Canvas and Moodle export, made of submissions; with what an attacker may put into one."""

import re
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tests.submissions.build import Case


def canvas_zip(cases: Sequence[Case], path: Path) -> None:
    """A flat zip: the name squeezed into small letters, the student's number, the file's, its name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, case in enumerate(cases):
            squeezed = re.sub(r"[^a-z]", "", case.student.lower())
            for name, data in _files(case):
                late = "_LATE" if number % 3 == 2 else ""
                archive.writestr(f"{squeezed}{late}_{4000 + number}_{9000 + number}_{name}", data)


def moodle_zip(cases: Sequence[Case], path: Path) -> None:
    """A folder for each student, with the number of the submission in its name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, case in enumerate(cases):
            for name, data in _files(case):
                archive.writestr(f"{case.student}_{7000 + number}_assignsubmission_file_/{name}", data)


def hostile_zip(case: Case, path: Path) -> None:
    """The files of one submission under names that lead elsewhere, beside a link and a bomb."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _files(case):
            for where in ("../../escaped_1_assignsubmission_file_", "/tmp/absolute_2_assignsubmission_file_"):
                archive.writestr(f"{where}/{name}", data)
            archive.writestr(f"..\\..\\windows_3_assignsubmission_file_\\{name}", data)
            link = zipfile.ZipInfo(f"Link_4_assignsubmission_file_/{name}")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
            archive.writestr(f"Bomb_5_assignsubmission_file_/{name}", bytes(10**8))
            archive.writestr(f"=cmd()_6_assignsubmission_file_/{name}", data)
            archive.writestr(f"<script>alert(1)<_7_assignsubmission_file_/{name}", data)
            archive.writestr(f"Good One_8_assignsubmission_file_/{name}", data)


def _files(case: Case) -> list[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        case.put(Path(folder))
        return [(file.name, file.read_bytes()) for file in sorted(Path(folder).iterdir())]
