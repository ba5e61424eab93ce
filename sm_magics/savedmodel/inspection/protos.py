"""TensorFlow's protocol buffers without TensorFlow.

`tensorflow.protoset` holds the descriptors of TensorFlow's own .proto files (Copyright The
TensorFlow Authors, Apache-2.0), serialised by `scripts/make_descriptors.py` as a
FileDescriptorSet; `skimmed.protoset` is the same without bulky fields. They live in descriptor
pools of their own: importing TensorFlow before or after never clashes with them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from sm_magics.savedmodel.inspection.varints import varint

PROTOSET, SKIMMED = "tensorflow.protoset", "skimmed.protoset"
TENSORFLOW_VERSION = "2.21.0"  # whose descriptors these are; the script keeps this line
ROOTS = (
    "tensorflow/core/protobuf/saved_model.proto",
    "tensorflow/core/protobuf/fingerprint.proto",
    "tensorflow/core/framework/graph_debug_info.proto",
    "tensorflow/core/protobuf/tensor_bundle.proto",
)

_UNLIKE_THEIR_ENUM = {"FLOAT": "float32", "DOUBLE": "float64", "HALF": "float16"}


@cache
def pool() -> Any:
    """Return the descriptor pool with TensorFlow's messages; it is read on the first call."""
    return _pool(PROTOSET)


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
    return _pool(SKIMMED)


def _pool(name: str) -> Any:
    from google.protobuf.descriptor_pool import DescriptorPool

    packed = Path(__file__).with_name(name).read_bytes()
    own, at = DescriptorPool(), 0
    while at < len(packed):
        # Of a FileDescriptorSet: a tag of one byte, a size, and a file. To have protobuf take it
        # apart costs more than the rest of this.
        size, start = varint(packed, at + 1)
        at = start + size
        own.AddSerializedFile(packed[start:at])
    return own


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
