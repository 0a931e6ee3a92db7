"""A task and its result on the way in and out of the sandbox: JSON in, npz without pickle out.

`write_result` runs beside the student's code. `read_result` runs outside and believes nothing: how much there
is gets counted before it is parsed, and what comes back is made anew: text that can be written anywhere,
numbers as this machine has them.
"""

import io
import json
import math
import os
import re
import zipfile
from dataclasses import asdict, dataclass, field
from typing import BinaryIO

import numpy as np

from labkit.exercises.exercise import Finding
from labkit.exercises.record import Record

MOST_BYTES = 64 * 2**20
MOST_ARRAYS = 64
MOST_TEXTS = 10_000  # in one array
LONGEST_TEXT = 20_000  # characters of each that are kept
PRINTED = 4_000  # characters of output that are kept
_MOST_META = 4 * 2**20  # bytes of JSON: all texts at their longest
_ENTRY = b"PK\x01\x02"  # begins each entry in the directory of a zip
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but the tab and the end of a line
_LAST_CODE_POINT = 0x10FFFF
_META = "meta"
_STATUSES = ("answered", "blank", "refused", "raised", "late")


class ExchangeError(ValueError):
    """What came out of the sandbox is no result; the message says what is wrong with it."""


@dataclass(frozen=True)
class Task:
    """What the sandbox is asked to do.

    Attributes:
        cells: (label, source, code) in their order: source text, or, where that is empty, code compiled
            outside (``marshal``, in base64), whose source must not be seen in the sandbox.
        exercise: whose probe to run.
        name: what the answer is called.
        own: the label of the cell that holds the answer.
        seed: of the inputs.
    """

    cells: tuple[tuple[str, str, str], ...]
    exercise: str
    name: str
    own: str
    seed: int


@dataclass(frozen=True)
class Result:
    """What came out: the record of the probe (None: the cells define no such name), the beginning of what was
    printed, which cells failed on the way, with the type of the error, and whether a GPU was asked for."""

    record: Record | None
    printed: str = ""
    failed_cells: dict[str, str] = field(default_factory=dict)
    gpu: bool = False


def task_bytes(task: Task) -> bytes:
    """A task as JSON."""
    return json.dumps(asdict(task)).encode()


def task_from(data: bytes) -> Task:
    """The inverse of `task_bytes`."""
    values = json.loads(data)
    return Task(**{**values, "cells": tuple(tuple(c) for c in values["cells"])})


def write_result(result: Result, file: BinaryIO) -> None:
    """Write a result as an uncompressed npz: one array per name and one of bytes with the rest as JSON."""
    record = result.record or Record("undefined")
    meta = {
        "status": record.status,
        "names": list(record.arrays),
        "odd": {n: t[:1000] for n, t in record.odd.items()},
        "failure": asdict(record.failure) if record.failure else None,
        "printed": result.printed[:PRINTED],
        "failed_cells": result.failed_cells,
        "gpu": result.gpu,
    }
    text = np.frombuffer(json.dumps(meta).encode("utf-8", "replace"), np.uint8)
    arrays = {f"a{i}": array for i, array in enumerate(record.arrays.values())}
    buffer = io.BytesIO()
    np.savez(buffer, **{_META: text}, **arrays)
    file.write(buffer.getbuffer())
    file.flush()


def read_result(file: BinaryIO) -> Result:
    """Read a result, trusting nothing.

    Raises:
        ExchangeError: it is empty, too large, no such npz, or holds anything but plain arrays.
    """
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise ExchangeError("it left no result")
    if size > MOST_BYTES:
        raise ExchangeError(f"its result has {size / 2**20:.0f} MB")
    file.seek(0)
    try:
        members = _members(file.read(MOST_BYTES))
        return _result(json.loads(_meta(members.pop(_META))), members)
    except ExchangeError:
        raise
    except (
        ValueError,  # JSON and Unicode errors are ValueErrors too
        KeyError,
        TypeError,
        AttributeError,
        OSError,
        EOFError,
        RecursionError,
        OverflowError,
        MemoryError,
        NotImplementedError,
        RuntimeError,
        SyntaxError,
        zipfile.BadZipFile,
    ) as error:
        raise ExchangeError(f"its result cannot be read ({type(error).__name__})") from None


