"""One column of bytes out of a Parquet file: how Hugging Face keeps the pictures of an image set.

Such a file holds a column of structs {bytes, path}. pyarrow reads it. That package is an extra of the kit
(``parquet``) and is imported here only, since nothing but a download of CelebA needs it.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

MAGIC = b"PAR1"  # the first and the last four bytes of a file
_ROWS = 1_000  # read at a time: some 10 MB of small JPEGs


class ParquetError(ValueError):
    """The file is damaged, lacks the column, or pyarrow is not installed; one line says which."""


def require() -> None:
    """Raise a ParquetError that says what to install where pyarrow is missing."""
    if importlib.util.find_spec("pyarrow") is None:
        raise ParquetError("it is a Parquet file, which needs pyarrow: pip install pyarrow")


def byte_values(path: Path, leaf: tuple[str, ...]) -> Iterator[bytes]:
    """The values of one column of bytes, in order, without the missing ones.

    Args:
        path: the Parquet file.
        leaf: the column's path in the schema, say ``("image", "bytes")``.

    Raises:
        ParquetError: see there.
    """
    require()
    from pyarrow import compute, parquet

    name = ".".join(leaf)
    try:
        with parquet.ParquetFile(path) as file:
            kinds = {column.path: column.physical_type for column in file.schema}
            if kinds.get(name) != "BYTE_ARRAY":
                raise ParquetError(f"there is no column {name} of bytes")
            for batch in file.iter_batches(_ROWS, columns=[name]):
                column = compute.struct_field(batch.column(0), leaf[1:])
                yield from column.drop_null().to_pylist()
    except ParquetError:
        raise
    except Exception as error:  # damaged bytes lead anywhere
        raise ParquetError(f"{path.name} is damaged ({' '.join(str(error).split())[:200]})") from error
