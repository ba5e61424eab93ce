"""The graph of a SavedModel around its functions: handles of variables, calls of signatures."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sm_magics.savedmodel.tf_private.assembly import View

_NOT_INFERRED = "_disable_call_shape_inference"


def new_graph() -> Any:
    """Return an empty graph, in which a call has the shapes that its function says.

    TensorFlow would infer them again, through the whole body of the function.
    """
    return _graph_class()()


@functools.cache
def _graph_class() -> type:
    import tensorflow as tf
    from tensorflow.core.framework import attr_value_pb2

    class Graph(tf.Graph):  # type: ignore[misc]
        def create_op(self, *args: Any, attrs: Any = None, **options: Any) -> Any:
            # Of what is added to these graphs, calls alone come this way.
            attrs = {**(attrs or {}), _NOT_INFERRED: attr_value_pb2.AttrValue(b=True)}
            operation = super().create_op(*args, attrs=attrs, **options)
            operation._clear_attr(_NOT_INFERRED)  # noqa: SLF001
            return operation

    return Graph


def add_handles(one: View, names: Mapping[int, str], tensor_map: Any) -> None:
    """Add VarHandleOps that stand for variables to the default graph, all of them in one call.

    Parameters
    ----------
    one : View
        Learns whose the handles are.
    names : mapping of int to str
        What the ops are to be called, by the ids of the variables; names that are free.
    tensor_map : identity dictionary
        Gets the output of each op, by the handle of the variable.
    """
    import tensorflow as tf
    from tensorflow.core.framework import attr_value_pb2, graph_pb2

    graph_def = graph_pb2.GraphDef()
    graph_def.versions.producer = tf.version.GRAPH_DEF_VERSION
    for node_id, name in names.items():
        variable = one.nodes[node_id]
        attributes = {
            "dtype": {"type": variable.dtype.as_datatype_enum},
            "shape": {"shape": variable.shape.as_proto()},
            "shared_name": {"s": name.encode()},
            "debug_name": {"s": name.encode()},
        }
        attr = {key: attr_value_pb2.AttrValue(**held) for key, held in attributes.items()}
        graph_def.node.add(name=name, op="VarHandleOp", attr=attr)
    outputs = [f"{name}:0" for name in names.values()]
    added = tf.graph_util.import_graph_def(graph_def, name="", return_elements=outputs)
    for node_id, handle in zip(names, added, strict=True):
        tensor_map[one.nodes[node_id].handle] = handle
        one.saveable.captured_tensor_node_ids[one.nodes[node_id].handle] = node_id
