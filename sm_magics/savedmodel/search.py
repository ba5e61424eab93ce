"""A namespace -> its models and the expressions that reach them. Static, and bounded."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING

from sm_magics.savedmodel import static, walk
from sm_magics.savedmodel.kinds import CONTAINERS, Sort, Sorts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_DEPTH = 3
MAX_ELEMENTS = 100
MAX_ELEMENTS_PER_NAME = 1000
_HOLDERS = CONTAINERS | {"plain"}
_IPYTHON = frozenset({"In", "Out", "exit", "quit", "get_ipython"})


def expressions(namespace: Mapping[str, object], sorts: Sorts) -> list[tuple[object, list[str]]]:
    """Return each model of a namespace with the expressions that reach it.

    Both in order of appearance. `MAX_DEPTH` subscripts, `MAX_ELEMENTS` elements of a container and
    `MAX_ELEMENTS_PER_NAME` below one name are the most that is looked at.
    """
    found: dict[int, tuple[object, list[str]]] = {}
    opaque = sorts.opaque
    # Two lists and no tuple per name: tuples would wake the garbage collector.
    for name, value in zip(list(namespace), list(namespace.values()), strict=False):
        if id(type(value)) in opaque:
            continue
        sort = sorts.of(value)
        if sort.kind is None and (
            sort.role not in _HOLDERS or sorts.dull(value, sort, MAX_ELEMENTS) >= 0
        ):
            continue
        if _is_shown(name):
            for expression, obj in _reach(name, value, sort, sorts):
                found.setdefault(id(obj), (obj, []))[1].append(expression)
    return list(found.values())


def _reach(name: str, value: object, sort: Sort, sorts: Sorts) -> Iterable[tuple[str, object]]:
    if sort.kind is not None:
        return [(name, value)]
    if sort.role in CONTAINERS:
        search = _Search(sorts)
        search.inside(name, value, sort, (value,))
        return search.found
    return [
        (f"{name}.{attribute}", held)
        for attribute, held in static.items(sort.members(value), MAX_ELEMENTS)
        if sorts.of(held).kind is not None and _is_shown(attribute)
    ]


def _is_shown(name: object) -> bool:
    return (
        type(name) is str
        and name.isidentifier()
        and not name.startswith("_")
        and not keyword.iskeyword(name)
        and name not in _IPYTHON
    )


class _Search:
    """The search of what one name holds, within its budget of elements."""

    def __init__(self, sorts: Sorts) -> None:
        self.found: list[tuple[str, object]] = []
        self._sorts = sorts
        self._left = MAX_ELEMENTS_PER_NAME

    def inside(self, path: str, container: object, sort: Sort, above: tuple[object, ...]) -> None:
        """Find the models in a container; `above` are the containers around it, it included."""
        if not sort.indexable:
            return
        pairs = walk.elements(container, sort, min(MAX_ELEMENTS, self._left))
        self._left -= len(pairs)
        for key, value in pairs:
            inner = self._sorts.of(value)
            if inner.kind is None and (inner.role not in CONTAINERS or self._dull(value, inner)):
                continue
            text = static.literal(key)
            if text is None:
                continue
            if inner.kind is not None:
                self.found.append((f"{path}[{text}]", value))
            elif len(above) < MAX_DEPTH and all(value is not one for one in above):
                self.inside(f"{path}[{text}]", value, inner, (*above, value))

    def _dull(self, container: object, sort: Sort) -> bool:
        looked_at = self._sorts.dull(container, sort, min(MAX_ELEMENTS, self._left))
        self._left -= max(looked_at, 0)
        return looked_at >= 0
