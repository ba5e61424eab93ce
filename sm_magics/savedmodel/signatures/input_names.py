"""What inputs may be called (S13)."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
"""What a graph's names are made of."""


def is_good(name: str) -> bool:
    """Tell whether TensorFlow takes a name for an input."""
    return bool(NAME.fullmatch(name)) and not _is_word(name)


def corrected(name: str) -> str:
    """Return the nearest name that TensorFlow takes."""
    good = re.sub(r"[^A-Za-z0-9_.]", "_", name).lstrip("_") or "x"
    return f"{good}_" if _is_word(good) else good


def unique(names: Sequence[str], *, of_inputs: bool = True) -> list[str]:
    """Return Python names like the given ones, each another.

    TensorFlow takes names of inputs that differ in case alone for the same one.
    """
    fold = str.lower if of_inputs else str
    made: list[str] = []
    taken: set[str] = set()
    for raw in names:
        name = re.sub(r"\W", "_", raw, flags=re.ASCII) or "input"
        name = f"_{name}" if name[0].isdigit() else name
        name = name.lstrip("_") if name.startswith("_") and name.strip("_")[:1].isalpha() else name
        name = f"{name}_" if _is_word(name) else name
        proposal, index = name, 0
        while fold(proposal) in taken:
            index += 1
            proposal = f"{name}_{index}"
        made.append(proposal)
        taken.add(fold(proposal))
    return made


def _is_word(name: str) -> bool:
    # TensorFlow refuses Python's words, and drops a first argument that is called `self`.
    return name == "self" or keyword.iskeyword(name)
