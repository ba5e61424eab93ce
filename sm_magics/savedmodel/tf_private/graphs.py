"""Of graphs, their ops, and the functions that these call."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def written_resources(concrete: Any) -> list[Any]:
    """Return the captured resource handles that a ConcreteFunction may write to.

    TensorFlow keeps the read-only inputs of calls and control flow up to date for its automatic
    control dependencies; asking it sees through nested functions.
    """
    from tensorflow.python.framework.auto_control_deps_utils import (
        get_read_write_resource_inputs,
    )

    graph = concrete.graph
    outer = {id(inner): captured for captured, inner in graph.captures}
    written = {}
    for operation in graph.get_operations():
        if operation.type in _NO_WRITE or not operation.inputs:
            continue
        for tensor in get_read_write_resource_inputs(operation)[1]:
            captured = outer.get(id(tensor))
            if captured is not None:
                written[id(captured)] = captured
    return list(written.values())


_NO_WRITE = frozenset({"Placeholder", "Const", "ReadVariableOp", "Identity", "NoOp"})

# Reads, although TensorFlow's own list of those (`RESOURCE_READ_OPS`) leaves them out.
_TABLE_READS = frozenset({"LookupTableFindV2", "LookupTableSizeV2", "LookupTableExportV2"})


def variable_dtype(handle: Any) -> Any:
    """Return the dtype of the variable behind a resource handle; None if there is no variable."""
    from tensorflow.python.ops.handle_data_util import get_handle_data

    known = get_handle_data(handle)
    if known is None or not known.is_set:
        return None
    import tensorflow as tf

    return tf.as_dtype(known.shape_and_type[0].dtype)


def variable_shape(handle: Any) -> Any:
    """Return the static shape of the variable behind a resource handle; None if none is known."""
    from tensorflow.python.ops.handle_data_util import get_handle_data

    known = get_handle_data(handle)
    if known is None or not known.is_set:
        return None
    import tensorflow as tf

    return tf.TensorShape(known.shape_and_type[0].shape)


def uses(tensor: Any) -> Iterator[Any]:
    """Yield the ops that use a tensor of a graph; those in a function before what calls it."""
    for operation in tensor.consumers():
        for index, given in enumerate(operation.inputs):
            if given is tensor:
                for parameter in _parameters(operation, index):
                    yield from uses(parameter)
        yield operation


def _parameters(operation: Any, index: int) -> list[Any]:
    # The first input of a condition chooses the branch.
    index -= operation.type in ("If", "StatelessIf", "Case", "StatelessCase")
    control = operation.type in ("While", "StatelessWhile", "If", "StatelessIf", "Case")
    if index < 0 or not (control or operation.type.endswith("PartitionedCall")):
        return []
    graphs = [function_graph(operation.graph, name) for name in _called(operation)]
    return [graph.inputs[index] for graph in graphs if graph is not None]


def parameters_called(operation: Any, index: int) -> list[Any]:
    """Return what input `index` of a call op is inside of the function that it calls."""
    if operation.type not in ("PartitionedCall", "StatefulPartitionedCall"):
        return []
    (name,) = _called(operation)
    inner = function_graph(operation.graph, name)
    return [] if inner is None else [inner.inputs[index]]


def default_attributes(op: str) -> dict[str, Any]:
    """Return the default values (AttrValue) of an op's attributes by name; none if it is unknown.

    A save strips the attributes that have them.
    """
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(op)
    if known is None:
        return {}
    return {one.name: one.default_value for one in known.attr if one.HasField("default_value")}


def function_attributes(op: str) -> tuple[str, ...]:
    """Return the names of an op's attributes that name functions; none if it is unknown."""
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(op)
    if known is None:
        return ()
    return tuple(one.name for one in known.attr if one.type in ("func", "list(func)"))


def function_graph(graph: Any, name: str) -> Any:
    """Return the FuncGraph of a function that a graph names; None where TensorFlow kept none."""
    if graph is None:
        return None
    return getattr(graph._get_function(name), "graph", None)  # noqa: SLF001


def table_writers(graph: Any) -> list[str]:
    """Return the types of a graph's own ops that may write to a resource that is no variable."""
    from tensorflow.python.framework.auto_control_deps_utils import (
        get_read_write_resource_inputs,
    )

    return [
        operation.type
        for operation in graph.get_operations()
        if operation.type not in _NO_WRITE | _TABLE_READS
        and not _called(operation)
        and any(
            variable_dtype(handle) is None
            for handle in get_read_write_resource_inputs(operation)[1]
        )
    ]


def nested_graphs(concrete: Any) -> list[Any]:
    """Return the FuncGraphs that a ConcreteFunction runs: its own and those that it calls."""
    return [graph for graph in _nested(concrete).values() if graph is not None]


def _nested(concrete: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"": concrete.graph}
    queue = [concrete.graph]
    while queue:
        graph = queue.pop()
        for operation in graph.get_operations():
            for name in _called(operation):
                if name not in found:
                    definition = graph._get_function(name)  # noqa: SLF001
                    inner = getattr(definition, "graph", None)
                    found[name] = inner
                    if inner is not None:
                        queue.append(inner)
    return found


def _called(operation: Any) -> list[str]:
    # The OpDef says which attributes hold functions, so no list of call ops is kept by hand.
    names: list[str] = []
    for attribute in operation.op_def.attr:
        if attribute.type == "func":
            names.append(operation.get_attr(attribute.name).name)
        elif attribute.type == "list(func)":
            names.extend(function.name for function in operation.get_attr(attribute.name))
    return names


def custom_gradients(graph: Any) -> list[tuple[Any, Any]]:
    """Return the ops of a graph that have a gradient of their own, each with its function.

    The function takes None (for the op) and the gradients of the outputs: `tf.custom_gradient`
    registers one for each call.
    """
    from tensorflow.python.framework import ops

    found = []
    for operation in graph.get_operations():
        if _GRADIENT_ATTRIBUTE not in operation.node_def.attr:
            continue
        name = operation.get_attr(_GRADIENT_ATTRIBUTE)
        with contextlib.suppress(LookupError):
            found.append((operation, ops.gradient_registry.lookup(name)))
    return found


_GRADIENT_ATTRIBUTE = "_gradient_op_type"
