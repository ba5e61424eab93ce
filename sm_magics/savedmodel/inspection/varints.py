"""Numbers as protocol buffers and tables write them."""

from __future__ import annotations

_BITS = 64


def varint(buffer: bytes, at: int) -> tuple[int, int]:
    """Return the number that starts at `at`, and where the next one starts.

    Seven bits a byte, the lowest first; ValueError or IndexError if it has no end.
    """
    byte = buffer[at]
    if byte < 0x80:  # noqa: PLR2004, the usual case: one byte
        return byte, at + 1
    number = shift = 0
    while True:
        byte = buffer[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:  # noqa: PLR2004, the top bit says that more follows
            return number, at
        shift += 7
        if shift >= _BITS:
            raise ValueError("a number is too long")
