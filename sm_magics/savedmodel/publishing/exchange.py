"""Renames of directories that are atomic and never lose one."""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
# EPERM: some sandboxes answer it to calls they don't know; the plain rename then tells the truth.
_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM}


def rename_to_new(source: Path, target: Path) -> None:
    """Rename a directory to a name that nothing has.

    Raises
    ------
    FileExistsError
        If something is there; both stay as they were.
    """
    if _renameat2(source, target, _RENAME_NOREPLACE):
        return
    # Without the system's help there is an instant between look and rename. What can be lost in
    # it is an empty directory: a rename over anything else fails.
    if os.path.lexists(target):
        raise _exists(target)
    rename_over_empty(source, target)


def rename_over_empty(source: Path, target: Path) -> None:
    """Rename a directory over an empty one.

    Raises
    ------
    FileExistsError
        If something else than an empty directory, or nothing, is there; both stay as they were.
    """
    try:
        if os.name == "nt" and target.is_dir():
            target.rmdir()  # Windows renames over nothing
        source.rename(target)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise _exists(target) from error
        raise


def replace(staged: Path, target: Path, aside: Path) -> None:
    """Put `staged` in the place of `target`.

    The old directory ends up at `staged` where the system can exchange two directories at one
    instant. Elsewhere it ends up at `aside`, after two renames with an instant between them at
    which `target` is missing: whoever cleans up after a failure has to put `aside` back.
    """
    if swap(staged, target):
        return
    target.rename(aside)
    rename_to_new(staged, target)


def swap(one: Path, other: Path) -> bool:
    """Exchange two directories at one instant; return False where the system can't."""
    return _renameat2(one, other, _RENAME_EXCHANGE)


def _renameat2(source: Path, target: Path, flags: int) -> bool:
    call = _system_call()
    if call is None:
        return False
    names = os.fsencode(source), os.fsencode(target)
    if call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], flags) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(source), None, str(target))


@cache
def _system_call() -> Any:
    """Return the C library's renameat2, or None (not Linux, or an old C library)."""
    if os.name == "nt":
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is not None:
        call.argtypes = (
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_uint,
        )
    return call


def _exists(target: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
