"""Which devices a saved graph names, leaving out those of the saver.

Every SavedModel pins its saver's nodes to the CPU, and that is nobody's finding. So only nodes
are counted that a consumer can reach: in the main graph what a signature, an initialiser or a
variable needs; in the library the functions that those call, and those that stay callable from
Python. Nodes in a reached function's body all count. A TF 1 graph without a signature offers
nothing to start from: there all nodes count but those in the saver's name scope.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.inspection import protos

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATE = frozenset({"VarHandleOp", "VariableV2", "Variable"})
_INITIALISERS = ("saved_model_main_op", "legacy_init_op", "saved_model_train_op")


def devices(meta_graph: Any, main: dict[str, Any], pinned: set[str]) -> dict[str, int]:
    """Return device -> number of reachable nodes of a MetaGraphDef that it is hard-coded on.

    Parameters
    ----------
    meta_graph : MetaGraphDef
        The graph, skimmed (see `protos.skimmed`).
    main : dict of str to NodeDef
        The nodes of its main graph by name.
    pinned : set of str
        Names of its functions with a pinned node.
    """
    saver = _Saver(meta_graph.saver_def, main)
    suspect = any(node.device and not saver.owns(node) for node in main.values())
    if not suspect and pinned <= saver.functions:
        return {}  # nothing but the saver's: no need to walk
    reached = _reached(meta_graph, main, saver)
    return dict(Counter(node.device for node in reached if node.device).most_common())


class _Saver:
    """The nodes of the main graph that save and restore, and the functions that they call."""

    def __init__(self, saver: Any, main: dict[str, Any]) -> None:
        tensors = (saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name)
        roots = {_node_name(tensor) for tensor in tensors if tensor}
        scopes = {name.rpartition("/")[0] for name in roots}
        self._scope = f"{min(scopes)}/" if scopes and all(scopes) else None  # TF 1
        self._names = set(roots)
        self.functions: set[str] = set()
        for node in (main[name] for name in roots if name in main):
            self.functions.update(_called(node))
            self._names.update(map(_node_name, node.input))

    def owns(self, node: Any) -> bool:
        if node.op in _STATE:
            return False
        return node.name in self._names or (
            self._scope is not None and node.name.startswith(self._scope)
        )


def _reached(meta_graph: Any, main: dict[str, Any], saver: _Saver) -> Iterator[Any]:
    library = {one.signature.name: one for one in meta_graph.graph_def.library.function}
    functions = _callable(meta_graph.object_graph_def)
    starts = _starts(meta_graph)
    if starts or functions:
        nodes = _feeding(main, starts)
    else:
        nodes = [node for node in main.values() if not saver.owns(node)]
    yield from nodes
    waiting = [*functions, *(name for node in nodes for name in _called(node))]
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in library:
            continue
        seen.add(name)
        for node in library[name].node_def:
            yield node
            waiting.extend(_called(node))


def _starts(meta_graph: Any) -> set[str]:
    """Return the main graph's nodes that a consumer asks for."""
    names = []
    for signature in meta_graph.signature_def.values():
        for tensor in (*signature.inputs.values(), *signature.outputs.values()):
            names.append(tensor.name)
            names.extend(part.name for part in tensor.composite_tensor.components)
            sparse = tensor.coo_sparse
            names += [sparse.values_tensor_name, sparse.indices_tensor_name]
            names.append(sparse.dense_shape_tensor_name)
    for key in _INITIALISERS:
        if key in meta_graph.collection_def:
            names.extend(meta_graph.collection_def[key].node_list.value)
    return {_node_name(name) for name in names if name}


def _callable(object_graph: Any) -> list[str]:
    """Return the graph functions that Python can call after a load; the saver's are not among."""
    saves = {
        number
        for node in object_graph.nodes
        for one in node.saveable_objects.values()
        for number in (one.save_function, one.restore_function)
    }
    names: list[str] = []
    for number, node in enumerate(object_graph.nodes):
        if number in saves:
            continue
        kind = node.WhichOneof("kind")
        if kind == "function":
            names.extend(node.function.concrete_functions)
        elif kind == "bare_concrete_function":
            names.append(node.bare_concrete_function.concrete_function_name)
    return names


def _feeding(main: dict[str, Any], starts: set[str]) -> list[Any]:
    """Return `starts`, all state, and every node that they need."""
    waiting = [*starts, *(name for name, node in main.items() if node.op in _STATE)]
    seen: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        if name in main and name not in seen:
            seen[name] = main[name]
            waiting.extend(map(_node_name, main[name].input))
    return list(seen.values())


def _called(node: Any) -> Iterator[str]:
    """Yield the functions that a node names: its op, and attributes that hold functions."""
    yield node.op
    for value in protos.whole(node).attr.values():
        held = value.WhichOneof("value")
        if held == "func":
            yield value.func.name
        elif held == "list":
            yield from (function.name for function in value.list.func)


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]
