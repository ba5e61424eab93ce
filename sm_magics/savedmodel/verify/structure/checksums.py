"""The checksums of variables: of what is in memory, and of what is in the shards of a checkpoint.

CRC32C at the speed of memory (it runs without the GIL). A checkpoint's index has it masked, as
LevelDB does, so that a checksum of data with checksums in it stays a good one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crc32c import crc32c

if TYPE_CHECKING:
    from pathlib import Path

_MASK = 0xA282EAD8
_CHUNK = 1 << 17  # stays in the cache between read and checksum; a map would end in SIGBUS


def unmasked(checksum: int) -> int:
    """Return the checksum that an index says, as it was before it was masked."""
    rotated = (checksum - _MASK) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


def of_array(array: Any) -> int:
    """Return the checksum of the bytes of a NumPy array; nothing is copied."""
    return int(crc32c(array.reshape(-1).view("uint8"))) if array.size else 0


class Shards:
    """Checksums of stretches of a checkpoint's shards; each file is opened once.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        The shards by number.
    """

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self._paths = [folder / name for name in names]
        self._files: dict[int, Any] = {}
        self._buffer = memoryview(bytearray(_CHUNK))

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def checksum(self, shard: int, offset: int, size: int) -> int:
        """Return the checksum of `size` bytes from `offset`; OSError if they can't be read."""
        if shard not in self._files:
            self._files[shard] = self._paths[shard].open("rb", buffering=0)
        file = self._files[shard]
        file.seek(offset)
        found = 0
        while size:
            count = file.readinto(self._buffer[: min(size, _CHUNK)])
            if not count:
                raise EOFError(f"{self._paths[shard]} ends early")
            found = crc32c(self._buffer[:count], found)
            size -= count
        return int(found)
