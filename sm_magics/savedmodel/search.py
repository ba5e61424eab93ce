"""A namespace -> its models and the expressions that reach them. Static, and bounded."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING

from sm_magics.savedmodel import static, walk
from sm_magics.savedmodel.kinds import CONTAINERS, Sort, Sorts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_DEPTH = 3
MAX_ELEMENTS = 100
MAX_ELEMENTS_PER_NAME = 1000
_IPYTHON = frozenset({"In", "Out", "exit", "quit", "get_ipython"})


def expressions(namespace: Mapping[str, object], sorts: Sorts) -> list[tuple[object, list[str]]]:
    """Return each model of a namespace with the expressions that reach it.

    Both in order of appearance. `MAX_DEPTH` subscripts, `MAX_ELEMENTS` elements of a container and
    `MAX_ELEMENTS_PER_NAME` below one name are the most that is looked at.
    """
    found: dict[int, tuple[object, list[str]]] = {}
    for name, value in list(namespace.items()):
        sort = sorts.of(value)
        if sort.role == "opaque":
            continue
        for expression, obj in _reach(name, value, sort, sorts):
            found.setdefault(id(obj), (obj, []))[1].append(expression)
    return list(found.values())


def _reach(
    name: str, value: object, sort: Sort, sorts: Sorts
) -> Iterator[tuple[str, object]] | tuple[()]:
    if sort.kind is not None:
        return iter([(name, value)]) if _is_shown(name) else ()
    if sort.role == "plain":
        fields = sort.members(value)
        if not sorts.all_dull(static.values(fields, MAX_ELEMENTS)) and _is_shown(name):
            return _attributes(name, fields, sorts)
    elif sort.role in CONTAINERS:
        held = walk.contents(value, sort, MAX_ELEMENTS)
        if not sorts.all_dull(held) and _is_shown(name):
            return _Search(sorts).inside(name, value, sort, (value,))
    return ()


def _is_shown(name: object) -> bool:
    return (
        type(name) is str
        and name.isidentifier()
        and not name.startswith("_")
        and not keyword.iskeyword(name)
        and name not in _IPYTHON
    )


def _attributes(name: str, fields: dict[str, object], sorts: Sorts) -> Iterator[tuple[str, object]]:
    for attribute, held in static.items(fields, MAX_ELEMENTS):
        if sorts.of(held).kind is not None and _is_shown(attribute):
            yield f"{name}.{attribute}", held


class _Search:
    """The search of what one name holds, within its budget of elements."""

    def __init__(self, sorts: Sorts) -> None:
        self._sorts = sorts
        self._left = MAX_ELEMENTS_PER_NAME

    def inside(
        self, path: str, container: object, sort: Sort, above: tuple[object, ...]
    ) -> Iterator[tuple[str, object]]:
        """Yield the models in a container; `above` are the containers around it, it included."""
        limit = min(MAX_ELEMENTS, self._left)
        held = walk.contents(container, sort, limit)
        self._left -= len(held)
        if not sort.indexable or self._sorts.all_dull(held):
            return
        for key, value in walk.elements(container, sort, limit):
            inner = self._sorts.of(value)
            if inner.kind is None and inner.role not in CONTAINERS:
                continue
            text = static.literal(key)
            if text is None:
                continue
            if inner.kind is not None:
                yield f"{path}[{text}]", value
            elif len(above) < MAX_DEPTH and all(value is not one for one in above):
                yield from self.inside(f"{path}[{text}]", value, inner, (*above, value))
