"""Nodes of graphs and functions as protos: the few forms that a saver is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def _attribute(**value: Any) -> Any:
    from tensorflow.core.framework import attr_value_pb2

    return attr_value_pb2.AttrValue(**value)


def _list(**values: Any) -> Any:
    from tensorflow.core.framework import attr_value_pb2

    return _attribute(list=attr_value_pb2.AttrValue.ListValue(**values))


def add(
    nodes: Any,
    name: str,
    kind: str,
    inputs: Iterable[str] = (),
    device: str = "",
    **attributes: Any,
) -> str:
    """Append a NodeDef to the nodes of a GraphDef or FunctionDef; return its name."""
    nodes.add(name=name, op=kind, input=inputs, device=device, attr=attributes)
    return name


def typed(dtype: int) -> Any:
    """Return the attribute that names a dtype, by its number in `types.proto`."""
    return _attribute(type=dtype)


def types(dtypes: Sequence[int]) -> Any:
    """Return the attribute that names several dtypes."""
    return _list(type=dtypes)


def shaped(*sizes: int) -> Any:
    """Return the attribute that names a shape."""
    return _attribute(shape=shape(*sizes))


def shapes(all_of: Sequence[Any]) -> Any:
    """Return the attribute that names several shapes."""
    return _list(shape=all_of)


def shape(*sizes: int) -> Any:
    """Return a TensorShapeProto."""
    from tensorflow.core.framework import tensor_shape_pb2

    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in sizes]
    return tensor_shape_pb2.TensorShapeProto(dim=dims)


def unknown_shape() -> Any:
    """Return the TensorShapeProto of which nothing is known."""
    from tensorflow.core.framework import tensor_shape_pb2

    return tensor_shape_pb2.TensorShapeProto(unknown_rank=True)


def text(string: str | bytes) -> Any:
    """Return the attribute that is a string."""
    return _attribute(s=string.encode() if isinstance(string, str) else string)


def function(name: str) -> Any:
    """Return the attribute that names a function of the library."""
    from tensorflow.core.framework import attr_value_pb2

    return _attribute(func=attr_value_pb2.NameAttrList(name=name))


def strings(values: Sequence[bytes], dtype: int, *sizes: int) -> Any:
    """Return the attribute that is a tensor of strings."""
    from tensorflow.core.framework import tensor_pb2

    tensor = tensor_pb2.TensorProto(
        dtype=dtype, tensor_shape=shape(*sizes), string_val=list(values)
    )
    return _attribute(tensor=tensor)
