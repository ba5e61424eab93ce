"""A namespace -> its models and the expressions that reach them. Static, and bounded."""

from __future__ import annotations

import keyword
import re
from itertools import islice
from typing import TYPE_CHECKING

from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.capture.kinds import CONTAINERS, Sort, Sorts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_DEPTH = 3
MAX_ELEMENTS = 100
MAX_ELEMENTS_PER_NAME = 1000
_PASSED_OVER = frozenset({"opaque", "variable", "seed", "metric", "optimizer", "trackable"})
_NAME = re.compile(r"\w+")
_IPYTHON = frozenset({"In", "Out", "exit", "quit", "get_ipython"})


def expressions(namespace: Mapping[str, object], sorts: Sorts) -> list[tuple[object, list[str]]]:
    """Return each model of a namespace with the expressions that reach it.

    Both in order of appearance. `MAX_DEPTH` subscripts, `MAX_ELEMENTS` elements of a container and
    `MAX_ELEMENTS_PER_NAME` below one name are the most that is looked at.
    """
    found: dict[int, tuple[object, list[str]]] = {}
    search, known, dull = _Search(sorts), sorts.known, sorts.dull
    passed_over: set[int] = set()
    # Written for speed, calls cost most: most names are numbers, text, functions, or containers of
    # them. Two lists and no tuple per name, since tuples would wake the garbage collector.
    for name, value in zip(list(namespace), list(namespace.values()), strict=False):
        key = id(type(value))
        if key in passed_over:
            continue
        sort = known.get(key) or sorts.of(value)
        if sort.role in _PASSED_OVER:
            passed_over.add(key)
            continue
        if sort.read is not None and dull.issuperset(
            map(id, map(type, islice(sort.read(value), MAX_ELEMENTS)))
        ):
            continue
        for expression, obj in search.below(name, value, sort):
            if _is_shown(name):
                found.setdefault(id(obj), (obj, []))[1].append(expression)
    return list(found.values())


def root(expression: str) -> str:
    """Return the name that an expression of `expressions` starts from."""
    return _NAME.match(expression)[0]  # type: ignore[index]


def _is_shown(name: object) -> bool:
    return (
        type(name) is str
        and name.isidentifier()
        and not name.startswith("_")
        and not keyword.iskeyword(name)
        and name not in _IPYTHON
    )


class _Search:
    """The search of what one name after the other holds, each within its budget of elements."""

    def __init__(self, sorts: Sorts) -> None:
        self._sorts = sorts
        self._found: list[tuple[str, object]] = []
        self._left = 0

    def below(self, name: str, value: object, sort: Sort) -> Sequence[tuple[str, object]]:
        """Return what a name reaches: expressions and models."""
        if sort.kind is not None:
            return [(name, value)]
        if sort.role not in CONTAINERS:
            return self._attributes(name, sort.members(value))
        self._found = []
        self._left = MAX_ELEMENTS_PER_NAME
        self._inside(name, value, sort, (value,))
        return self._found

    def _attributes(self, name: str, fields: dict[str, object]) -> Sequence[tuple[str, object]]:
        held = map(type, islice(dict.values(fields), MAX_ELEMENTS))
        if self._sorts.no_models.issuperset(map(id, held)):
            return ()
        return [
            (f"{name}.{attribute}", value)
            for attribute, value in static.items(fields, MAX_ELEMENTS)
            if self._sorts.of(value).kind is not None and _is_shown(attribute)
        ]

    def _inside(self, path: str, container: object, sort: Sort, above: tuple[object, ...]) -> None:
        # `above` are the containers around, this one included.
        if not sort.indexable:
            return
        builtin = container if sort.read is not None else sort.container(container)
        pairs = static.items(builtin, min(MAX_ELEMENTS, self._left))
        self._left -= len(pairs)
        of, depth = self._sorts.of, len(above)
        for key, value in pairs:
            inner = of(value)
            if inner.kind is not None:
                text = static.literal(key)
                if text is not None:
                    self._found.append((f"{path}[{text}]", value))
            elif inner.role in CONTAINERS and depth < MAX_DEPTH:
                self._deeper(path, key, value, inner, above)

    def _deeper(
        self, path: str, key: object, inner: object, sort: Sort, above: tuple[object, ...]
    ) -> None:
        if sort.read is not None:
            held = islice(sort.read(inner), min(MAX_ELEMENTS, self._left))
            types = [*map(id, map(type, held))]
            if self._sorts.dull.issuperset(types):
                self._left -= len(types)
                return
        text = static.literal(key)
        if text is not None and all(inner is not one for one in above):
            self._inside(f"{path}[{text}]", inner, sort, (*above, inner))
