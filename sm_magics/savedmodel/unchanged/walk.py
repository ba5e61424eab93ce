"""A walk over all objects that a trace can read, breadth first: a row of plain values for each.

An object gets the number of its place in the walk. Its row has its own plain values, and for what
it holds besides, the numbers; so two walks over equal things give equal rows, and objects that are
shared or that hold each other are no trouble.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Reader = Callable[["Walk", int, Any], "Row"]
    Shorthand = Callable[[Any], Any]

Row = tuple[str, Any, tuple[Any, ...], tuple[Any, ...]]
"""What is read (``"fields"``, ``"keys"`` …), the labels, the types of the values, the values."""

Parent = tuple[int, int | tuple[int, int] | str]
"""The number of the row where an object was first met, and its place there or in a list there."""

_ELLIPSIS = type(...)
LEAVES = frozenset(map(id, (str, int, bool, type(None), bytes, _ELLIPSIS)))
"""The ids of the types whose values stand for themselves and compare with ``==``."""


MOST = 300_000
"""How many objects are looked at; EfficientNetB7 has 14,000."""


class UnreadableError(Exception):
    """Something that a trace can read can't be looked at."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number


class Walk:
    """One walk.

    Attributes
    ----------
    rows : list of Row
    parents : list of Parent
    kept : list
        What must live as long as the rows are compared: they hold its id.
    named : set of str
        The names in the code that was met so far.
    bytes : int
        The size of the arrays so far.
    """

    def __init__(self) -> None:
        from sm_magics.savedmodel.unchanged import readers

        self._reader_of = readers.reader_of
        self._shorthand = readers.shorthand()
        self._lists = readers.lists()
        self.rows: list[Row] = []
        self.parents: list[Parent] = []
        self.kept: list[Any] = []
        self.named: set[str] = set()
        self.bytes = 0
        self._objects: list[Any] = []
        self._seen: dict[int, int] = {}
        self._readers: dict[int, Reader] = {}
        self._aside: list[tuple[int, Mapping[str, Any], frozenset[str]]] = []

    def start(self, roots: dict[str, Any]) -> None:
        """Walk over objects and all that they reach.

        Raises
        ------
        UnreadableError
            If something can't be read.
        """
        self.number(roots, -1, "")
        objects, readers, rows = self._objects, self._readers, self.rows
        while len(rows) < len(objects):
            number = len(rows)
            if number > MOST:
                raise UnreadableError(0, f"and its code reach more than {MOST} objects")
            obj = objects[number]
            read = readers.get(id(type(obj)))
            if read is None:
                read = readers[id(type(obj))] = self._reader_of(type(obj), self, number)
            rows.append(read(self, number, obj))

    def number(self, obj: Any, owner: int, label: int | tuple[int, int] | str) -> int:
        """Return the number of an object; a new one is looked at when its turn comes."""
        found = self._seen.get(id(obj))
        if found is None:
            found = self._seen[id(obj)] = len(self._objects)
            self._objects.append(obj)  # which also keeps its id its own
            self.parents.append((owner, label))
        return found

    def row(self, number: int, kind: str, labels: Any, values: Iterable[Any]) -> Row:
        """Return the row of an object, with numbers for what is no plain value."""
        found = tuple(values)
        types = tuple(map(type, found))
        return (kind, labels, types, self._written(found, types, number, None))

    def _written(
        self, values: tuple[Any, ...], types: tuple[type, ...], owner: int, place: int | None
    ) -> tuple[Any, ...]:
        """Return values as they stand in a row; `place` says where, in a list in a row."""
        shorthand, seen, lists = self._shorthand, self._seen, self._lists
        written = list(values)
        for at, key in enumerate(map(id, types)):
            if key in LEAVES:
                continue
            value = values[at]
            if key in lists and place is None:
                written[at] = self._elements(value, owner, at)
            elif key in shorthand and (short := shorthand[key](value)) is not None:
                written[at] = short
            elif id(value) in seen:
                written[at] = seen[id(value)]
            else:
                label = at if place is None else (place, at)
                written[at] = self.number(value, owner, label)
        return tuple(written)

    def _elements(self, elements: Any, owner: int, place: int) -> tuple[Any, ...]:
        """Return what stands for a list or tuple in its owner's row: its types and elements.

        It needs no row of its own: most are short, and what is in a list in it has one.
        """
        if not elements:
            return ()
        found = tuple(elements)
        types = tuple(map(type, found))
        if id(types[0]) in LEAVES and LEAVES.issuperset(map(id, types)):
            return (types, found)
        return (types, self._written(found, types, owner, place))

    def set_aside(self, number: int, members: Mapping[str, Any], names: frozenset[str]) -> None:
        """Leave some members of an object out unless code that is looked at names them."""
        self._aside.append((number, members, names))

    def name(self, names: Iterable[str]) -> None:
        """Take note of names in code: what was set aside under one of them is looked at."""
        new = frozenset(names) - self.named
        for name in list(new):
            new |= {f"_{name}"} | tf_private.READ_THROUGH.get(name, frozenset())
        new -= self.named
        self.named |= new
        for owner, members, aside in self._aside:
            for name in sorted(new & aside):
                if name in members:
                    # As an element of a tuple of its own: a plain value has no row.
                    self.number((members[name],), owner, name)

    def refuse(self, number: int, why: str) -> UnreadableError:
        """Return the error that says why an object can't be read."""
        return UnreadableError(number, why)


def flat_dict(found: dict[Any, Any]) -> Any:
    """Return what stands for a dict of plain keys and values in its owner's row; None for others.

    Its values come first, then its keys.
    """
    if not found:
        return ()
    both = (*dict.values(found), *found)
    if id(type(both[0])) not in LEAVES:
        return None
    types = tuple(map(type, both))
    return (types, both) if LEAVES.issuperset(map(id, types)) else None


def sequence(walk: Walk, number: int, values: Sequence[Any]) -> Row:
    """Return the row of what has elements in an order."""
    return walk.row(number, "items", range(len(values)), values)
