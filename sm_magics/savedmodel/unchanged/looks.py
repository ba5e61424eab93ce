"""A look at everything of Python that a trace of an object reads, to compare with a later one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.garbage import uncollected
from sm_magics.savedmodel.unchanged.settings import settings
from sm_magics.savedmodel.unchanged.walk import LEAVES, UnreadableError, Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.unchanged.walk import Parent, Row

    Typed = tuple[type, Any]

_SHOWN = 60


class Look:
    """What an object, and all that a trace of it reads, was like at one moment.

    It holds plain values, classes and numbers; neither the object nor its parts are kept alive.

    Attributes
    ----------
    reason : str
        Why nothing can be shown; empty if this look can be compared.
    """

    def __init__(
        self, rows: list[Row], parents: list[Parent], kept: list[Any], reason: str = ""
    ) -> None:
        self._rows = rows
        self._parents = parents
        self._kept = kept  # so that the id of a library's function is not given to another
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        """Tell whether both looks could show, and saw the same."""
        if not isinstance(other, Look):
            return NotImplemented
        return not self.reason and not other.reason and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]  # looks are compared, never keys

    def difference(self, later: Look) -> str:
        """Return the first thing that changed, as ``"model.layers[3].rate: 0.5 -> 0.3"``.

        Returns
        -------
        str
            Empty if nothing changed; the reason where one of the looks can show nothing.
        """
        if self.reason or later.reason:
            return self.reason or later.reason
        pairs = zip(self._rows, later._rows, strict=False)
        for number, (before, after) in enumerate(pairs):
            if before != after:
                return self._told(number, before, after, later)
        return "" if len(self._rows) == len(later._rows) else "what the code reads"

    def _told(self, number: int, before: Row, after: Row, later: Look) -> str:
        path = self.path(number)
        if before[0] != after[0]:
            return f"{path}: {before[0]} -> {after[0]}"
        if before[1] != after[1]:
            return f"{path}: {_relabelled(before[1], after[1])}"
        for at, label in enumerate(before[1]):
            one, two = (before[2][at], before[3][at]), (after[2][at], after[3][at])
            if one != two:
                step, one, two = _innermost(_step(before[0], label), one, two)
                before_text, after_text = _value(*one, self), _value(*two, later)
                another = "another " if before_text == after_text else ""
                return f"{path}{step}: {before_text} -> {another}{after_text}"
        return f"{path} is another"

    def path(self, number: int) -> str:
        """Return where in the model the object of a row was first met."""
        return path_of(number, self._rows, self._parents)


def look(obj: Any, also: Sequence[Any] = ()) -> Look:
    """Look at everything of Python that a trace of an object's forward pass or functions can read.

    Parameters
    ----------
    obj
        A Keras model or layer, a tf.Module, any trackable, or a tf.function.
    also : sequence, optional
        Other functions and objects that are served with it.
    """
    walk = Walk()
    roots = {"model": obj, "also": list(also), "settings": settings()}
    try:
        with uncollected():  # else it takes twice the time
            walk.start(roots)
    except UnreadableError as error:
        where = path_of(error.number, walk.rows, walk.parents)
        return Look([], [], [], f"{where} {error}" if where else str(error))
    except Exception as error:  # noqa: BLE001, then nothing is shown
        return Look([], [], [], f"looking at it failed: {type(error).__name__}: {error}")
    return Look(walk.rows, walk.parents, walk.kept)


def path_of(number: int, rows: list[Row], parents: list[Parent]) -> str:
    """Return where in the model the object of a row was first met."""
    steps: list[str] = []
    while number > 0:
        number, label = parents[number]
        row = rows[number] if number < len(rows) else None
        place, inner = label if isinstance(label, tuple) else (label, None)
        if inner is not None:
            steps.append(f"[{inner}]")
        if row is not None and isinstance(place, int):
            steps.append(_step(row[0], row[1][place]) if number else f".{row[1][place]}")
        elif isinstance(label, str):
            steps.append(f".{label}")
    return "".join(reversed(steps)).removeprefix(".")


def _step(kind: str, label: Any) -> str:
    if kind == "keys":
        return f"[{label!r}]"
    if isinstance(label, int):
        return f"[{label}]"
    return f".{'layers' if label == '_layers' else label}"


def _relabelled(before: Any, after: Any) -> str:
    if isinstance(before, range):
        return f"{len(before)} -> {len(after)} elements"
    gone = [str(label) for label in before if label not in after]
    new = [str(label) for label in after if label not in before]
    told = [f"without {', '.join(gone)}"] * bool(gone) + [f"with {', '.join(new)}"] * bool(new)
    return _short(" and ".join(told) or "in another order")


def _value(cls: type, value: Any, seen: Look) -> str:
    if cls in (int, float, complex, bool, str, bytes, type(None)):
        return _short(value if cls in (float, complex) else repr(value))
    if value == ():
        return f"empty {cls.__name__}"
    if _is_flat((cls, value)):
        plain = LEAVES.issuperset(map(id, value[0]))
        return _short(repr(list(value[1]))) if plain else f"{cls.__name__} of {len(value[0])}"
    if isinstance(value, int) and 0 < value < len(seen._rows):  # noqa: SLF001, its own class
        return f"{cls.__name__} at {seen.path(value)}"
    return cls.__name__


def _innermost(step: str, one: Typed, two: Typed) -> tuple[str, Typed, Typed]:
    """Return where in two lists of plain values the first difference is, and what is there."""
    if _is_flat(one) and _is_flat(two) and len(one[1][1]) == len(two[1][1]):
        pairs = zip(zip(*one[1], strict=True), zip(*two[1], strict=True), strict=True)
        for at, (before, after) in enumerate(pairs):
            if before != after:
                return f"{step}[{at}]", before, after
    return step, one, two


def _is_flat(value: Typed) -> bool:
    """Tell whether a value is a list or tuple of plain values: their types, and they."""
    return isinstance(value[1], tuple) and len(value[1]) == 2 and isinstance(value[1][0], tuple)  # noqa: PLR2004


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
