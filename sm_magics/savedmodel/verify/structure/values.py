"""The values of variables: in memory, in the index of a checkpoint, and in its shards."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.inspection import bundle
from sm_magics.savedmodel.verify.structure import checksums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    Handles = Mapping[str, list[Any]]
    """The live handles that are to have the value of a key."""


class Values:
    """Compares live variables with a checkpoint.

    Parameters
    ----------
    directory : Path
        A SavedModel.
    """

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "variables"
        path = self._folder / bundle.INDEX_NAME
        self._index = bundle.read_index(path) if path.exists() else bundle.Index(1, ())
        self.entries = {entry.key: entry for entry in self._index.entries}
        self._memory: dict[tuple[int, str], str] = {}
        self._unreadable: set[tuple[int, str]] = set()
        self._damaged: list[str] = []

    def read(self, pairs: Iterable[tuple[Any, str]]) -> None:
        """Compute the checksums, in memory and on the disk at once.

        Parameters
        ----------
        pairs : iterable of (handle, str)
            A live variable's handle, and the key of its value in the checkpoint.
        """
        with ThreadPoolExecutor(1) as other:
            disk = other.submit(self._read_disk)
            for handle, key in pairs:
                if (id(handle), key) not in self._memory:
                    self._memory[id(handle), key] = self._compared(handle, key)
            disk.result()

    def difference(self, handle: Any, key: str) -> str:
        """Return what tells a live variable from what the index tells; ``""`` if nothing does."""
        return self._memory[id(handle), key]

    def damaged(self) -> list[str]:
        """Return the keys whose bytes on the disk are not those that the index tells of."""
        return self._damaged

    def is_readable(self, handle: Any, key: str) -> bool:
        """Tell whether a live variable had a value that can be read here."""
        return (id(handle), key) not in self._unreadable

    def _compared(self, handle: Any, key: str) -> str:
        import tensorflow as tf

        entry = self.entries[key]
        try:
            array = tf_private.variable_array(handle)
        except tf.errors.OpError:  # it lies elsewhere, or on several devices
            self._unreadable.add((id(handle), key))
            return ""
        dtype = tf_private.variable_dtype(handle).name
        if dtype != entry.dtype or array.shape != entry.shape:
            there = f"{entry.dtype}{list(entry.shape)}"
            return f"it is {dtype}{list(array.shape)}, and {there} written"
        if checksums.of_array(array) != checksums.unmasked(entry.checksum or 0):
            return "its value in memory is not the one that was written"
        return ""

    def _read_disk(self) -> None:
        names = bundle.shard_names(self._index.num_shards)
        with contextlib.closing(checksums.Shards(self._folder, names)) as shards:
            for entry in self._index.entries:
                if not is_plain(entry):
                    continue
                ((shard, end),) = entry.shards.items()
                found = shards.checksum(shard, end - entry.bytes, entry.bytes)
                if found != checksums.unmasked(entry.checksum or 0):
                    self._damaged.append(entry.key)


def is_plain(entry: bundle.Entry) -> bool:
    """Tell whether an entry's bytes lie in one piece, as they do in memory."""
    return not entry.sliced and entry.dtype not in {"string", "variant"}
