"""A number for an object that no other object ever gets, and that keeps nothing alive."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

_numbers = itertools.count()
_known: dict[int, tuple[weakref.ref[Any], int]] = {}


def number_of(obj: Any) -> int:
    """Return the number of an object; Python's own `id` is given again when an object is gone.

    Raises
    ------
    TypeError
        If nothing can refer weakly to the object.
    """
    key = id(obj)
    entry = _known.get(key)
    if entry is not None and entry[0]() is obj:
        return entry[1]

    def forget(gone: weakref.ref[Any]) -> None:
        if key in _known and _known[key][0] is gone:
            del _known[key]

    number = next(_numbers)
    _known[key] = (weakref.ref(obj, forget), number)
    return number
