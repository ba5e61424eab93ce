"""What an export would write, with the sizes that its files will have about; nothing is written.

The bytes of variables, assets and constants are known. What TensorFlow adds follows rules that were
fitted to exports of TensorFlow 2.21, by either writer: for each variable and object about the same,
whatever the model. With a plan, for Keras models (Sequential with and without Adam, 10 layers with
`swish`, LSTM, MobileNetV2) and small modules (a table with assets, constants) saved_model.pb came
within 10 %, the shard within 1 % (or 100 bytes where there are no variables), the index within 4 %,
all files within 7 %. The debug info came within 20 % in the tests, and that is no promise: it grows
with the depth of the call that traces.

Not foreseen are: what a table holds in memory, such as a vocabulary, and strings (both count
nothing); gradient functions larger than that of `swish`; that the graph of a loaded model becomes
smaller (MobileNetV2: by 17 %), as it does with `experimental_skip_saver`; what `--fix` rewrites.
"""

from __future__ import annotations

import filecmp
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import capture, saved, survey, tf_private, writing
from sm_magics.savedmodel.checks import sizes
from sm_magics.savedmodel.graphs import debug_info
from sm_magics.savedmodel.inspection import File, directory
from sm_magics.savedmodel.writing import checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sm_magics.savedmodel.planning import Plan
    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.saved import Saved

_GRAPH, _INDEX, _FINGERPRINT = "saved_model.pb", "variables/variables.index", "fingerprint.pb"

# Bytes of the saved_model.pb: for an endpoint (its wrapper and signature); by who writes it, of any
# and for a variable (its nodes, and those that save and restore it); for an object; for a table or
# the like (the functions that make, fill and destroy it); for an asset; for a captured tensor in a
# trace and in those that call it; for the gradient function of an op that has one of its own.
_OF_ENDPOINT = 1500
_BY = {"fast": (4300, 740), "tensorflow": (6300, 2100)}  # of any, and of a variable
_OF_OBJECT = 70
_OF_RESOURCE = 4500
_OF_ASSET = 600
_OF_CAPTURE = 350
_OF_GRADIENT = 3080
# Bytes of the debug info: of any (the deeper the call, the more), and for a node that was traced.
_DEBUG_OF_ANY = 9000
_DEBUG_OF_NODE = 265
# Bytes of the shard besides the variables (the table of objects), and of the index.
_SHARD_OF_ANY, _SHARD_OF_OBJECT, _SHARD_OF_VARIABLE = 50, 28, 100
_INDEX_OF_ANY, _INDEX_OF_VARIABLE = 144, 55
_FINGERPRINT_BYTES = 97
# Where nobody counted the objects: as Keras models have it, a layer has about two variables.
_OBJECTS, _OBJECTS_OF_VARIABLE = 4, 2.25


@dataclass(frozen=True, slots=True)
class _Traced:
    """Bytes of the traced functions, and how many nodes, gradients and captures they have."""

    nbytes: int
    nodes: int
    gradients: int
    captures: int


def files(request: Request, plan: Plan | None = None) -> list[File]:
    """Return the files that an export would write, in the order in which `inspect` lists them.

    Quick: nothing is traced, and no property of the author's is evaluated.

    Parameters
    ----------
    request : Request
        What is asked for; it needs no destination.
    plan : Plan, optional
        What `planning.check` found for it. Without one, or with one that an error cut short, only
        the variables are looked at: what is not known then has 0 bytes, and a role that ends with
        "known after a check)".
    """
    held = None if plan is None else plan.held
    found: list[File]
    if plan is None or held is None:
        found = _without_plan(request)
    else:
        variables = [node for node in held.nodes.values() if tf_private.is_variable(node)]
        size = sum(tf_private.nbytes(one.shape, one.dtype) for one in variables)
        traced = _traced(held)
        writer = writing.foreseen(held.nodes.values(), request.options, request.writer)
        graph = _graph(held, traced, len(variables), request, writer)
        graph += _OF_ENDPOINT * len(plan.endpoints)
        parts = _parts(variables) if writer == "fast" else None
        shards = _variables(size, len(variables), request, len(held.nodes), parts)
        found = [_file(_GRAPH, graph), *_assets(held), *shards]
        if getattr(request.options, "save_debug_info", False):
            found.append(_file(debug_info.FILE, _DEBUG_OF_ANY + _DEBUG_OF_NODE * traced.nodes))
    found.append(_file(_FINGERPRINT, _FINGERPRINT_BYTES))
    return sorted(found, key=lambda file: file.path)


def whole(files: Iterable[File]) -> int:
    """Return the bytes of all files together."""
    return sum(file.bytes for file in files)


def _file(path: str, nbytes: int) -> File:
    return File(path, nbytes, directory.role_of(path))


def _later(path: str, role: str = "") -> File:
    role = role or directory.role_of(path)
    return File(path, 0, f"{role} (size {directory.UNKNOWN})")


