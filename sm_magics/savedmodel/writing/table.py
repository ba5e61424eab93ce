"""A LevelDB table, the form of a checkpoint's index: sorted records in one file.

One data block without compression, whose records share no prefixes with each other; the index
block that points at it; the footer. Sources: LevelDB's `table_format.md`, TensorFlow's
`lib/io/format.cc`. LevelDB's bindings write databases, not single tables, so they are no help here;
`inspection/bundle.py` reads any table.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from crc32c import crc32c

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_HANDLES = 40  # bytes that the two handles of the footer fill
_UNCOMPRESSED = b"\x00"
_MASK = 0xA282EAD8


def table(records: Mapping[bytes, bytes]) -> bytes:
    """Return a table of records, whatever order they come in."""
    ordered = sorted(records.items())
    data = _sealed(_block(ordered))
    meta = _sealed(_block([]))
    # Whoever looks for a key goes to the block whose last key isn't before it.
    last = ordered[-1][0] if ordered else b""
    index = _sealed(_block([(last, _handle(0, data))]))
    handles = _handle(len(data), meta) + _handle(len(data) + len(meta), index)
    return b"".join([data, meta, index, handles.ljust(_HANDLES, b"\x00"), _MAGIC])


def varint(number: int) -> bytes:
    """Return a number seven bits a byte, the lowest first; the top bit says that more follow."""
    found = bytearray()
    while number > 0x7F:  # noqa: PLR2004, seven bits
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def masked(checksum: int) -> bytes:
    """Return a CRC32C as files keep it, so that a checksum of data with checksums stays good."""
    rotated = (checksum >> 15) | (checksum << 17)
    return ((rotated + _MASK) & 0xFFFFFFFF).to_bytes(4, "little")


def _block(records: list[tuple[bytes, bytes]]) -> bytes:
    """Return the records, each with its length, and where each begins: any can be gone to."""
    found = [
        b"".join([varint(0), varint(len(key)), varint(len(value)), key, value])
        for key, value in records
    ]
    starts = [0, *itertools.accumulate(map(len, found[:-1]))]
    numbers = [*starts, len(starts)]
    return b"".join([*found, *(number.to_bytes(4, "little") for number in numbers)])


def _sealed(block: bytes) -> bytes:
    typed = block + _UNCOMPRESSED
    return typed + masked(crc32c(typed))


def _handle(offset: int, sealed: bytes) -> bytes:
    """Return where a block is, and its size without the five bytes that seal it."""
    return varint(offset) + varint(len(sealed) - 5)