def _result(meta: dict, members: dict[str, np.ndarray]) -> Result:
    names = [_plain(n, 200) for n in meta["names"]]
    if len(set(names)) != len(names) or len(names) != len(members):
        raise ExchangeError("the names in its result do not match its arrays")
    status = meta["status"] if meta["status"] in (*_STATUSES, "undefined") else ""
    failure = Finding(**_finding(meta["failure"])) if meta["failure"] else None
    # A blank answer may have one: it names another exercise that is not written yet.
    if not status or (status not in ("undefined", "blank") and bool(failure) != (status in _STATUSES[2:])):
        raise ExchangeError("its result contradicts itself")
    arrays = {name: members[f"a{i}"] for i, name in enumerate(names)}
    record = Record(status, arrays, _texts(meta["odd"]), failure)
    printed, failed = _plain(meta["printed"], PRINTED), _texts(meta["failed_cells"])
    return Result(None if status == "undefined" else record, printed, failed, meta.get("gpu") is True)


def _meta(array: np.ndarray) -> str:
    if array.nbytes > _MOST_META:
        raise ExchangeError("its result says more about itself than it may")
    return array.tobytes().decode("utf-8")


def _members(data: bytes) -> dict[str, np.ndarray]:
    if data.count(_ENTRY) > MOST_ARRAYS + 1:  # before the directory is read: a million entries take seconds
        raise ExchangeError("its result holds too many arrays")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len({e.filename for e in entries}) != len(entries):
            raise ExchangeError("its result holds two arrays of one name")
        # Stored, not compressed: what it says it holds is what the file is long.
        if any(e.compress_type != zipfile.ZIP_STORED or e.flag_bits & 1 for e in entries):
            raise ExchangeError("its result is compressed or encrypted")
        if sum(e.file_size for e in entries) > MOST_BYTES:
            raise ExchangeError("its result claims to be larger than it may be")
        return {e.filename.removesuffix(".npy"): _array(archive.read(e)) for e in entries}


def _array(data: bytes) -> np.ndarray:
    """The array of an .npy file whose header says the truth and whose type is plain, made anew."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = reader[version](stream)
    if dtype.hasobject or dtype.kind not in "biufU" or dtype.fields or dtype.subdtype:
        raise ExchangeError("its result holds an array of something else than numbers and text")
    if len(shape) > 16 or any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize > len(data):
        raise ExchangeError("an array in its result claims to be larger than it is")
    stream.seek(0)
    array = np.lib.format.read_array(stream, allow_pickle=False)
    return _text_array(array) if dtype.kind == "U" else _numbers(array)


def _numbers(array: np.ndarray) -> np.ndarray:
    """The same numbers as this machine writes them; a truth value is 0 or 1, whatever its byte was."""
    if array.dtype.kind == "b":
        return np.asarray(array.view(np.uint8) != 0)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return array.astype(np.float64)
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C")


def _text_array(array: np.ndarray) -> np.ndarray:
    """The same texts, of characters that exist.

    Raises:
        ExchangeError: there are too many, or one holds numbers that are no characters.
    """
    if array.size > MOST_TEXTS:
        raise ExchangeError("its result holds too many texts")
    native = array.astype(array.dtype.newbyteorder("=")).ravel()
    if native.itemsize and (native.view(np.uint32) > _LAST_CODE_POINT).any():
        raise ExchangeError("a text in its result is no text")
    return np.array([_plain(text, LONGEST_TEXT) for text in native.tolist()], dtype=str).reshape(array.shape)


def _texts(values: dict) -> dict[str, str]:
    return {_plain(k, 200): _plain(v, 1000) for k, v in list(values.items())[:MOST_ARRAYS]}


def _finding(values: dict) -> dict:
    texts = {k: _plain(values[k], 1000) for k in ("what", "got", "expected", "cause")}
    return {**texts, "ok": False}


def _plain(text: object, length: int) -> str:
    """Text that can be written anywhere: JSON lets halves of surrogate pairs and control characters through.

    Raises:
        ExchangeError: it is no text.
    """
    if not isinstance(text, str):
        raise ExchangeError("its result holds something else where a text should be")
    return _CONTROL.sub("\ufffd", text[:length].encode("utf-8", "replace").decode("utf-8"))
