"""The index of a checkpoint (a "tensor bundle"): what is in it and where, without its values.

The index is one LevelDB table file: blocks of key-sorted records whose keys share prefixes, an
index block that points at them, and a footer that points at that. Sources: TensorFlow's
`tensor_bundle.h`, `tensor_bundle.proto` and `lib/io/format.cc`; LevelDB's `table_format.md`.
LevelDB's bindings open databases, not single tables, so they are no help here. Checksums are not
verified: in pure Python that takes longer than everything else.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_magics.savedmodel.inspection import protos
from sm_magics.savedmodel.inspection.varints import varint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX_NAME = "variables.index"
OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_FOOTER = 48  # bytes: two padded handles (2 x 20) and the magic number
_UNCOMPRESSED = 0
_SLICE_MARK = b"\x00"  # a slice's key is an OrderedCode: number 0, the name, the extents
_END_OF_NAME = b"\x00\x01"


class BundleError(ValueError):
    """A checkpoint that is truncated, foreign, or lacks a file."""


class Entry(NamedTuple):
    """A tensor of the checkpoint.

    `bytes` is its size in the shards; `shards` maps each shard that it lies in to the end of its
    last byte there. `checksum` is what the index says of its bytes (CRC32C); of a sliced tensor it
    sums up where its slices lie and the checksum of each. `sliced` tells whether it is one.
    """

    key: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    shards: dict[int, int]
    checksum: int | None = None
    sliced: bool = False


class Index(NamedTuple):
    """All tensors of a checkpoint, sorted by key."""

    num_shards: int
    entries: tuple[Entry, ...]


def read_index(path: Path) -> Index:
    """Read a checkpoint's index.

    Raises
    ------
    BundleError
        If the file is truncated or no such index.
    OSError
        If the file can't be read.
    """
    from google.protobuf.message import DecodeError

    table = path.read_bytes()
    if not table.endswith(_MAGIC):
        raise BundleError(
            f"{path} is truncated, or no index of a checkpoint: its last {len(_MAGIC)} bytes "
            f"aren't those of a table ({len(table)} bytes)."
        )
    try:
        return _bundle(dict(_records(table)))
    except (DecodeError, ValueError, IndexError) as error:
        raise BundleError(f"{path} is damaged, or no index of a checkpoint: {error}.") from error


def shard_names(num_shards: int, prefix: str = "variables") -> tuple[str, ...]:
    """Return the names of a checkpoint's shards."""
    return tuple(f"{prefix}.data-{i:05d}-of-{num_shards:05d}" for i in range(num_shards))


def check_shards(folder: Path, index: Index) -> None:
    """Raise `BundleError` if `folder` lacks a shard of `index` or part of one."""
    names = shard_names(index.num_shards)
    needed: dict[int, int] = {}
    for entry in index.entries:
        for shard, end in entry.shards.items():
            needed[shard] = max(end, needed.get(shard, 0))
    for shard, size in sorted(needed.items()):
        if not 0 <= shard < len(names):
            raise BundleError(f"{folder / INDEX_NAME} is damaged: it names a shard {shard}.")
        path = folder / names[shard]
        if not path.is_file():
            raise BundleError(f"{path} is missing: variables lie in it.")
        if path.stat().st_size < size:
            raise BundleError(
                f"{path} is truncated: {path.stat().st_size} of at least {size} bytes."
            )


def _bundle(records: dict[bytes, bytes]) -> Index:
    header = protos.message("BundleHeaderProto").FromString(records.pop(b"", b""))
    if header.num_shards < 1:
        raise ValueError("it has no header")
    parse = protos.message("BundleEntryProto").FromString
    slices: dict[bytes, dict[bytes, Any]] = {}
    for key, value in records.items():
        if key.startswith(_SLICE_MARK):
            slices.setdefault(_sliced_name(key), {})[key] = parse(value)
    return Index(
        header.num_shards,
        tuple(
            _entry(key, parse(value), slices.get(key))
            for key, value in records.items()
            if not key.startswith(_SLICE_MARK)
        ),
    )


def _entry(key: bytes, proto: Any, slices: dict[bytes, Any] | None) -> Entry:
    size = proto.size
    shards = {proto.shard_id: proto.offset + size}
    if slices:
        size, shards = 0, {}
        for part in slices.values():
            size += part.size
            shards[part.shard_id] = max(part.offset + part.size, shards.get(part.shard_id, 0))
    return Entry(
        key.decode("utf-8", "backslashreplace"),
        protos.dtype_name(proto.dtype),
        tuple([dim.size for dim in proto.shape.dim]),
        size,
        shards,
        _checksum(proto, slices),
        bool(slices),
    )


def _checksum(proto: Any, slices: dict[bytes, Any] | None) -> int:
    if not slices:
        return int(proto.crc32c)
    # A slice's key says where in the tensor it lies.
    told = b"".join(key + part.crc32c.to_bytes(4, "little") for key, part in slices.items())
    return zlib.crc32(told)


def _sliced_name(key: bytes) -> bytes:
    """Return the tensor's name in a slice's key (`EncodeTensorNameSlice`, `OrderedCode`)."""
    name, _, _ = key[len(_SLICE_MARK) :].partition(_END_OF_NAME)
    return re.sub(rb"\x00\xff|\xff\x00", lambda pair: pair[0][:1], name)


def _records(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    footer = table[-_FOOTER:]
    _, at = varint(footer, 0)  # where the meta block starts, and its size: TensorFlow has none
    _, at = varint(footer, at)
    for _, handle in _block(table, *_handle(footer, at)):
        yield from _block(table, *_handle(handle, 0))


def _handle(buffer: bytes, at: int) -> tuple[int, int]:
    offset, at = varint(buffer, at)
    size, _ = varint(buffer, at)
    return offset, size


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield a block's records: each key as what it shares with the one before, and the rest."""
    block = table[offset : offset + size]
    if len(block) != size or size < 4:  # noqa: PLR2004, the four bytes of the restart count
        raise ValueError("a block lies outside the file")
    if table[offset + size] != _UNCOMPRESSED:
        raise ValueError("a block is compressed, which TensorFlow never does")
    restarts = int.from_bytes(block[-4:], "little")
    end = size - 4 - 4 * restarts
    at, key = 0, b""
    while at < end:
        shared, at = varint(block, at)
        unshared, at = varint(block, at)
        length, at = varint(block, at)
        after = at + unshared + length
        if shared > len(key) or after > end:
            raise ValueError("a record lies outside its block")
        key = key[:shared] + block[at : at + unshared]
        yield key, block[at + unshared : after]
        at = after
