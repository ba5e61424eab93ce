"""The ops that releases of TensorFlow know, each with its attributes.

A table is text, so that a diff of two of them can be read: a line about the release, then a line
an op, its name followed by the names of its attributes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDER = Path(__file__).parent

# Tried: 2.4.4 refuses a node with an attribute that it does not know; 2.12.1 logs and ignores it.
# Which release in between changed that is not known, and none of them has a table.
_IGNORES_SINCE = (2, 12)

_FIRST_LINE = "# TensorFlow {}, GraphDef producer {}: an op a line, followed by its attributes"
_VERSION = re.compile(r"(\d+)\.(\d+)(\.\d+)?(-?(rc|dev|a|b)\d+)?")


@dataclass(frozen=True, slots=True)
class OpTable:
    """The ops of one release.

    Attributes
    ----------
    tensorflow : str
        The release: ``"2.12.1"``.
    producer : int
        The version that it gives the graphs it makes.
    ops : mapping of str to frozenset of str
        An op's name -> the names of its attributes.
    """

    tensorflow: str
    producer: int
    ops: Mapping[str, frozenset[str]]

    @property
    def refuses_unknown_attributes(self) -> bool:
        """Whether a node with an unknown attribute keeps a graph from being loaded."""
        return _number(self.tensorflow)[:2] < _IGNORES_SINCE

    def unknown_attributes(self, op: str, attributes: Iterable[str]) -> frozenset[str]:
        """Return those of `attributes` that the op does not have in this release.

        None of an op that the release does not know. Names that begin with an underscore are
        TensorFlow's notes to itself: every release lets them pass on every op.
        """
        known = self.ops.get(op)
        if known is None:
            return frozenset()
        return frozenset(name for name in attributes if name not in known and name[:1] != "_")


def dumped(made: OpTable) -> str:
    """Return a table as the text that `parsed` reads."""
    rows = [" ".join((op, *sorted(attributes))) for op, attributes in sorted(made.ops.items())]
    return "\n".join([_FIRST_LINE.format(made.tensorflow, made.producer), *rows, ""])


def parsed(text: str) -> OpTable:
    """Read a table.

    Raises
    ------
    ValueError
        If its first line does not tell the release.
    """
    first, *rows = text.splitlines()
    told = re.fullmatch(re.escape(_FIRST_LINE).replace(r"\{\}", "(.+)"), first)
    if told is None:
        raise ValueError(f"not an op table; its first line is {first!r}")
    words = (row.split(" ") for row in rows)
    ops = {op: frozenset(attributes) for op, *attributes in words}
    return OpTable(tensorflow=told[1], producer=int(told[2]), ops=ops)


@cache
def known_versions() -> tuple[str, ...]:
    """Return the releases that there are tables of, oldest first."""
    names = (path.stem.removeprefix("ops-") for path in FOLDER.glob("ops-*.txt"))
    return tuple(sorted(names, key=_number))


@cache
def table(version: str) -> OpTable:
    """Return the table of one of `known_versions`; it is read on the first call."""
    return parsed((FOLDER / f"ops-{version}.txt").read_text("utf-8"))


def newest() -> OpTable:
    """Return the table of the newest release that there is one of."""
    return table(known_versions()[-1])


def nearest(text: str) -> OpTable:
    """Return the table for a release as a person names it: ``"2.12"`` or ``"2.12.0"``.

    The patch releases of a minor release share a table: they add no ops.

    Raises
    ------
    ValueError
        If there is no table of that release; the message lists those that there are.
    TypeError
        If it is no text: the number 2.1 may mean 2.10.
    """
    if not isinstance(text, str):
        raise TypeError(f"a release of TensorFlow is a text, not {text!r}: pass '{text}'")
    asked = _VERSION.fullmatch(text.strip())
    minor = (int(asked[1]), int(asked[2])) if asked else None
    for version in known_versions():
        if _number(version)[:2] == minor:
            return table(version)
    there = ", ".join(version.rpartition(".")[0] for version in known_versions())
    raise ValueError(f"no op table of TensorFlow {text!r}; there are tables of {there}")


def oldest_with(op: str) -> str | None:
    """Return the oldest release among the tables that knows an op; None if none does."""
    return next((version for version in known_versions() if op in table(version).ops), None)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
