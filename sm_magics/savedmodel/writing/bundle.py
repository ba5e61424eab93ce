"""A checkpoint's files (a "tensor bundle"): the values one behind the other, and their index.

`SaveV2` copies every value into a new buffer of 8 MiB before it writes it; here values go from the
variables' own memory to the file, which takes half of the time for models that are little else. The
disk begins while more is written; publishing waits until it has all.
Sources: TensorFlow's `tensor_bundle.cc` and `tensor_bundle.proto`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from crc32c import crc32c

from sm_magics.savedmodel.publishing import durability
from sm_magics.savedmodel.writing.table import masked, table, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_CHUNK = 2**20
"""Bytes whose checksum is taken while they are still in the processor's cache."""

_STRETCH = 2**22
"""Bytes that the disk is given at once."""

_SMALL = 2**25
"""Bytes that a disk has while a graph is made."""

_LONG = 2**32


def write_shard(path: Path, number: int, tensors: Iterable[tuple[str, Any]]) -> dict[bytes, Any]:
    """Write values.

    Parameters
    ----------
    path : Path
        Is made.
    number : int
        The place of the file among the shards.
    tensors : iterable of (str, tf.Tensor)
        In the memory of the host, by what the checkpoint calls them.

    Returns
    -------
    dict of bytes to BundleEntryProto
        Where each of them lies.

    Raises
    ------
    OSError
        If the file can't be written; it names it.
    """
    try:
        return _written(path, number, tensors)
    except OSError as error:
        # A write that fails does not say where.
        named = OSError(error.errno, error.strerror, str(path))
        named.add_note("sm_magics: while saving the variables: nothing was written")
        raise named from error


def _written(path: Path, number: int, tensors: Iterable[tuple[str, Any]]) -> dict[bytes, Any]:
    from tensorflow.core.protobuf import tensor_bundle_pb2

    entries = {}
    with path.open("xb") as opened:
        file = _File(opened)
        for key, tensor in tensors:
            start = file.size
            checksum = _write(file, tensor)
            entries[key.encode()] = tensor_bundle_pb2.BundleEntryProto(
                dtype=tensor.dtype.as_datatype_enum,
                shape=tensor.shape.as_proto(),
                shard_id=number,
                offset=start,
                size=file.size - start,
                crc32c=int.from_bytes(masked(checksum), "little"),
            )
        file.end()
    return entries


def index(entries: Mapping[bytes, Any], num_shards: int) -> bytes:
    """Return the index file of a checkpoint.

    Parameters
    ----------
    entries : dict of bytes to BundleEntryProto
        Of all shards.
    num_shards : int
    """
    from tensorflow.core.protobuf import tensor_bundle_pb2

    order = tensor_bundle_pb2.BundleHeaderProto.Endianness.Value(sys.byteorder.upper())
    header = tensor_bundle_pb2.BundleHeaderProto(num_shards=num_shards, endianness=order)
    header.version.producer = 1
    records = {key: entry.SerializeToString() for key, entry in entries.items()}
    return table({b"": header.SerializeToString(), **records})


class _File:
    """A file whose bytes are on their way to the disk while more of them are written."""

    def __init__(self, file: BinaryIO) -> None:
        self.size = 0
        self._file = file
        self._begun = 0

    def write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self.size += len(data)
        if self.size - self._begun >= _STRETCH:
            self.begin()

    def end(self) -> None:
        """Let the disk begin with the rest; wait until it has a small file.

        Meanwhile another thread makes the graph. A large one is better read back meanwhile.
        """
        self.begin()
        if self.size <= _SMALL:
            os.fsync(self._file.fileno())

    def begin(self) -> None:
        """Let the disk begin with what was written since the last time."""
        self._file.flush()
        durability.begin(self._file.fileno(), self._begun, self.size - self._begun)
        self._begun = self.size


def _write(file: _File, tensor: Any) -> int:
    """Write the value of a tensor; return its checksum."""
    # `np.asarray` copies nothing, but fails for scalars of dtypes that NumPy does not know.
    value = tensor if tensor.shape.rank else tensor.numpy()
    if tensor.dtype == "string":
        # As objects: NumPy's own strings lose the zeros at their end.
        return _write_strings(file, np.asarray(value, object).reshape(-1).tolist())
    return _write_numbers(file, np.asarray(value))


def _write_numbers(file: _File, array: Any) -> int:
    """Write the bytes of an array as they are; nothing is copied."""
    flat: Any = np.ascontiguousarray(array).reshape(-1)
    whole = memoryview(flat.view("uint8"))
    checksum = 0
    for start in range(0, len(whole), _CHUNK):
        chunk = whole[start : start + _CHUNK]
        checksum = crc32c(chunk, checksum)
        file.write(chunk)
    return checksum


def _write_strings(file: _File, strings: list[bytes]) -> int:
    """Write the lengths of all strings, the checksum of these, and the strings.

    The checksum of it all takes the lengths as numbers of four bytes, or eight where they are long.
    """
    checksum = 0
    for string in strings:
        size = len(string)
        checksum = crc32c(size.to_bytes(4 if size < _LONG else 8, sys.byteorder), checksum)
        file.write(varint(size))
    of_lengths = masked(checksum)
    file.write(of_lengths)
    checksum = crc32c(of_lengths, checksum)
    for string in strings:
        file.write(string)
        checksum = crc32c(string, checksum)
    return checksum
