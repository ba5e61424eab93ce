# /// script
# requires-python = ">=3.11"
# dependencies = ["tensorflow>=2.16", "sm_magics"]
# ///
"""Write the table of the installed TensorFlow's kernels to where `op_tables` reads it.

Run it as ``python scripts/make_kernel_table.py`` from anywhere, with a build for CPU and GPU: the
plain `tensorflow` wheel for Linux registers its GPU kernels with or without a GPU.
"""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from typing import Any

from sm_magics.savedmodel.inspection import protos
from sm_magics.savedmodel.op_tables import devices

EVERYWHERE = "DEFAULT"
"""The device type of kernels that any device takes if it has none of its own."""


def registered() -> tuple[Any, Any]:
    """Return the installed TensorFlow's OpList and KernelList."""
    import tensorflow  # noqa: F401, ICN001, registers them
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session
    from tensorflow.python.framework import kernels

    ops = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    return op_def_pb2.OpList.FromString(ops), kernels.get_all_registered_kernels()


def has_gpu_kernels(kernels: Any) -> bool:
    """Tell whether a KernelList is of a build for GPUs; another one has a few by accident."""
    return any(one.op == "MatMul" and one.device_type == "GPU" for one in kernels.kernel)


def rows(ops: Any, kernels: Any) -> dict[str, devices.Row]:
    """Return a row for each op that has a kernel."""
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for kernel in kernels.kernel:
        found[kernel.op][kernel.device_type].append(kernel)
    definitions = {op.name: op for op in ops.op}
    made = {}
    for op, by_device in found.items():
        # Kernels of other devices are left out: a TPU's, and what XLA registers once it compiles.
        cpu, gpu = (by_device[EVERYWHERE] + by_device[device] for device in ("CPU", "GPU"))
        if cpu or gpu:
            asked = {one.name for kernel in (*cpu, *gpu) for one in kernel.constraint}
            made[op] = devices.Row(
                _defaults(definitions[op], asked),
                _cell(cpu, definitions[op]),
                _cell(gpu, definitions[op]),
            )
    return made


def _cell(kernels: list[Any], definition: Any) -> str:
    plain = [kernel for kernel in kernels if not kernel.label]
    if kernels and not plain:
        return devices.UNTOLD  # oneDNN's, and what a node's `_kernel` attribute asks for
    types = {attr.name for attr in definition.attr if attr.type in {"type", "list(type)"}}
    return devices.merged(_dtypes(kernel, types) for kernel in plain)


def _dtypes(kernel: Any, types: set[str]) -> devices.Kernel:
    return {
        one.name: frozenset(map(protos.dtype_name, one.allowed_values.list.type))
        if one.name in types
        else frozenset({devices.UNTOLD})
        for one in kernel.constraint
    }


def _defaults(definition: Any, asked: set[str]) -> dict[str, str]:
    return {
        attr.name: protos.dtype_name(attr.default_value.type)
        for attr in definition.attr
        if attr.name in asked and attr.type == "type" and attr.HasField("default_value")
    }


def text() -> str:
    """Return the table of the installed TensorFlow."""
    import tensorflow as tf

    machine = f"{platform.system()} {platform.machine()}"
    return devices.dumped(rows(*registered()), tf.__version__, machine)


def main() -> None:
    """Write the table, if the build can tell about GPUs."""
    if not has_gpu_kernels(registered()[1]):
        sys.exit("this TensorFlow is built without GPU kernels: it can't tell what is host-only")
    devices.FILE.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
