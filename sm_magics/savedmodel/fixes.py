"""What `--fix` puts right: what is traced (cudnn), or what was written (devices, consumer)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import devices as device_strings
from sm_magics.savedmodel import downgrade, saved, tf_private
from sm_magics.savedmodel.diagnostics import ExportError, Severity, finding
from sm_magics.savedmodel.graphs import written
from sm_magics.savedmodel.signatures import functions, keras_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.op_tables import OpTable

FIXES = ("cudnn", "devices", "consumer")
"""What `--fix` takes."""

_COMMON = ("", "CPU", "GPU", "TPU", "TPU_SYSTEM")


def tracing(obj: Any, fix: Sequence[str]) -> contextlib.AbstractContextManager[None]:
    """Return the context in which an object is traced for an export."""
    return without_cudnn(obj) if "cudnn" in fix else contextlib.nullcontext()


@contextlib.contextmanager
def without_cudnn(obj: Any) -> Iterator[None]:
    """Have the Keras 3 RNN layers below an object traced without cuDNN; they are left as they were.

    Parameters
    ----------
    obj : Trackable
    """
    before = [(layer, layer.use_cudnn) for layer in _layers(obj) if hasattr(layer, "use_cudnn")]
    for layer, _ in before:
        layer.use_cudnn = False
    try:
        yield
    finally:
        for layer, was in before:
            layer.use_cudnn = was


def _layers(obj: Any) -> Iterator[Any]:
    nodes = [obj] if functions.is_function(obj) else saved.look(obj, trace=False).nodes.values()
    seen: set[int] = set()
    for node in nodes:
        if not keras_models.is_model(node):
            continue
        for layer in (node, *tf_private.layers(node)):
            if id(layer) not in seen:
                seen.add(id(layer))
                yield layer


def rewrite(directory: Path, fixes: Sequence[str], consumer: OpTable | None) -> tuple[str, ...]:
    """Put right what was written to a staging directory.

    Returns
    -------
    tuple of str
        What was changed, a sentence each.

    Raises
    ------
    ExportError
        If the consumer lacks something that the model needs (SM404).
    """
    from tensorflow.core.protobuf import saved_model_pb2

    if not set(fixes) & {"devices", "consumer"}:
        return ()
    path = directory / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    try:
        done = apply(model, fixes, consumer)
    except downgrade.NotHarmlessError as error:
        raise ExportError([_needed(error)]) from None
    if done:
        path.write_bytes(model.SerializeToString(deterministic=True))
        tf_private.renew_fingerprint(str(directory))
    return done


def apply(model: Any, fixes: Sequence[str], consumer: OpTable | None) -> tuple[str, ...]:
    """Put right a SavedModel message in place, and return what was changed as `rewrite` does.

    Raises
    ------
    downgrade.NotHarmlessError
        If the consumer lacks something that the model needs.
    """
    done: list[str] = []
    if "devices" in fixes:
        done += clear_devices(model)
    if "consumer" in fixes and consumer is not None:
        changes = downgrade.fit(model, consumer)
        done += [f"left out {one.what} ({one.count} nodes): {one.reason}" for one in changes]
    return tuple(done)


def _needed(error: downgrade.NotHarmlessError) -> Diagnostic:
    return finding(
        "SM404",
        f"--fix consumer can't put it right: {error}",
        "serve it with a newer TensorFlow, or leave out of the model what it names",
        severity=Severity.ERROR,
    )


def clear_devices(model: Any) -> list[str]:
    """Take the devices out of the functions of a SavedModel, and the colocations with devices.

    The saver's nodes keep theirs: they are on the CPU, as TensorFlow writes them.

    Parameters
    ----------
    model : SavedModel
        It is changed in place.

    Returns
    -------
    list of str
        A sentence for each device that was cleared; of a device that is neither a CPU, a GPU nor a
        TPU it says so.
    """
    cleared: dict[str, int] = {}
    for meta_graph in model.meta_graphs:
        for node in _not_the_savers(meta_graph):
            if node.device:
                cleared[node.device] = cleared.get(node.device, 0) + 1
                node.device = ""
            _uncolocate(node)
    return [_told(device, count) for device, count in sorted(cleared.items())]


def _not_the_savers(meta_graph: Any) -> Iterator[Any]:
    """Yield the nodes of the library, and the calls of the main graph."""
    main = {node.name: node for node in meta_graph.graph_def.node}
    saver = written.Saver(meta_graph.saver_def, main)
    for function in meta_graph.graph_def.library.function:
        if function.signature.name not in saver.functions:
            yield from function.node_def
    for node in main.values():
        if "Call" in node.op and not saver.owns(node):
            yield node


def _uncolocate(node: Any) -> None:
    """Drop colocations with a device; those with another op stay, they name no device."""
    if "_class" not in node.attr:
        return
    names = node.attr["_class"].list.s
    kept = [name for name in names if not name.startswith(b"loc:@/")]
    if len(kept) < len(names):
        del names[:]
        names.extend(kept)
        if not kept:
            del node.attr["_class"]


def _told(device: str, count: int) -> str:
    kind = device_strings.parse(device).type
    custom = "" if kind in _COMMON else ", a custom device"
    return f"took {device} from {count} node{'s' if count > 1 else ''}{custom}"
