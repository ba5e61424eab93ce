"""A LevelDB table, the form of a checkpoint's index: sorted records in one file.

One data block, without compression; the index block that points at it; the footer. Sources:
LevelDB's `table_format.md`, TensorFlow's `lib/io/format.cc`. LevelDB's bindings write databases,
not single tables, so they are no help here; `inspection/bundle.py` reads any table.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from crc32c import crc32c

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_HANDLES = 40  # bytes that the two handles of the footer fill
_UNCOMPRESSED = b"\x00"
_MASK = 0xA282EAD8
_INTERVAL = 16  # records, as LevelDB has it


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


def _block(records: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the records, each as what its key shares with the one before, and the rest.

    Every few records one shares nothing; where these begin stands at the end, to search among them.
    """
    found = bytearray()
    starts = []
    before = b""
    for number, (key, value) in enumerate(records):
        if number % _INTERVAL == 0:
            starts.append(len(found))
            before = b""
        shared = len(os.path.commonprefix([before, key]))  # noqa: RUF071, byte by byte it is
        found += varint(shared) + varint(len(key) - shared) + varint(len(value))
        found += key[shared:] + value
        before = key
    starts = starts or [0]
    return bytes(found) + b"".join(n.to_bytes(4, "little") for n in [*starts, len(starts)])


def _sealed(block: bytes) -> bytes:
    typed = block + _UNCOMPRESSED
    return typed + masked(crc32c(typed))


def _handle(offset: int, sealed: bytes) -> bytes:
    """Return where a block is, and its size without the five bytes that seal it."""
    return varint(offset) + varint(len(sealed) - 5)
