"""One walk over what a consumer can run: the nodes that functions reach, live or written.

Both kinds are read as NodeDefs, which TensorFlow makes of a live graph in 3 µs a node. `live` and
`written` say where the walk starts; nothing here imports TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Body", "Node", "called", "reached"]


@dataclass(frozen=True, slots=True)
class Body:
    """The nodes of a graph or function.

    Attributes
    ----------
    nodes : iterable of NodeDef
    name : str
        Its name in the library; another unique text for a graph.
    graph
        Where a live one's ops are found by name (a FuncGraph); None for a written one.
    """

    nodes: Iterable[Any]
    name: str
    graph: Any = None


@dataclass(slots=True)
class Node:
    """A node on the way.

    Attributes
    ----------
    proto : NodeDef
    op, device : str
        Its type, and the device that it asks for; empty if it asks for none.
    function : str
        What a person calls the function from which it was reached first.
    body : Body
        What it stands in.
    """

    proto: Any
    op: str
    device: str
    function: str
    body: Body


def reached(
    roots: Iterable[tuple[str, Body]],
    library: Callable[[str, Body], Body | None],
    gradients: Mapping[str, str] | None = None,
    seen: set[str] | None = None,
) -> Iterator[Node]:
    """Yield the nodes of the roots, and of every function that these name, each body once.

    Parameters
    ----------
    roots : iterable of (str, Body)
        What a person calls a function, and its body.
    library : callable
        Name of a function and the body that names it -> its body; None if it is not there.
    gradients : mapping of str to str, optional
        Type of a custom gradient -> the function that computes it.
    seen : set of str, optional
        Names of the bodies that were walked before; those of this walk are added.
    """
    seen = set() if seen is None else seen
    holders: dict[str, tuple[str, ...]] = {}
    for function, root in roots:
        waiting = [root]
        while waiting:
            body = waiting.pop()
            if body.name in seen:
                continue
            seen.add(body.name)
            for proto in body.nodes:
                op = proto.op
                yield Node(proto, op, proto.device, function, body)
                if op not in holders:
                    holders[op] = _holders(proto)
                for name in (op, *_held(proto, holders[op], gradients)):
                    inner = library(name, body)
                    if inner is not None:
                        waiting.append(inner)


def called(proto: Any) -> Iterator[str]:
    """Yield the functions that a node names: its op, and attributes that hold functions."""
    yield proto.op
    yield from _held(proto, _holders(proto), None)


def _holders(proto: Any) -> tuple[str, ...]:
    """Return the attributes of a node that hold functions: of all nodes of its op, the same."""
    found = []
    for name, value in proto.attr.items():
        held = value.WhichOneof("value")
        empty = held == "list" and not value.ByteSize() - _EMPTY_LIST
        if held == "func" or (held == "list" and (value.list.func or empty)):
            found.append(name)
    return tuple(found)


_EMPTY_LIST = 2
"""Bytes of an attribute that holds an empty list."""


def _held(
    proto: Any, holders: tuple[str, ...], gradients: Mapping[str, str] | None
) -> Iterator[str]:
    for name in holders:
        value = proto.attr[name]
        if value.WhichOneof("value") == "func":
            yield value.func.name
        else:
            yield from (function.name for function in value.list.func)
    if gradients and "_gradient_op_type" in proto.attr:
        yield gradients.get(proto.attr["_gradient_op_type"].s.decode(), "")