def _without_plan(request: Request) -> list[File]:
    found = [_later(_GRAPH), File("assets/", 0, f"assets ({directory.UNKNOWN})")]
    if getattr(request.options, "save_debug_info", False):
        found.append(_later(debug_info.FILE, "debug info"))
    obj = request.obj
    model = None if capture.kind_of(obj) is None else capture.describe(obj)
    # A function owns no variables, but captures some; and what is not built has none as yet.
    if model is None or model.kind == "function" or model.built is False:
        return found + [_later(file.path) for file in _variables(0, 0, request)]
    optimizers = _optimizers(obj) if request.with_optimizer else []
    own = {id(one) for each in optimizers for one in sizes.optimizer_variables(each)}
    size = model.bytes + sizes.optimizer_bytes(optimizers)
    return found + _variables(size, model.variables + len(own), request)


def _optimizers(obj: Any) -> list[Any]:
    nodes = saved.look(obj, trace=False).nodes.values()
    return [node for node in nodes if survey.is_optimizer(node)]


def _parts(variables: Sequence[Any]) -> list[int]:
    """Return the bytes of the variables in each shard of the fast writer."""

    def nbytes(variable: Any) -> int:
        return tf_private.nbytes(variable.shape, variable.dtype)

    return [sum(map(nbytes, part)) for part in checkpoint.parted(variables, nbytes)]


def _variables(
    nbytes: int,
    count: int,
    request: Request,
    objects: int | None = None,
    parts: Sequence[int] | None = None,
) -> list[File]:
    """Return the shards and their index.

    By `parts`, the table of objects in the last one; without them split evenly, where TensorFlow
    fills one by one.
    """
    if objects is None:
        objects = round(_OBJECTS + _OBJECTS_OF_VARIABLE * count)
    table = _SHARD_OF_ANY + _SHARD_OF_OBJECT * objects + _SHARD_OF_VARIABLE * count
    if parts is None:
        policy = getattr(request.options, "experimental_sharding_callback", None)
        shards = -(-nbytes // (getattr(policy, "max_shard_size", None) or nbytes + table)) or 1
        sizes = [(nbytes + table) // shards] * shards
    else:
        sizes = [*parts[:-1], parts[-1] + table]
    return [
        *(
            _file(f"variables/variables.data-{number:05}-of-{len(sizes):05}", size)
            for number, size in enumerate(sizes)
        ),
        _file(_INDEX, _INDEX_OF_ANY + _INDEX_OF_VARIABLE * count),
    ]


def _assets(held: Saved) -> Iterator[File]:
    """Yield the copies of assets, named as TensorFlow names those that are called the same."""
    import tensorflow as tf

    paths: dict[str, str] = {}
    for node in held.nodes.values():
        path = tf_private.asset_path(node)
        if path is None or not tf.io.gfile.exists(path):
            continue
        base = name = os.path.basename(path)  # noqa: PTH119, it may be on a remote file system
        if base in paths and not _same(path, paths[base]):
            number = 1
            while name in paths:
                name, number = f"{base}_{number}", number + 1
        paths[name] = path
    if not paths:
        yield _file("assets/", 0)
    for name, path in paths.items():
        yield _file(f"assets/{name}", tf.io.gfile.stat(path).length)


def _same(path: str, other: str) -> bool:
    try:
        return path == other or filecmp.cmp(path, other)
    except OSError:  # on a remote file system
        return False


def _graph(held: Saved, traced: _Traced, variables: int, request: Request, writer: str) -> int:
    of_any, of_variable = _BY[writer]
    tables = sum(
        bool(tf_private.handles(node))
        for node in held.nodes.values()
        if not tf_private.is_variable(node)
    )
    assets = sum(tf_private.asset_path(node) is not None for node in held.nodes.values())
    gradients = getattr(request.options, "experimental_custom_gradients", True)
    return (
        of_any
        + traced.nbytes
        + _constants(held)
        + _OF_CAPTURE * traced.captures
        + _OF_GRADIENT * traced.gradients * bool(gradients)
        + of_variable * variables
        + _OF_OBJECT * len(held.nodes)
        + _OF_RESOURCE * tables
        + _OF_ASSET * assets
    )


def _constants(held: Saved) -> int:
    """Return the bytes of captured tensors; a Const node has its own among the node's."""
    captured = {
        id(tensor): tensor
        for traces in held.traces.values()
        for trace in traces
        for tensor, _ in trace.graph.captures
        if tensor.dtype.name not in ("resource", "variant")
    }
    return sum(tf_private.nbytes(one.shape, one.dtype) for one in captured.values())


def _traced(held: Saved) -> _Traced:
    """Measure what was traced, each function once, however many traces call it.

    One that also stays callable by itself is written twice: a save traces it anew for those that
    call it.
    """
    traces = {
        id(trace.graph): trace
        for several in held.traces.values()
        # As `graphs.live` has it: a save leaves a trace behind, of which it writes another again.
        for trace in {str(trace.function_type): trace for trace in several}.values()
    }
    size = 0
    bodies: list[Any] = []
    called: dict[str, Any] = {}
    for trace in traces.values():
        definition = trace.graph.as_graph_def(add_shapes=True)
        size += sum(node.ByteSize() for node in definition.node)
        bodies.append(definition.node)
        called |= {function.signature.name: function for function in definition.library.function}
    bodies += [function.node_def for function in called.values()]
    return _Traced(
        nbytes=size + sum(function.ByteSize() for function in called.values()),
        nodes=sum(map(len, bodies)),
        gradients=sum("_gradient_op_type" in node.attr for nodes in bodies for node in nodes),
        captures=sum(len(trace.graph.captures) for trace in traces.values()),
    )
