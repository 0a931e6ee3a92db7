"""The pictures that a student handed in: PNGs, checked by their first bytes and never decoded here."""

import base64
import binascii
import struct
from collections.abc import Iterable

from labkit_instructor.submissions.notebook_file import FileCell

LARGEST = 1_000_000  # bytes
LARGEST_SIDE = 4_000  # pixels: a small file may unpack to gigabytes
MOST = 2  # for one exercise
_MAGIC = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")


def figures(cells: Iterable[FileCell], answers: dict[int, str]) -> dict[str, tuple[str, ...]]:
    """exercise -> the pictures between its answer cell and the next, in base64.

    Args:
        cells: all cells of the notebook.
        answers: cell number -> the exercise that is answered there.
    """
    found: dict[str, list[str]] = {}
    current = ""
    for cell in cells:
        current = answers.get(cell.number, current)
        for picture in cell.pictures if current else ():
            kept = found.setdefault(current, [])
            if len(kept) < MOST and (checked := png(picture)):
                kept.append(checked)
    return {exercise: tuple(kept) for exercise, kept in found.items() if kept}


def png(text: str) -> str:
    """The picture in base64, reduced to what draws it; "" where it is no PNG of a modest size."""
    if len(text) > 2 * LARGEST:
        return ""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if len(data) > LARGEST or not data.startswith(_MAGIC):
        return ""
    kept, place = [_MAGIC], len(_MAGIC)
    while place + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        end = place + 12 + length
        if end > len(data) or (len(kept) == 1) != (kind == b"IHDR"):
            return ""
        if kind == b"IHDR":
            width, height = struct.unpack(">II", data[place + 8 : place + 16]) if length == 13 else (0, 0)
            if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
                return ""
        if kind in (*_KEPT, b"IEND"):
            kept.append(data[place:end])
        if kind == b"IEND":
            return base64.b64encode(b"".join(kept)).decode()
        place = end
    return ""
