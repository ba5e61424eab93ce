"""SM306 to SM308, SM312: which kernels a device lacks, by a static table (see `op_tables`)."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import devices, op_tables
from sm_magics.savedmodel.checks.grouping import Flagged, findings
from sm_magics.savedmodel.diagnostics import Severity
from sm_magics.savedmodel.inspection import protos

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sm_magics.savedmodel.checks.grouping import Locate
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.graphs import Node

_CHANNELS_FIRST = (b"NCHW", b"NCDHW")
_LAYOUT = frozenset(
    {
        *("Conv2D", "Conv3D", "DepthwiseConv2dNative", "Conv2DBackpropInput"),
        *("Conv3DBackpropInputV2", "MaxPool", "MaxPoolV2", "MaxPool3D", "AvgPool", "AvgPool3D"),
        *("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "BiasAdd", "FusedConv2D"),
    }
)
_EITHER_LAYOUT = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "BiasAdd"})
"""Ops that a CPU runs in both layouts."""
_PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
_HINTS = {
    "SM306": "trace it without cuDNN: --fix cudnn (fix='cudnn') for Keras 3 layers, or "
    "use_cudnn=False in the layer",
    "SM307": "build the model with data_format='channels_last', and transpose its inputs",
    "SM308": "cast to a dtype that the device has a kernel for, such as float32",
    "SM312": "keep text and table lookups outside of the model, or serve it where a host is near",
}


def check(nodes: Sequence[Node], target: str, locate: Locate) -> Iterator[Diagnostic]:
    """Yield what the kernels of nodes mean for a target; see `placement.check`."""
    flagged = [one for node in nodes if (one := _flagged(node, target)) is not None]
    yield from findings(flagged, target, locate, _sentence, lambda code, _: _HINTS[code])


def _flagged(node: Node, target: str) -> Flagged | None:
    op = node.op
    if node.body.compiled:
        return None  # XLA looks no kernel up
    if op.startswith(("Cudnn", "_Cudnn")):
        return Flagged("SM306", node, "")
    if op in _LAYOUT and _layout(node) in _CHANNELS_FIRST and not _is_a_norm_of_rows(node):
        return (
            Flagged("SM307", node, "mild", severity=Severity.INFO)
            if op in _EITHER_LAYOUT
            else Flagged("SM307", node, "")
        )
    if _is_of_the_host(node):
        return Flagged("SM312", node, "")
    if op not in op_tables.constrained():
        return None
    lacks = _lacks(node, _kernels(node), target)
    return Flagged("SM308", node, lacks) if lacks else None


def _kernels(node: Node) -> op_tables.Answers:
    attributes = node.proto.attr
    names = op_tables.dtype_attributes(node.op)
    types = tuple(attributes[name].type if name in attributes else 0 for name in names)
    if 0 in types or "_kernel" in attributes:
        # A list of dtypes, or one that a save stripped.
        return op_tables.kernels(node.op, _dtypes(node), label=_label(node))
    return _kernels_of(node.op, types)


@cache
def _kernels_of(op: str, types: tuple[int, ...]) -> op_tables.Answers:
    names = op_tables.dtype_attributes(op)
    dtypes = {name: protos.dtype_name(one) for name, one in zip(names, types, strict=True)}
    return op_tables.kernels(op, dtypes)


def _is_a_norm_of_rows(node: Node) -> bool:
    """Tell whether it is the layer normalisation of `tf_keras`, which lends the op of batches.

    The author has chosen no layout then. Its scale is made on the spot, not a variable.
    """
    scale = next(iter(node.proto.input[1:2]), "").partition(":")[0].rpartition("/")[2]
    return node.op.startswith("FusedBatchNorm") and scale.startswith(("Fill", "ones"))


def _lacks(node: Node, known: op_tables.Answers, target: str) -> str:
    """Return the device that a node must run on and has no kernel for; empty if there is none."""
    pinned = devices.parse(node.device).type.lower() if node.device else ""
    if known["cpu"] == "no" and target in ("cpu", "any"):
        return "CPU"
    # A GPU server runs on its CPU what a GPU can't, but for what is pinned.
    if known["gpu"] == "no" and target in ("gpu", "any") and pinned == "gpu":
        return "GPU"
    return ""


def _layout(node: Node) -> bytes:
    attributes = node.proto.attr
    return bytes(attributes["data_format"].s) if "data_format" in attributes else b""


def _is_of_the_host(node: Node) -> bool:
    """Tell whether a node handles text, a table or Python, which only a host's CPU can."""
    if node.op in _PYTHON:
        return True
    if node.op not in op_tables.host_only() or node.op == "Assert":
        return False
    return "Table" in node.op or "string" in _dtypes(node).values() or "String" in node.op


def _dtypes(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in node.proto.attr.items():
        kind = value.WhichOneof("value")
        if kind == "type":
            found[name] = protos.dtype_name(value.type)
        elif kind == "list" and value.list.type:
            found[name] = [protos.dtype_name(one) for one in value.list.type]
    return found


def _label(node: Node) -> str | None:
    return node.proto.attr["_kernel"].s.decode() if "_kernel" in node.proto.attr else None


def _sentence(code: str, group: Sequence[Flagged], _: Any) -> str:
    first = group[0]
    one = len(group) == 1
    count, ending = ("1 op", "s") if one else (f"{len(group)} ops", "")
    types = Counter(one.node.op for one in group)
    listed = ", ".join(f"`{op}`" for op, _ in types.most_common(3))
    where = f" of `{first.node.function}`" if first.node.function else ""
    which = f"{count}{where} ({listed})"
    if code == "SM306":
        return (
            f"{which} run{ending} with cuDNN only, which no CPU has: the first request on a CPU "
            "server fails"
        )
    if code == "SM307":
        happens = (
            "a CPU is slower with that layout"
            if first.what
            else "a CPU does so only where oneDNN is on, and fails without it"
        )
        return f"{which} take{ending} the channels first (NCHW); {happens}"
    if code == "SM308":
        dtypes = ", ".join(sorted({str(one) for one in _dtypes(first.node).values()}))
        return (
            f"{which} {'has' if one else 'have'} no kernel for {dtypes} on a {first.what}: the "
            "first request there fails"
        )
    return (
        f"only a host's CPU can run {which}, which is about text, tables or Python: inputs and "
        "outputs cross to it at each request"
    )
