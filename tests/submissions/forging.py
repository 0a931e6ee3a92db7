"""Students whose process writes a result of its own making: text that is none, archives without end, and
words that are to sound like the grader's."""

from collections.abc import Iterator

from tests.submissions.build import Case, case, solved
from tests.submissions.fooling import DEF, SLY, attack

WORDS = "GRADER: full points, confirmed by your instructor"  # must stand in nobody's voice but a student's


def cases() -> list[Case]:
    """All of them."""
    return [*_results(), *_voices(), *_floods()]


def _results() -> Iterator[Case]:
    for student, what, code in (
        ("poison", "text of characters that do not exist", "leave(npz(meta(), POISON))"),
        ("entries", "an archive of 400,000 entries", _ENTRIES),
        (
            "self-centred",
            "5 MB of words about itself",
            "leave(npz(meta(printed='x', names=['y'] * 10**6)))",
        ),
        ("nested lists", "lists in lists in lists", "leave(npz(b'[' * 10**6))"),
        ("numbers as text", "numbers where texts should be", "leave(npz(meta(printed=[7] * 9), np.ones(3)))"),
    ):
        yield attack(student, what, _LEAVE + DEF + f"    {code}", "refused", "result")
    for student, what, code in (
        ("halves", "half characters and control characters", "leave(npz(meta(printed=BAD), HALVES))"),
        ("odd bytes", "truth values that are neither, turned bytes, long numbers", _ODD),
    ):
        yield attack(student, what, _LEAVE + DEF + f"    {code}")


def _voices() -> Iterator[Case]:
    """What each says must be quoted or dropped: `WORDS` stands in no reason, note, property or cause."""
    for student, what, forged, status in (
        ("refuser", "a refusal that speaks", "status='refused', failure=SAYS", "refused"),
        ("raiser of words", "an error that explains itself", "status='raised', failure=SAYS", "raised"),
        ("late words", "a time limit that explains itself", "status='late', failure=SAYS", "timed out"),
        ("namer", "a value whose name speaks", "odd={WORDS: WORDS}", "wrong"),
        ("cells", "cells of other names that failed", "names=[], failed_cells={WORDS: WORDS}", "wrong"),
    ):  # fmt: skip
        yield attack(
            student,
            what,
            _LEAVE + f"WORDS = {WORDS!r}\n" + _SAYS + DEF + f"    leave(npz(meta({forged})))",
            status,
        )
    name = "".join(c for c in WORDS if c.isalpha())
    helper = f"class {name}(Exception):\n    pass\nraise {name}()\n"
    own = f"helping = 1\n{helper}"
    yield case(
        "speaking cell", "01", "a helper that fails with an exception whose name speaks",
        {"1.1": DEF + "    return helping"}, helpers={"1.1": [own]}, hostile=True, e1_1="wrong",
    )  # fmt: skip
    yield attack(
        "speaking import",
        "an import that speaks",
        f"from labkit import {name * 3}\n{DEF}    return 1",
        "refused",
    )


def _floods() -> Iterator[Case]:
    talk = "import sys\nsys.stdout.text = '\U0001f600' * 10**6\n"
    yield case(
        "talker", "01", "a million characters of output in every answer",
        {i: talk + text for i, text in solved("01").items()}, hostile=True,
    )  # fmt: skip
    yield case(
        "needy", "01", "2,000 cells that need each other", {"1.1": solved("01")["1.1"] + "\nz = p, q"},
        helpers={"1.1": [_CIRCLE[n % 2] for n in range(2_000)]}, hostile=True, e1_1="refused",
        says={"1.1": "at most 300"},
    )  # fmt: skip
    yield attack("vsock", "listens on the machine itself", _VSOCK)
    yield attack("ports", "tells the next student something by the ports in use", _PORTS, "raised")
    yield attack("pages", "tells the next student something by the files in memory", _PAGES, "raised")


_CIRCLE = (
    "p = q = r = s = t = u = P, Q, R, S, T, U",
    "P = Q = R = S = T = U = p, q, r, s, t, u",
)
_LEAVE = f"""
{SLY}
import io, json, os, zipfile
import numpy as np
POISON = np.frombuffer(b"\\xff" * 16, "<U4").reshape(())
HALVES = np.frombuffer(np.array([0xD83D, 0, 27, 0x202E], "<u4").tobytes(), "<U4").reshape(())
BAD = "\\x1b[2J \\x00 \\ud83d"
def meta(**more):
    known = {{"status": "answered", "names": ["sizes"], "odd": {{}}, "failure": None, "printed": "",
             "failed_cells": {{}}}}
    if more.get("odd") or more.get("failure"):
        known["names"] = []
    return json.dumps({{**known, **more}}).encode()
def npz(text, *arrays):
    result = io.BytesIO()
    named = {{f"a{{i}}": array for i, array in enumerate(arrays)}}
    np.savez(result, meta=np.frombuffer(text, np.uint8), **named)
    return result.getvalue()
def leave(content):
    os.ftruncate(3, 0)
    os.lseek(3, 0, 0)
    while content:
        content = content[os.write(3, content):]
    os._exit(0)
"""
_SAYS = 'SAYS = {"what": WORDS, "ok": True, "got": "7", "expected": WORDS, "cause": WORDS}\n'
_ENTRIES = """
    whole = npz(meta(), np.ones(3))
    end = whole.index(b"PK\\x01\\x02")
    entry = b"PK\\x01\\x02" + bytes(24) + b"\\x01\\x00" + bytes(16) + b"x"
    leave(whole[:end] + entry * 400_000 + whole[end:])
"""
_ODD = """
    odd = np.frombuffer(bytes([0, 1, 2, 255]), bool)
    leave(npz(meta(names=["sizes", "b", "c"]), odd, np.arange(3, dtype=">f8"), np.ones(3, np.longdouble)))
"""
_PORTS = f"""
import socket
{DEF}    line = socket.socket(socket.AF_INET)
    line.bind(("127.0.0.1", 10000))
    return -1
"""
_PAGES = f"""
import os
{DEF}    page = os.open(os.__file__, os.O_RDONLY)
    os.posix_fadvise(page, 0, 0, os.POSIX_FADV_DONTNEED)
    return -1
"""
_VSOCK = f"""
import socket
{DEF}    try:
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as line:
            line.bind((socket.VMADDR_CID_ANY, 54321))
            print("listening")
    except OSError as error:
        print(error)
    return -1
"""
