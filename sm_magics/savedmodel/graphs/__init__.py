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
    known = gradients or {}
    seen = set() if seen is None else seen
    for function, root in roots:
        waiting = [root]
        while waiting:
            body = waiting.pop()
            if body.name in seen:
                continue
            seen.add(body.name)
            for proto in body.nodes:
                yield Node(proto, proto.op, proto.device, function, body)
                for name in called(proto, known):
                    inner = library(name, body)
                    if inner is not None:
                        waiting.append(inner)


def called(proto: Any, gradients: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield the functions that a node names: its op, and attributes that hold functions."""
    yield proto.op
    for name, value in proto.attr.items():
        held = value.WhichOneof("value")
        if held == "func":
            yield value.func.name
        elif held == "list" and value.list.func:
            yield from (function.name for function in value.list.func)
        elif name == "_gradient_op_type" and gradients:
            yield gradients.get(value.s.decode(), "")
