"""One walk over what a consumer can run: the nodes that functions reach, live or written.

Both kinds are read as NodeDefs, which TensorFlow makes of a live graph in 3 µs a node. `live` and
`written` say where the walk starts; nothing here imports TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Library = Callable[[str, "Body"], "Body | None"]

__all__ = ["Body", "Node", "called", "must_compile", "reached"]


class Body(NamedTuple):
    """The nodes of a graph or function.

    Attributes
    ----------
    nodes : iterable of NodeDef
    name : str
        Its name in the library; another unique text for a graph.
    graph
        Where a live one's ops are found by name (a FuncGraph); None for a written one.
    compiled : bool
        Whether XLA must compile it: then no kernel is looked up, and no node placed by itself.
    gradient : bool
        Whether only the gradient of something needs it.
    """

    nodes: Iterable[Any]
    name: str
    graph: Any = None
    compiled: bool = False
    gradient: bool = False


class Node(NamedTuple):
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
    library: Library,
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
    later: list[tuple[str, Body]] = []
    for function, root in roots:
        waiting = [root]
        while waiting:
            body = waiting.pop()
            if body.name in seen:
                continue
            seen.add(body.name)
            for proto in body.nodes:
                yield Node(proto, proto.op, proto.device, function, body)
                waiting += _called(proto, body, library, holders)
                if gradients and (inner := _gradient(proto, body, library, gradients)):
                    later.append((function, inner))
    # Last, so that what is needed without gradients counts as that.
    if later:
        yield from reached(later, library, gradients, seen)


def _called(
    proto: Any, body: Body, library: Library, holders: dict[str, tuple[str, ...]]
) -> list[Body]:
    if proto.op not in holders:
        holders[proto.op] = _holders(proto)
    names = (proto.op, *_held(proto, holders[proto.op]))
    found = [inner for name in names if (inner := library(name, body)) is not None]
    compiled = bool(found) and must_compile(proto.attr)
    return [_below(inner, body, compiled=compiled) for inner in found]


def _gradient(
    proto: Any, body: Body, library: Library, gradients: Mapping[str, str]
) -> Body | None:
    """Return the function that computes the custom gradient of a node, if it has one."""
    if _GRADIENT not in proto.attr:
        return None
    inner = library(gradients.get(proto.attr[_GRADIENT].s.decode(), ""), body)
    return None if inner is None else _below(inner, body)._replace(gradient=True)


def must_compile(attributes: Any) -> bool:
    """Tell whether attributes, of a call or of a function, ask XLA to compile it."""
    # Reading an attribute that is not there would add it.
    return "_XlaMustCompile" in attributes and bool(attributes["_XlaMustCompile"].b)


_GRADIENT = "_gradient_op_type"


def _below(inner: Body, outer: Body, *, compiled: bool = False) -> Body:
    compiled = compiled or inner.compiled or outer.compiled
    if (compiled, outer.gradient) == (inner.compiled, inner.gradient):
        return inner
    return inner._replace(compiled=compiled, gradient=outer.gradient)


def called(proto: Any) -> Iterator[str]:
    """Yield the functions that a node names: its op, and attributes that hold functions."""
    yield proto.op
    yield from _held(proto, _holders(proto))


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


def _held(proto: Any, holders: tuple[str, ...]) -> Iterator[str]:
    for name in holders:
        value = proto.attr[name]
        if value.WhichOneof("value") == "func":
            yield value.func.name
        else:
            yield from (function.name for function in value.list.func)
