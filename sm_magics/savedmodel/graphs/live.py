"""The walk over live functions: what an export of them would reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.graphs import Body, Node, reached

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def nodes(traces: Mapping[str, Iterable[Any]]) -> Iterator[Node]:
    """Yield the nodes that ConcreteFunctions reach, each function once.

    Parameters
    ----------
    traces : mapping of str to iterable of ConcreteFunction
        By what a person calls the function, as `Saved.traces` has them. The gradient functions of
        `tf.custom_gradient` are not among the nodes: nobody has traced these yet.
    """
    seen: set[str] = set()
    for label, several in traces.items():
        for trace in several:
            yield from _nodes(label, trace.graph, seen)


def _nodes(label: str, graph: Any, seen: set[str]) -> Iterator[Node]:
    definition = graph.as_graph_def()
    library = {function.signature.name: function for function in definition.library.function}

    def find(name: str, body: Body) -> Body | None:
        if name not in library:
            return None
        inner = tf_private.function_graph(body.graph, name)
        return Body(library[name].node_def, name, inner)

    root = Body(definition.node, f"graph {id(graph)}", graph)
    yield from reached([(label, root)], find, seen=seen)
