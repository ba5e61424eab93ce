"""TensorFlow's protocol buffers without TensorFlow.

`tensorflow.protoset` holds the descriptors of TensorFlow's own .proto files (Copyright The
TensorFlow Authors, Apache-2.0), serialised by `scripts/make_descriptors.py` as a
FileDescriptorSet. They live in a descriptor pool of their own: importing TensorFlow before or
after never clashes with them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOSET = "tensorflow.protoset"
TENSORFLOW_VERSION = "2.21.0"  # whose descriptors these are; the script keeps this line
ROOTS = (
    "tensorflow/core/protobuf/saved_model.proto",
    "tensorflow/core/protobuf/fingerprint.proto",
    "tensorflow/core/framework/graph_debug_info.proto",
    "tensorflow/core/protobuf/tensor_bundle.proto",
)

# What `skimmed` messages leave unparsed: most of a graph's bytes, which few readers look at.
_UNREAD = {
    "FunctionDef": {"attr", "arg_attr", "ret", "control_ret", "resource_arg_unique_id"},
    "MetaGraphDef.MetaInfoDef": {"stripped_op_list"},
    "NodeDef": {"attr", "experimental_debug_info", "experimental_type"},
    "OpDef": {"input_arg", "output_arg", "control_output", "attr"},
    "SavedConcreteFunction": {"bound_inputs", "output_signature"},
}
_UNLIKE_THEIR_ENUM = {"FLOAT": "float32", "DOUBLE": "float64", "HALF": "float16"}


@cache
def pool() -> Any:
    """Return the descriptor pool with TensorFlow's messages; it is read on the first call."""
    return _pool({})


def message(name: str) -> Any:
    """Return the class of a message of TensorFlow, such as ``message("SavedModel")``."""
    return _message(pool(), name)


def skimmed(name: str) -> Any:
    """Return the class of a message that parses in a third of the time, without bulky fields.

    Their bytes are kept: `whole` brings a part of such a message back with all its fields.
    """
    return _message(_skimming_pool(), name)


def whole(part: Any) -> Any:
    """Return a part of a skimmed message, such as a NodeDef, with all its fields (a copy)."""
    name = part.DESCRIPTOR.full_name.removeprefix("tensorflow.")
    return message(name).FromString(part.SerializeToString())


@cache
def _message(among: Any, name: str) -> Any:
    from google.protobuf.message_factory import GetMessageClass

    return GetMessageClass(among.FindMessageTypeByName(f"tensorflow.{name}"))


@cache
def _skimming_pool() -> Any:
    return _pool(_UNREAD)


def _pool(unread: dict[str, set[str]]) -> Any:
    from google.protobuf import descriptor_pb2
    from google.protobuf.descriptor_pool import DescriptorPool

    packed = Path(__file__).with_name(PROTOSET).read_bytes()
    own = DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(packed).file:
        for name, declared in _declared(file):
            left_out = unread.get(name, ())
            read = [field for field in declared.field if field.name not in left_out]
            del declared.field[:]
            declared.field.extend(read)
        own.AddSerializedFile(file.SerializeToString())
    return own


def _declared(file: Any) -> Iterator[tuple[str, Any]]:
    for outer in file.message_type:
        yield outer.name, outer
        for inner in outer.nested_type:
            yield f"{outer.name}.{inner.name}", inner


@cache
def dtype_name(number: int) -> str:
    """Return TensorFlow's name of a DataType, such as ``"float32"`` for 1.

    A number that these descriptors don't know (a newer TensorFlow wrote it) becomes ``"dtype 99"``.
    """
    known = pool().FindEnumTypeByName("tensorflow.DataType").values_by_number.get(number)
    if known is None:
        return f"dtype {number}"
    name = str(known.name).removeprefix("DT_")
    plain = name.removesuffix("_REF")
    suffix = "_ref" if name.endswith("_REF") else ""
    return _UNLIKE_THEIR_ENUM.get(plain, plain.lower()) + suffix


def shape(proto: Any) -> tuple[int | None, ...] | None:
    """Return a TensorShapeProto as `Spec` has it: None is any size, or as a whole any rank."""
    if proto.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in proto.dim)
