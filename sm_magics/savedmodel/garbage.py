"""Python's garbage collector, kept away while much is made that is all in use."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile; what has no references goes all the same.

    A trace makes some 100,000 objects and no garbage. The collector goes through all of them, and
    all of TensorFlow, every time that their number has grown by a quarter.
    """
    collects = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if collects:
            gc.enable()
