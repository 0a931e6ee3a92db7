"""Results on their way out of the sandbox: right ones arrive whole, anything else is refused in one line."""

import io
import json
import pickle
import random
import tempfile
import time
import zipfile

import numpy as np
import pytest

from labkit.exercises.exercise import Finding
from labkit.exercises.record import Record
from labkit_instructor.sandbox.inside import exchange
from labkit_instructor.sandbox.inside.exchange import ExchangeError, Result, read_result, write_result


def _read(data: bytes) -> Result:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_result(file)


def _written(result: Result) -> bytes:
    buffer = io.BytesIO()
    write_result(result, buffer)
    return buffer.getvalue()


def _npz(meta: dict, **members: bytes) -> bytes:
    """An archive by hand: the arrays are bytes of .npy files."""
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {"meta": _npy(text), **members}.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def _npy(array, **options) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


META = {
    "status": "answered",
    "names": ["x"],
    "odd": {},
    "failure": None,
    "printed": "",
    "failed_cells": {},
}


def test_a_result_comes_back_as_it_was():
    arrays = {"a": np.arange(6.0).reshape(2, 3), "ü": np.array("text"), "none": np.empty((0, 4), np.int64)}
    result = Result(Record("answered", arrays, {"b": "a list"}), "printed", {"helper 1": "NameError"})
    got = _read(_written(result))
    assert got.printed == "printed"
    assert got.failed_cells == {"helper 1": "NameError"}
    assert got.record.odd == {"b": "a list"}
    assert list(got.record.arrays) == list(arrays)
    for name, array in arrays.items():
        assert got.record.arrays[name].dtype == array.dtype
        assert np.array_equal(got.record.arrays[name], array)


def test_a_failure_and_an_undefined_name_come_back():
    failure = Finding("it runs", False, "NameError: x", "no error", "misspelt")
    assert _read(_written(Result(Record("raised", failure=failure)))).record.failure == failure
    needed = Record("blank", failure=Finding("7.4 is needed first", False))
    assert [_read(_written(Result(r))).record for r in (needed, Record("blank"))] == [needed, Record("blank")]
    assert _read(_written(Result(None, "hm"))).record is None


def test_text_that_no_file_can_hold_is_mended():
    failure = Finding("x\ud800", False, "\udfff", "", "")
    got = _read(_written(Result(Record("raised", failure=failure), "half \ud83d")))
    (got.printed + got.record.failure.what + got.record.failure.got).encode("utf-8")


class _Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle ran')",))


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meta.npy", bytes(2**27))
    return buffer.getvalue()


def _header(text: str) -> bytes:
    data = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(data).to_bytes(2, "little") + data


