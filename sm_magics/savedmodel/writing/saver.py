"""The functions by which graph-mode loaders, such as a model server, save and restore variables.

TensorFlow traces them, some ten ops for every variable (`checkpoint/functional_saver.py`). They
have one form for all: here they are put down as protos, with what it takes and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.tf_private import assembly
from sm_magics.savedmodel.writing import nodes
from sm_magics.savedmodel.writing.checkpoint import OBJECT_GRAPH_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.writing.values import Value

_FILES = "/device:CPU:0"
"""Where files are read and written."""


def add(meta: Any, values: Sequence[Value], handles: Sequence[str], graph: bytes) -> None:
    """Add the saver to a MetaGraphDef.

    Parameters
    ----------
    meta : MetaGraphDef
    values : sequence of Value
    handles : sequence of str
        The names of the nodes that stand for the variables.
    graph : bytes
        The TrackableObjectGraph that a save writes beside the values.
    """
    main, library = meta.graph_def.node, meta.graph_def.library
    names = _Names(meta.graph_def)
    save, restore = names.new("__inference__traced_save"), names.new("__inference__traced_restore")
    library.function.append(_save(save, values))
    library.function.append(_restore(restore, values))
    string, scalar = _string(), nodes.shapes([nodes.shape()])
    filename = nodes.add(
        main,
        names.new("saver_filename"),
        "Placeholder",
        dtype=nodes.typed(string),
        shape=nodes.shaped(),
        _output_shapes=scalar,
    )
    kept = nodes.add(
        main,
        names.new("Const"),
        "Const",
        device=_FILES,
        value=nodes.strings([graph], string),
        dtype=nodes.typed(string),
        _output_shapes=scalar,
    )
    calls = []
    for function, inputs in ((save, [filename, *handles, kept]), (restore, [filename, *handles])):
        resources = [_resource()] * len(handles)
        taken = [string, *resources, string][: len(inputs)]
        calls.append(
            nodes.add(
                main,
                names.new("StatefulPartitionedCall"),
                "StatefulPartitionedCall",
                inputs,
                f=nodes.function(function),
                Tin=nodes.types(taken),
                Tout=nodes.types([string]),
                config_proto=nodes.text(assembly.call_config()),
                _output_shapes=scalar,
            )
        )
    meta.saver_def.filename_tensor_name = f"{filename}:0"
    meta.saver_def.save_tensor_name = f"{calls[0]}:0"
    meta.saver_def.restore_op_name = calls[1]
    meta.saver_def.version = meta.saver_def.V2


class _Names:
    """Names that neither a node nor a function of a graph has."""

    def __init__(self, graph_def: Any) -> None:
        self._taken = {node.name for node in graph_def.node}
        self._taken |= {function.signature.name for function in graph_def.library.function}

    def new(self, stem: str) -> str:
        name, count = stem, 0
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name


def _save(name: str, values: Sequence[Value]) -> Any:
    function = _function(name, values, graph=True)
    body, string = function.node_def, _string()
    dtypes = _dtypes(values)
    reads = []
    for index, dtype in enumerate(dtypes):
        read = nodes.add(
            body, f"read_{index}", "ReadVariableOp", [_argument(index)], dtype=nodes.typed(dtype)
        )
        reads.append(f"{read}:value:0")
    keys, slices = _names(body, "SaveV2", values)
    nodes.add(
        body,
        "SaveV2",
        "SaveV2",
        ["file_prefix", keys, slices, *reads, "object_graph"],
        _FILES,
        dtypes=nodes.types([*dtypes, string]),
    )
    _finished(function, ["SaveV2"])
    return function


def _restore(name: str, values: Sequence[Value]) -> Any:
    function = _function(name, values, graph=False)
    body, string = function.node_def, _string()
    dtypes = _dtypes(values)
    keys, slices = _names(body, "RestoreV2", values)
    nodes.add(
        body,
        "RestoreV2",
        "RestoreV2",
        ["file_prefix", keys, slices],
        _FILES,
        dtypes=nodes.types([*dtypes, string]),
        _output_shapes=nodes.shapes([nodes.unknown_shape()] * (len(dtypes) + 1)),
    )
    assigned = [
        nodes.add(
            body,
            f"assign_{index}",
            "AssignVariableOp",
            [_argument(index), f"RestoreV2:tensors:{index}"],
            dtype=nodes.typed(dtype),
        )
        for index, dtype in enumerate(dtypes)
    ]
    _finished(function, assigned)
    return function


def _function(name: str, values: Sequence[Value], *, graph: bool) -> Any:
    """Return a FunctionDef of a file name, the variables, and the object graph if asked for."""
    from tensorflow.core.framework import function_pb2

    function = function_pb2.FunctionDef()
    signature, string = function.signature, _string()
    signature.name, signature.is_stateful = name, True
    signature.input_arg.add(name="file_prefix", type=string)
    for index, value in enumerate(values):
        argument = signature.input_arg.add(name=_argument(index), type=_resource())
        variable = value.variable
        argument.handle_data.add(
            dtype=variable.dtype.as_datatype_enum, shape=variable.shape.as_proto()
        )
    if graph:
        signature.input_arg.add(name="object_graph", type=string)
    signature.output_arg.add(name="done", type=string)
    scalars = [nodes.shape()] * len(signature.input_arg)
    function.attr["_input_shapes"].CopyFrom(nodes.shapes(scalars))
    function.attr["_construction_context"].CopyFrom(nodes.text("kEagerRuntime"))
    return function


def _finished(function: Any, after: Sequence[str]) -> None:
    """Let a function return the file name after its effects; they happen whoever asks for it."""
    nodes.add(
        function.node_def,
        "done",
        "Identity",
        ["file_prefix", *(f"^{one}" for one in after)],
        _FILES,
        T=nodes.typed(_string()),
        _output_shapes=nodes.shapes([nodes.shape()]),
    )
    function.ret["done"] = "done:output:0"
    for one in after:
        function.signature.control_output.append(one)
        function.control_ret[one] = one


def _names(body: Any, op: str, values: Sequence[Value]) -> tuple[str, str]:
    """Add the keys of the checkpoint, and the slices: each variable is whole."""
    keys = [*(value.key for value in values), OBJECT_GRAPH_KEY]
    string = _string()
    added = []
    for name, texts in (("tensor_names", keys), ("shape_and_slices", [""] * len(keys))):
        node = nodes.add(
            body,
            f"{op}/{name}",
            "Const",
            device=_FILES,
            value=nodes.strings([text.encode() for text in texts], string, len(keys)),
            dtype=nodes.typed(string),
            _output_shapes=nodes.shapes([nodes.shape(len(keys))]),
        )
        added.append(f"{node}:output:0")
    return added[0], added[1]


def _argument(index: int) -> str:
    return f"variable_{index}"


def _dtypes(values: Sequence[Value]) -> list[int]:
    return [value.variable.dtype.as_datatype_enum for value in values]


def _string() -> int:
    import tensorflow as tf

    return int(tf.string.as_datatype_enum)


def _resource() -> int:
    import tensorflow as tf

    return int(tf.resource.as_datatype_enum)
