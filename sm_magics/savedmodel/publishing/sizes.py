"""Bytes as people read them, the same in every message of the engine."""

from __future__ import annotations

_STEP = 1000
_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def decimal(size: int) -> str:
    """Return a number of bytes in decimal units: ``"512 bytes"``, ``"1.2 MB"``.

    The look is that of `rich.filesize.decimal`, which the faces use and the engine may not import.
    """
    if size == 1:
        return "1 byte"
    if size < _STEP:
        return f"{size:,} bytes"
    scale = _STEP
    for unit in _UNITS[:-1]:
        if size < scale * _STEP:
            return f"{size / scale:,.1f} {unit}"
        scale *= _STEP
    return f"{size / scale:,.1f} {_UNITS[-1]}"
