# /// script
# requires-python = ">=3.11"
# dependencies = ["tensorflow>=2.16", "sm_magics"]
# ///
"""Write the installed TensorFlow's descriptors to where `inspection.protos` reads them.

Run it as ``python scripts/make_descriptors.py`` from the root of the repository.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.inspection import protos

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


# What skimmed messages leave unparsed: most of a graph's bytes, which few readers look at.
UNREAD = {
    "FunctionDef": {"attr", "arg_attr", "ret", "control_ret", "resource_arg_unique_id"},
    "MetaGraphDef.MetaInfoDef": {"stripped_op_list"},
    "NodeDef": {"attr", "experimental_debug_info", "experimental_type"},
    "OpDef": {"input_arg", "output_arg", "control_output", "attr"},
    "SavedConcreteFunction": {"bound_inputs", "output_signature"},
}


def descriptor_set(unread: Mapping[str, Collection[str]]) -> bytes:
    """Serialise the files that `protos.ROOTS` reach, each after those that it imports.

    Parameters
    ----------
    unread : dict of str to set of str
        The fields of each message that are left out.
    """
    from google.protobuf import descriptor_pb2

    found: dict[str, Any] = {}

    def collect(file: Any) -> None:
        if file.name not in found:
            for imported in file.dependencies:
                collect(imported)
            found[file.name] = file

    for root in protos.ROOTS:
        module = root.removesuffix(".proto").replace("/", ".") + "_pb2"
        collect(importlib.import_module(module).DESCRIPTOR)
    packed = descriptor_pb2.FileDescriptorSet()
    for file in found.values():
        copy = packed.file.add()
        file.CopyToProto(copy)
        for name, declared in _declared(copy):
            left_out = unread.get(name, ())
            read = [field for field in declared.field if field.name not in left_out]
            del declared.field[:]
            declared.field.extend(read)
    return bytes(packed.SerializeToString(deterministic=True))


def _declared(file: Any) -> Iterator[tuple[str, Any]]:
    for outer in file.message_type:
        yield outer.name, outer
        for inner in outer.nested_type:
            yield f"{outer.name}.{inner.name}", inner


def main() -> None:
    """Write the descriptors, and the version they come from, beside the module that reads them."""
    import tensorflow as tf

    source = Path(protos.__file__)
    source.with_name(protos.PROTOSET).write_bytes(descriptor_set({}))
    source.with_name(protos.SKIMMED).write_bytes(descriptor_set(UNREAD))
    line = f'TENSORFLOW_VERSION = "{tf.__version__}"'
    source.write_text(re.sub(r'TENSORFLOW_VERSION = "[^"]*"', line, source.read_text("utf-8")))


if __name__ == "__main__":
    main()
