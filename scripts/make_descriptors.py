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
from typing import Any

from sm_magics.savedmodel.inspection import protos


def descriptor_set() -> bytes:
    """Serialise the files that `protos.ROOTS` reach, each after those that it imports."""
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
        file.CopyToProto(packed.file.add())
    return bytes(packed.SerializeToString(deterministic=True))


def main() -> None:
    """Write the descriptors, and the version they come from, beside the module that reads them."""
    import tensorflow as tf

    source = Path(protos.__file__)
    source.with_name(protos.PROTOSET).write_bytes(descriptor_set())
    line = f'TENSORFLOW_VERSION = "{tf.__version__}"'
    source.write_text(re.sub(r'TENSORFLOW_VERSION = "[^"]*"', line, source.read_text("utf-8")))


if __name__ == "__main__":
    main()
