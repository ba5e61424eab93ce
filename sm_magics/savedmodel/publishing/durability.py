"""Make sure that what was written survives a crash of the machine: TensorFlow never syncs."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NO_DIRECTORY_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF}
_FLAGS = os.O_RDWR if os.name == "nt" else os.O_RDONLY  # Windows flushes only what it may write


def sync_tree(directory: Path) -> None:
    """Flush every file in `directory`, then every directory, the innermost first, to the disk.

    Raises
    ------
    OSError
        If the disk did not take it (``ENOSPC`` and ``EIO`` may show only here).
    """
    for folder, _, names in os.walk(directory, topdown=False):
        for name in names:
            sync_file(os.path.join(folder, name))  # noqa: PTH118, os.walk speaks str
        sync_directory(folder)


def sync_directory(directory: Path | str) -> None:
    """Flush the names in `directory` to the disk, where the platform can."""
    if os.name == "nt":
        return
    try:
        sync_file(directory)
    except OSError as error:
        if error.errno not in _NO_DIRECTORY_SYNC:
            raise


def begin(descriptor: int, start: int, size: int) -> None:
    """Let the disk begin with a stretch of an open file, without waiting for it.

    Linux does so when it is told that the bytes won't be needed soon; what it has not written yet
    stays in memory. Elsewhere nothing happens, and a later sync takes longer.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a disk that fails says so when it is waited for
            os.posix_fadvise(descriptor, start, size, os.POSIX_FADV_DONTNEED)


def sync_file(path: Path | str) -> None:
    """Flush a file or directory to the disk."""
    descriptor = os.open(path, _FLAGS)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
