"""Just enough Parquet to take the pictures out of a Hugging Face image set, without a library.

Such a file holds a column of structs {bytes, path}; we read one leaf of bytes. Understood:
files of any number of row groups, data pages of version 1 and 2, plain and dictionary encoding,
no compression, Snappy and gzip, missing values. That is what the ``datasets`` library writes.
Sources: the Apache Parquet format description (file layout, encodings, thrift definitions), the
thrift compact protocol, and Google's description of the Snappy format.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"PAR1"
_SNAPPY, _GZIP = 1, 2  # CompressionCodec
_DATA_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_V2 = 0, 2, 3  # PageType
_PLAIN, _DICTIONARY_ENCODINGS = 0, (2, 8)  # Encoding
_BYTE_ARRAY = 6  # Type


class ParquetError(ValueError):
    """The file is damaged, or uses a part of the format that this reader leaves out."""


def byte_values(path: Path, leaf: tuple[str, ...]) -> Iterator[bytes]:
    """The values of one bytes column, in order, without the missing ones.

    Args:
        path: the Parquet file; it is read whole.
        leaf: the column's path in the schema, say ``("image", "bytes")``.

    Raises:
        ParquetError: see there.
    """
    data = path.read_bytes()
    try:
        yield from _byte_values(data, leaf)
    except ParquetError:
        raise
    except Exception as error:  # damaged bytes lead anywhere
        raise ParquetError(f"{path.name} is damaged ({error!r})") from error


def _byte_values(data: bytes, leaf: tuple[str, ...]) -> Iterator[bytes]:
    if data[:4] != MAGIC or data[-4:] != MAGIC:
        raise ParquetError("not a whole Parquet file: its first or last bytes are wrong")
    (length,) = struct.unpack("<I", data[-8:-4])
    footer, _ = _read_struct(data, len(data) - 8 - length)
    levels = _definition_levels(footer[2], leaf)
    for group in footer[4]:
        for column in group[1]:
            about = column[3]
            if tuple(name.decode() for name in about[3]) == leaf:
                if about[1] != _BYTE_ARRAY:
                    raise ParquetError(f"column {'.'.join(leaf)} does not hold bytes")
                yield from _column_values(data, about, levels)


def _definition_levels(schema: list[dict], leaf: tuple[str, ...]) -> int:
    """How many of the nodes on the way to the leaf may be missing."""
    position, levels = 0, 0

    def skip(index: int) -> int:
        following = index + 1
        for _ in range(schema[index].get(5, 0)):
            following = skip(following)
        return following

    for name in leaf:
        child = position + 1
        for _ in range(schema[position].get(5, 0)):
            if schema[child][4].decode() == name:
                break
            child = skip(child)
        else:
            raise ParquetError(f"there is no column {'.'.join(leaf)}")
        repetition = schema[child].get(3, 0)
        if repetition == 2:
            raise ParquetError(f"column {'.'.join(leaf)} holds lists")
        position, levels = child, levels + (repetition == 1)
    return levels


def _column_values(data: bytes, about: dict, levels: int) -> Iterator[bytes]:
    position = about.get(11) or about[9]  # the dictionary page comes first, where there is one
    left, dictionary = about[5], []
    while left > 0:
        header, start = _read_struct(data, position)
        position = start + header[3]
        body = data[start:position]
        kind = header[1]
        if kind == _DICTIONARY_PAGE:
            dictionary = _plain(_decompress(body, about[4]), header[7][1])
        elif kind in (_DATA_PAGE, _DATA_PAGE_V2):
            page = _data_page(body, header, about[4], levels)
            left -= page.count
            if page.encoding == _PLAIN:
                yield from _plain(page.values, page.present)
            elif page.encoding in _DICTIONARY_ENCODINGS:
                indices = _run_lengths(page.values[1:], page.values[0], page.present) if page.present else []
                yield from (dictionary[index] for index in indices)
            else:
                raise ParquetError(f"encoding {page.encoding} is not supported")


@dataclass(frozen=True)
class _Page:
    """A data page: rows in it, values present, how those are encoded, their bytes."""

    count: int
    present: int
    encoding: int
    values: bytes


def _data_page(body: bytes, header: dict, codec: int, levels: int) -> _Page:
    if header[1] == _DATA_PAGE_V2:
        about = header[8]
        before = about[5] + about[6]
        values = body[before:]
        values = _decompress(values, codec) if about.get(7, True) else values
        return _Page(about[1], about[1] - about[2], about[4], values)
    about, body = header[5], _decompress(body, codec)
    if not levels:
        return _Page(about[1], about[1], about[2], body)
    (length,) = struct.unpack_from("<I", body)
    present = _run_lengths(body[4 : 4 + length], levels.bit_length(), about[1]).count(levels)
    return _Page(about[1], present, about[2], body[4 + length :])


def _plain(body: bytes, count: int) -> list[bytes]:
    values, position = [], 0
    for _ in range(count):
        (length,) = struct.unpack_from("<I", body, position)
        values.append(body[position + 4 : position + 4 + length])
        position += 4 + length
    if position > len(body):
        raise ParquetError("a page ends in the middle of a value")
    return values


def _run_lengths(body: bytes, width: int, count: int) -> list[int]:
    """Decode the hybrid of run lengths and bit packing that levels and indices use."""
    values, position, size = [], 0, (width + 7) // 8
    while len(values) < count:
        head, position = _varint(body, position)
        if head & 1:  # groups of eight, packed from the lowest bit
            taken = (head >> 1) * width
            packed = int.from_bytes(body[position : position + taken], "little")
            mask = (1 << width) - 1
            wanted = min((head >> 1) * 8, count - len(values))
            values += [packed >> (i * width) & mask for i in range(wanted)]
            position += taken
        else:
            value = int.from_bytes(body[position : position + size], "little")
            values += [value] * min(head >> 1, count - len(values))
            position += size
    return values


def _decompress(body: bytes, codec: int) -> bytes:
    if codec == 0:
        return body
    if codec == _SNAPPY:
        return _snappy(body)
    if codec == _GZIP:
        return zlib.decompress(body, wbits=31)
    raise ParquetError(f"compression {codec} is not supported")


def _snappy(body: bytes) -> bytes:
    """Undo Snappy. Pictures hardly compress, so this is mostly a few long literals per page."""
    length, position = _varint(body, 0)
    out = bytearray()
    while position < len(body):
        tag = body[position]
        position += 1
        if tag & 3 == 0:
            size = tag >> 2
            if size >= 60:  # the length stands in the next 1..4 bytes
                extra = size - 59
                size = int.from_bytes(body[position : position + extra], "little")
                position += extra
            out += body[position : position + size + 1]
            position += size + 1
            continue
        if tag & 3 == 1:
            size, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | body[position]
            position += 1
        else:
            wide = 2 if tag & 3 == 2 else 4
            size, offset = (tag >> 2) + 1, int.from_bytes(body[position : position + wide], "little")
            position += wide
        if not 0 < offset <= len(out):
            raise ParquetError("a compressed page is damaged")
        piece = out[len(out) - offset :][:size]
        out += (piece * (size // len(piece) + 1))[:size]
    if len(out) != length:
        raise ParquetError("a compressed page is damaged")
    return bytes(out)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _read_struct(data: bytes, position: int) -> tuple[dict[int, object], int]:
    """A thrift struct in the compact protocol, as {field number: value}; lists and structs nest."""
    fields, number = {}, 0
    while head := data[position]:
        position += 1
        if head >> 4:
            number += head >> 4
        else:
            number, position = _zigzag(data, position)
        kind = head & 15
        if kind in (1, 2):  # a bool lives in its own head
            fields[number] = kind == 1
        else:
            fields[number], position = _read_value(data, position, kind)
    return fields, position + 1


def _read_value(data: bytes, position: int, kind: int) -> tuple[object, int]:
    if kind in (1, 2, 3):
        return data[position], position + 1
    if kind in (4, 5, 6):
        return _zigzag(data, position)
    if kind == 7:
        return struct.unpack_from("<d", data, position)[0], position + 8
    if kind == 8:
        length, position = _varint(data, position)
        return data[position : position + length], position + length
    if kind in (9, 10):
        count, inner = data[position] >> 4, data[position] & 15
        position += 1
        if count == 15:
            count, position = _varint(data, position)
        values = []
        for _ in range(count):
            value, position = _read_value(data, position, inner)
            values.append(value)
        return values, position
    if kind == 12:
        return _read_struct(data, position)
    raise ParquetError(f"thrift type {kind} is not supported")


def _zigzag(data: bytes, position: int) -> tuple[int, int]:
    value, position = _varint(data, position)
    return value >> 1 ^ -(value & 1), position