GARBAGE = {
    "nothing": b"",
    "text": b"0.5",
    "a pickle": pickle.dumps(_Evil()),
    "a zip bomb": _bomb(),
    "an array of objects": _npz(META, a0=_npy(np.array([_Evil()], object), allow_pickle=True)),
    "a pickle as an array": _npz(META, a0=pickle.dumps(_Evil())),
    "a shape that is not there": _npz(
        META, a0=_header("{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000,), }")
    ),
    "a negative shape": _npz(META, a0=_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }")),
    "a header that is code": _npz(META, a0=_header("__import__('os').abort()")),
    "a structured type": _npz(META, a0=_npy(np.zeros(2, [("a", "f4")]))),
    "complex numbers": _npz(META, a0=_npy(np.zeros(2, complex))),
    "dates": _npz(META, a0=_npy(np.zeros(2, "M8[s]"))),
    "no meta": _npz({}),
    "names without arrays": _npz(META),
    "arrays without names": _npz({**META, "names": []}, a0=_npy(np.zeros(1))),
    "one name twice": _npz({**META, "names": ["x", "x"]}, a0=_npy(np.zeros(1)), a1=_npy(np.zeros(1))),
    "another status": _npz({**META, "status": "right"}, a0=_npy(np.zeros(1))),
    "raised, without what": _npz({**META, "status": "raised"}, a0=_npy(np.zeros(1))),
    "answered, with a failure": _npz({**META, "failure": {"what": "x"}}, a0=_npy(np.zeros(1))),
    "deep JSON": b"PK",
    "names that are no list": _npz({**META, "names": {"x": 1}}, a1=_npy(np.zeros(1))),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_anything_else_is_refused(what):
    with pytest.raises(ExchangeError) as error:
        _read(GARBAGE[what])
    assert len(str(error.value)) < 200


POISON = np.frombuffer(b"\xff" * 16, "<U4").reshape(())


def test_text_that_is_no_text_is_refused():
    with pytest.raises(ExchangeError, match="no text"):
        _read(_npz(META, a0=_npy(POISON)))


def test_what_comes_back_can_be_written_anywhere():
    points = np.array([0xD83D, 0, 27, ord("x")], "<u4")
    text = np.frombuffer(points.tobytes(), "<U4").reshape(())
    meta = {**META, "printed": "\x1b[2J\x00 \ud83d \n\t", "failed_cells": {"\x07": "\x9b"}}
    got = _read(_npz(meta, a0=_npy(text)))
    for said in (got.printed, str(got.record.arrays["x"]), *got.failed_cells, *got.failed_cells.values()):
        said.encode("utf-8")
        assert all(c in "\n\t" or c.isprintable() for c in said)


def test_numbers_come_back_as_this_machine_has_them():
    odd = np.frombuffer(bytes([0, 1, 2, 255]), bool)
    for array in (odd, np.arange(4, dtype=">f8"), np.ones(4, np.longdouble), np.ones((2, 2), order="F")):
        got = _read(_npz(META, a0=_npy(array))).record.arrays["x"]
        assert got.dtype.isnative and got.itemsize <= 8 and got.flags.c_contiguous
        assert set(got.ravel().view(np.uint8).tolist()) <= {0, 1} or got.dtype.kind != "b"


def test_a_long_text_is_cut_and_many_are_refused():
    assert len(str(_read(_npz(META, a0=_npy(np.array("x" * 10**6)))).record.arrays["x"])) < 10**5
    with pytest.raises(ExchangeError, match="too many texts"):
        _read(_npz(META, a0=_npy(np.full(10**5, "x"))))


def test_what_is_printed_is_short_whoever_writes_it():
    assert (
        len(_read(_npz({**META, "names": [], "printed": "\U0001f600" * 10**4})).printed) == exchange.PRINTED
    )


def test_entries_and_words_are_counted_before_they_are_parsed():
    whole = _npz(META, a0=_npy(np.ones(3)))
    end = whole.index(b"PK\x01\x02")
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\x00" + bytes(16) + b"x"
    for data in (
        whole[:end] + entry * 10**6 + whole[end:],
        _npz({**META, "names": ["y"] * 10**6}),
        _npz({**META, "odd": {"x" * 10**7: 1}}),
    ):
        start = time.process_time()
        with pytest.raises(ExchangeError, match="too many|more about itself"):
            _read(data)
        assert time.process_time() - start < 1


def test_texts_must_be_texts():
    for more in (
        {"printed": [1] * 9},
        {"odd": {"x": {"a": 1}}},
        {"names": [7]},
        {"failed_cells": {"x": None}},
    ):
        with pytest.raises(ExchangeError):
            _read(_npz({**META, **more}, a0=_npy(np.ones(3))))


def test_a_large_file_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(exchange, "MOST_BYTES", 1000)
    with pytest.raises(ExchangeError, match="MB"):
        _read(bytes(2000))


def test_no_damage_does_more_than_be_refused():
    arrays = {"a": np.arange(60.0), "b": np.array("text")}
    good = _written(Result(Record("answered", arrays), "hello"))
    chance = random.Random(4)
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            data = data[: chance.randrange(len(data))]
        try:
            result = _read(bytes(data))
        except ExchangeError:
            continue
        for array in result.record.arrays.values() if result.record else ():
            assert array.dtype.kind in "biufU"
