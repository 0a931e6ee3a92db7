"""Pictures out of Parquet files, on two small ones.

``twelve_faces.parquet``: 12 drawn faces as 16x16 JPEGs in the column {bytes, path} of a Hugging Face
set between two other columns; Snappy, two row groups, dictionary pages that spill into plain ones.
``with_gaps.parquet``: the same faces with rows 0, 3, 6, 9 missing and row 4 without bytes; gzip, data
pages of version 2.
"""

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labkit.data import parquet

FILES = Path(__file__).parent / "files"
LEAF = ("image", "bytes")


def test_every_face_comes_out_in_order():
    faces = list(parquet.byte_values(FILES / "twelve_faces.parquet", LEAF))
    assert len(faces) == 12 == len(set(faces))
    for face in faces:
        assert np.asarray(Image.open(io.BytesIO(face))).shape == (16, 16, 3)


def test_missing_values_are_left_out():
    every = list(parquet.byte_values(FILES / "twelve_faces.parquet", LEAF))
    some = list(parquet.byte_values(FILES / "with_gaps.parquet", LEAF))
    assert some == [every[i] for i in (1, 2, 5, 7, 8, 10, 11)]


def test_a_column_that_is_not_there():
    with pytest.raises(parquet.ParquetError, match="no column image.pixels"):
        list(parquet.byte_values(FILES / "twelve_faces.parquet", ("image", "pixels")))


def test_damage_is_an_error_and_never_a_crash(tmp_path):
    good = (FILES / "twelve_faces.parquet").read_bytes()
    random.seed(0)
    errors = 0
    for trial in range(200):
        bad = bytearray(good)
        if trial % 2:  # the end is missing, but the last bytes look right
            bad = bad[: random.randrange(len(bad))] + parquet.MAGIC
        for _ in range(4):
            bad[random.randrange(len(bad))] = random.randrange(256)
        path = tmp_path / "bad.parquet"
        path.write_bytes(bad)
        try:
            list(parquet.byte_values(path, LEAF))
        except parquet.ParquetError as error:
            errors += 1
            assert "\n" not in str(error)
    assert errors > 100
