"""What a graph-mode loader puts into each variable, as the saver's graph tells it.

A TF 1 session and a model server know no objects. They run the restore op that the SaverDef names;
it assigns tensors of the checkpoint, by their keys, to resource handles. Two handles are one
variable if they have one shared name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Resource = tuple[str, str]
"""Container and shared name."""

_HANDLES = "VarHandleOp"


@dataclass(frozen=True, slots=True)
class Restored:
    """Which key of the checkpoint each variable gets.

    Attributes
    ----------
    keys : dict of (str, str) to list of str
        The keys by the variable's container and shared name: one, or something is wrong.
    missing : str
        Why there is no such table; empty if there is one.
    """

    keys: dict[Resource, list[str]] = field(default_factory=dict)
    missing: str = ""


def resource(node: Any) -> Resource | None:
    """Return what tells a variable from others; None if a node is no variable."""
    if node.op != _HANDLES:
        return None
    return (node.attr["container"].s.decode(), node.attr["shared_name"].s.decode() or node.name)


def restored(meta_graph: Any, main: Mapping[str, Any], library: Mapping[str, Any]) -> Restored:
    """Follow the restore op of a MetaGraphDef.

    Parameters
    ----------
    meta_graph : MetaGraphDef
    main, library : mapping
        Nodes of the main graph, and functions, by name.
    """
    name = meta_graph.saver_def.restore_op_name.partition(":")[0]
    if not name:
        return Restored(missing="it has no saver")
    waiting, seen = [name], set()
    keys: dict[Resource, list[str]] = {}
    while waiting:
        node = main.get(waiting.pop())
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        # Several restore functions are joined by nodes that only wait for them.
        waiting += [one.removeprefix("^").partition(":")[0] for one in node.input]
        function = library.get(node.attr["f"].func.name) if "f" in node.attr else None
        if function is None:
            continue
        handles = [main.get(one.partition(":")[0]) for one in node.input]
        for position, key in _assigned(function):
            handle = handles[position] if position < len(handles) else None
            known = None if handle is None else resource(handle)
            if known is not None:
                keys.setdefault(known, []).append(key)
    return Restored(keys)


def _assigned(function: Any) -> Iterator[tuple[int, str]]:
    """Yield the argument that an assignment writes to, and the key of what it writes."""
    nodes = {node.name: node for node in function.node_def}
    places = {one.name: number for number, one in enumerate(function.signature.input_arg)}
    lists: dict[str, Sequence[str]] = {}
    for node in nodes.values():
        if node.op != "AssignVariableOp" or node.input[0] not in places:
            continue
        source, number = _source(node.input[1], nodes)
        if source is None:
            continue
        if source.name not in lists:
            lists[source.name] = _keys(source, nodes)
        if number < len(lists[source.name]):
            yield places[node.input[0]], lists[source.name][number]


def _source(tensor: str, nodes: Mapping[str, Any]) -> tuple[Any, int]:
    """Return the RestoreV2 that a tensor is of, and the number of its output."""
    name, _, rest = tensor.partition(":")
    node = nodes.get(name)
    while node is not None and node.op == "Identity":
        name, _, rest = node.input[0].partition(":")
        node = nodes.get(name)
    if node is None or node.op != "RestoreV2":
        return None, 0
    return node, int(rest.rpartition(":")[2] or 0)


def _keys(restore: Any, nodes: Mapping[str, Any]) -> Sequence[str]:
    names, slices = (_strings(nodes.get(one.partition(":")[0])) for one in restore.input[1:3])
    # A slice of a tensor is not what the index has a checksum of.
    if any(slices):
        return [key if not part else "" for key, part in zip(names, slices, strict=False)]
    return names


def _strings(constant: Any) -> list[str]:
    if constant is None or constant.op != "Const":
        return []
    tensor = constant.attr["value"].tensor
    values = [value.decode() for value in tensor.string_val]
    count = 1
    for dimension in tensor.tensor_shape.dim:
        count *= dimension.size
    # A constant whose last values are the same is written with one of them.
    return values + values[-1:] * (count - len(values))
