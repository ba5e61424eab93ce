"""SM301 to SM305, SM309 to SM311: where nodes ask to run, against where the export goes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import devices, frames, tf_private
from sm_magics.savedmodel.checks.grouping import Flagged, findings
from sm_magics.savedmodel.diagnostics import CATALOGUE, Severity, finding
from sm_magics.savedmodel.graphs import must_compile, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sm_magics.savedmodel.checks.grouping import Locate
    from sm_magics.savedmodel.devices import Device
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.graphs import Node
    from sm_magics.savedmodel.saved import Saved

# TensorFlow itself sends these to the process that made them.
_PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
# What only stands for a tensor of the caller's.
_NO_WORK = frozenset({"Placeholder", "_Arg", "_Retval", "NoOp"})

_LIBRARY = "a library"
_LISTED = 3
"""How many names a sentence lists."""
_HAPPENS = {
    ("SM301", "cpu"): "a CPU server without soft placement rejects them",
    ("SM301", "gpu"): "they run on the first GPU only, whichever is free",
    ("SM301", "tpu"): "a TPU host has no such device, and rejects them without soft placement",
    ("SM302", "cpu"): "they run there on every server",
    ("SM302", "gpu"): "on a GPU server their inputs and outputs are copied at each request",
    ("SM302", "tpu"): "on a TPU their inputs and outputs are copied at each request",
    ("SM303", "cpu"): "a server without that device rejects them, or crowds them onto one",
    ("SM303", "gpu"): "a server with fewer devices rejects them, or crowds them onto one",
    ("SM303", "tpu"): "a server without that device rejects them",
    ("SM304", ""): "a server knows no other process by that name, and rejects them",
    ("SM305", ""): "a server without a TPU rejects them",
    ("SM309", ""): "a server whose TensorFlow was built without XLA fails at the first request",
    ("SM310", ""): "a single server waits for the other workers, or fails",
}
_HINTS = {
    "SM301": "take the `with tf.device` out of the exported function, or: --fix devices "
    "(fix='devices')",
    "SM302": "take the `with tf.device` out of the exported function, or: --fix devices "
    "(fix='devices')",
    "SM303": "export a function that does not call `strategy.run` or name a device, or: --fix "
    "devices (fix='devices')",
    "SM304": "take the device out of the exported function, or: --fix devices (fix='devices')",
    "SM305": "export a function that was not rewritten for a TPU; what is only pinned: --fix "
    "devices (fix='devices')",
    "SM309": "leave jit_compile=True out of the exported function where the server may lack XLA",
    "SM310": "export a function for one replica, without the collective op",
}


def check(nodes: Sequence[Node], target: str, locate: Locate) -> Iterator[Diagnostic]:
    """Yield what the devices of nodes mean for a target.

    Parameters
    ----------
    nodes : sequence of Node
        What a consumer can reach.
    target : str
        Where the export goes: one of `diagnostics.TARGETS`.
    locate : callable
        Finds a node's place; asked for those only that are worth a finding.
    """
    flagged = [one for node in nodes for one in _flagged(node)]
    yield from findings(flagged, target, locate, _sentence(target), _hint)


def _flagged(node: Node) -> Iterator[Flagged]:
    if node.op.startswith(("Collective", "Nccl")):
        yield Flagged("SM310", node, "")
        return
    if node.op.startswith("TPU"):
        yield Flagged("SM305", node, "")
        return
    if "Call" in node.op and must_compile(node.proto.attr):
        # Keras does so where nothing else runs on a CPU, such as a convolution in groups.
        own = places.is_made_by_library(node)
        yield Flagged(
            "SM309", node, _LIBRARY if own else "", severity=Severity.INFO if own else None
        )
    if not node.device or node.op in _NO_WORK or node.op in _PYTHON or node.body.compiled:
        return
    device = devices.parse(node.device)
    code = _code(device)
    if code and not (code == "SM302" and _is_pinned_by_others(node, device)):
        yield Flagged(code, node, str(device), device)


def _hint(code: str, what: str) -> str:
    if what == _LIBRARY:
        return "Keras compiles these itself: serve the export with a TensorFlow that has XLA"
    return _HINTS[code]


def _is_pinned_by_others(node: Node, device: Device) -> bool:
    """Tell whether nobody chose the CPU for a node, or it makes no difference."""
    # A full name is TensorFlow's: of a table, variable or replica that was made there, unless the
    # author wrote it. Keras knows which of its ops no GPU can run. A constant is made once.
    if node.op == "Const" or places.is_pinned_by_library(node, device):
        return True
    span = places.live(node, device) if device.job else None
    return bool(device.job) and not (span is not None and span.scope)


def _code(device: Device) -> str:
    if device.is_elsewhere:
        return "SM304"
    if device.type.startswith("TPU"):
        return "SM305"
    if device.index:
        return "SM303"
    return {"GPU": "SM301", "CPU": "SM302"}.get(device.type, "")


def _sentence(target: str) -> Callable[[str, Sequence[Flagged], Any], str]:
    def sentence(code: str, group: Sequence[Flagged], span: Any) -> str:
        first = group[0]
        name = first.node.function
        count = _counted(len(group), "op")
        types = Counter(one.node.op for one in group)
        listed = _some([op for op, _ in types.most_common()])
        where = f" of `{name}`" if name else ""
        happens = _happens(code, target)
        if code == "SM309":
            return f"{count}{where} must be compiled by XLA; {happens}"
        if code == "SM310" or not first.device:
            return f"{count}{where} ({listed}) need other workers or a TPU; {happens}"
        full = first.node.device if code == "SM304" else first.device
        if span is not None and span.scope:
            return f"`{span.scope}` pins {count}{where} to {full} ({listed}); {happens}"
        return f"{count}{where} ({listed}) pinned to {full}; {happens}"

    return sentence


def _happens(code: str, target: str) -> str:
    if (code, "") in _HAPPENS:
        return _HAPPENS[code, ""]
    # What is worst of both, for any target.
    worst = {"SM301": "cpu", "SM302": "gpu", "SM303": "cpu"}
    return _HAPPENS[code, worst[code] if target == "any" else target]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def compiled(saved: Saved, target: str) -> Iterator[Diagnostic]:
    """Yield SM309 for the functions themselves: what calls them is made by the save only."""
    severity = CATALOGUE["SM309"].at(target)
    for path, traces in saved.traces.items():
        marked = [trace for trace in traces if tf_private.must_compile(trace)]
        if severity is None or not marked:
            continue
        function = saved.functions.get(path)
        made = frames.of_function(function) if function is not None else None
        yield finding(
            "SM309",
            f"`{path}` must be compiled by XLA; {_HAPPENS['SM309', '']}",
            _HINTS["SM309"],
            severity=severity,
            function=path or None,
            **frames.where(made or frames.of_concrete(marked[0])),
        )


def variables(saved: Saved, options: Any, target: str) -> Iterator[Diagnostic]:
    """Yield SM311 for variables whose GPU is saved with them (`experimental_variable_policy`).

    Parameters
    ----------
    saved : Saved
        What will be written.
    options : tf.saved_model.SaveOptions or None
    target : str
        See `check`.
    """
    severity = CATALOGUE["SM311"].at(target)
    if severity is None or not tf_private.saves_devices(options):
        return
    found = {
        path: node.device
        for path, node in saved.nodes.items()
        if tf_private.is_variable(node) and devices.parse(node.device).type == "GPU"
    }
    if found:
        named = _some([f"`{path}`" for path in found])
        yield finding(
            "SM311",
            f"the GPU of {_counted(len(found), 'variable')} is saved with the model ({named}): a "
            "CPU server can't make them, and rejects it",
            "leave --variable-policy save_variable_devices out",
            severity=severity,
            count=len(found),
            **frames.where(_made(saved, found)),
        )


def _made(saved: Saved, paths: Iterable[str]) -> frames.Frame | None:
    """Return the first line that shows one of these variables put where it is."""
    for path in paths:
        if path in saved.owners and (frame := frames.of_attribute(*saved.owners[path])):
            return frame
    return None
