"""The walk over a written SavedModel: what whoever loads it can run. Without TensorFlow.

Every SavedModel pins its saver's nodes to the CPU, and that is nobody's finding. So the walk starts
from what a consumer can ask for: in the main graph what a signature, an initialiser or a variable
needs; in the library the functions that stay callable from Python. A TF 1 graph without a signature
offers nothing to start from: there all nodes count but those in the saver's name scope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.graphs import Body, Node, called, must_compile, reached
from sm_magics.savedmodel.inspection import object_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STATE = frozenset({"VarHandleOp", "VariableV2", "Variable"})
_INITIALISERS = ("saved_model_main_op", "legacy_init_op", "saved_model_train_op")


def nodes(meta_graph: Any) -> Iterator[Node]:
    """Yield the nodes that signatures, initialisers and restored functions reach, each once.

    Parameters
    ----------
    meta_graph : MetaGraphDef
        With all its fields.
    """
    library = {one.signature.name: one for one in meta_graph.graph_def.library.function}
    gradients = {
        one.registered_op_type: one.gradient_func
        for one in meta_graph.graph_def.library.registered_gradients
    }

    def find(name: str, _: Body) -> Body | None:
        return _body(library[name]) if name in library else None

    yield from reached(_roots(meta_graph, library), find, gradients)


def everything(meta_graph: Any) -> Iterator[Node]:
    """Yield every node, those of the saver too: a consumer imports them before it runs any."""
    library = {function.signature.name for function in meta_graph.graph_def.library.function}
    main = Body(meta_graph.graph_def.node, "")
    bodies = [main, *(Body(f.node_def, f.signature.name) for f in _functions(meta_graph))]
    for body in bodies:
        for node in body.nodes:
            if node.op not in library:
                yield Node(node, node.op, node.device, "", body)


def not_the_savers(meta_graph: Any) -> Iterator[Node]:
    """Yield every node but those that save and restore the variables."""
    main = {node.name: node for node in meta_graph.graph_def.node}
    saver = Saver(meta_graph.saver_def, main)
    for node in everything(meta_graph):
        inside = node.body.name in saver.functions if node.body.name else saver.owns(node.proto)
        if not inside:
            yield node


class Saver:
    """The nodes of the main graph that save and restore, and the functions that they call.

    Parameters
    ----------
    saver : SaverDef
    main : dict of str to NodeDef
        The nodes of the main graph by name.
    whole : callable, optional
        Gives a node of `main` its attributes, where these are skimmed.
    """

    def __init__(
        self, saver: Any, main: dict[str, Any], whole: Callable[[Any], Any] | None = None
    ) -> None:
        tensors = (saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name)
        roots = {_node_name(tensor) for tensor in tensors if tensor}
        scopes = {name.rpartition("/")[0] for name in roots}
        self._scope = f"{min(scopes)}/" if scopes and all(scopes) else None  # TF 1
        self._names = set(roots)
        self.functions: set[str] = set()
        for node in (main[name] for name in roots if name in main):
            self.functions.update(called(node if whole is None else whole(node)))
            self._names.update(map(_node_name, node.input))

    def owns(self, node: Any) -> bool:
        """Tell whether a node of the main graph is the saver's."""
        if node.op in _STATE:
            return False
        return node.name in self._names or (
            self._scope is not None and node.name.startswith(self._scope)
        )


def _roots(meta_graph: Any, library: dict[str, Any]) -> Iterator[tuple[str, Body]]:
    main = {node.name: node for node in meta_graph.graph_def.node}
    saver = Saver(meta_graph.saver_def, main)
    starts = _starts(meta_graph)
    functions = _restored(meta_graph.object_graph_def)
    if not any(starts.values()) and not functions:
        yield "", Body([node for node in main.values() if not saver.owns(node)], "main graph")
        return
    seen: set[str] = set()
    for key, names in starts.items():
        yield key, Body(_feeding(main, names, seen), f"signature {key}")
    state = {name for name, node in main.items() if node.op in _STATE}
    yield "", Body(_feeding(main, state, seen), "state")
    for name, path in functions.items():
        if name in library:
            yield path, _body(library[name])


def _starts(meta_graph: Any) -> dict[str, set[str]]:
    """Return the main graph's nodes that a consumer asks for, by signature key."""
    found: dict[str, set[str]] = {}
    for key, signature in sorted(meta_graph.signature_def.items()):
        names: list[str] = []
        for tensor in (*signature.inputs.values(), *signature.outputs.values()):
            names.append(tensor.name)
            names.extend(part.name for part in tensor.composite_tensor.components)
            sparse = tensor.coo_sparse
            names += [sparse.values_tensor_name, sparse.indices_tensor_name]
            names.append(sparse.dense_shape_tensor_name)
        found[key] = {_node_name(name) for name in names if name}
    for key in _INITIALISERS:
        if key in meta_graph.collection_def:
            values = meta_graph.collection_def[key].node_list.value
            found[key] = {_node_name(name) for name in values}
    return found


def _restored(graph: Any) -> dict[str, str]:
    """Return the graph functions that Python can call after a load, each with its path.

    The saver's are not among them. What is private has no path: it goes by its own name.
    """
    saves = {
        number
        for node in graph.nodes
        for one in node.saveable_objects.values()
        for number in (one.save_function, one.restore_function)
    }
    paths = {number: path for path, number in object_graph.walk(graph.nodes)}
    found: dict[str, str] = {}
    for number, node in enumerate(graph.nodes):
        if number in saves:
            continue
        kind = node.WhichOneof("kind")
        names = (
            node.function.concrete_functions
            if kind == "function"
            else [node.bare_concrete_function.concrete_function_name]
            if kind == "bare_concrete_function"
            else []
        )
        for name in names:
            # A trace is a node of its own too, of which the same was said by its function.
            found[name] = paths.get(number) or found.get(name, name)
    return found


def _feeding(main: dict[str, Any], starts: set[str], seen: set[str]) -> list[Any]:
    """Return `starts` and every node that they need but those seen before."""
    waiting, found = list(starts), []
    while waiting:
        name = waiting.pop()
        if name in main and name not in seen:
            seen.add(name)
            found.append(main[name])
            waiting.extend(map(_node_name, main[name].input))
    return found


def _body(function: Any) -> Body:
    compiled = must_compile(function.attr)
    return Body(function.node_def, function.signature.name, compiled=compiled)


def _functions(meta_graph: Any) -> Any:
    return meta_graph.graph_def.library.function


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]
