"""The walk over live functions: what an export of them would reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.graphs import Body, Node, must_compile, reached

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
        # A save leaves a trace of its own behind, of which it writes another one again.
        last = {str(trace.function_type): trace for trace in several}
        for trace in last.values():
            yield from _nodes(label, trace, seen)


def _nodes(label: str, trace: Any, seen: set[str]) -> Iterator[Node]:
    graph = trace.graph
    definition = graph.as_graph_def()
    library = {function.signature.name: function for function in definition.library.function}

    def find(name: str, body: Body) -> Body | None:
        if name not in library:
            return None
        inner = tf_private.function_graph(body.graph, name)
        function = library[name]
        return Body(function.node_def, name, inner, must_compile(function.attr))

    root = Body(definition.node, f"graph {id(graph)}", graph, tf_private.must_compile(trace))
    yield from reached([(label, root)], find, seen=seen)
