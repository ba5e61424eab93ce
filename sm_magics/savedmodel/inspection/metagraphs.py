"""A MetaGraphDef -> the nouns of an inspection."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.inspection import object_graph as objects
from sm_magics.savedmodel.inspection import placement, protos
from sm_magics.savedmodel.inspection.contents import MetaGraph
from sm_magics.savedmodel.signatures import Signature, Spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INITIALISING = ("__saved_model_init_op", "__saved_model_train_op")
_OP, _DEVICE = attrgetter("op"), attrgetter("device")


def read(meta_graph: Any, schema: int) -> MetaGraph:
    """Return what a (skimmed) MetaGraphDef of a SavedModel with that schema version holds."""
    main = {node.name: node for node in meta_graph.graph_def.node}
    ops, pinned = _census(main.values(), meta_graph.graph_def.library)
    return MetaGraph(
        tags=tuple(meta_graph.meta_info_def.tags),
        signatures=tuple(_signatures(meta_graph, main)),
        functions=objects.functions(meta_graph.object_graph_def),
        ops=dict(sorted(ops.items(), key=lambda one: (-one[1], one[0]))),
        devices=placement.devices(meta_graph, main, pinned),
        versions=_versions(meta_graph, schema),
        aliases=_aliases(meta_graph),
        initialisers=_initialisers(meta_graph),
    )


def assets(saved_model: Any) -> set[str]:
    """Return the files below ``assets/`` that a graph names."""
    return {
        asset.filename.removeprefix("assets/")
        for meta_graph in saved_model.meta_graphs
        for asset in meta_graph.asset_file_def
    }


def object_graph(saved_model: Any) -> Any:
    """Return the SavedObjectGraph; an empty one in a TF 1 style SavedModel."""
    for meta_graph in saved_model.meta_graphs:
        if meta_graph.object_graph_def.nodes:
            return meta_graph.object_graph_def
    return saved_model.meta_graphs[0].object_graph_def


def restores_variables(saved_model: Any) -> bool:
    """Whether a load restores variables, so that there must be a checkpoint."""
    return any(
        meta_graph.saver_def.restore_op_name
        and any(node.HasField("variable") for node in meta_graph.object_graph_def.nodes)
        for meta_graph in saved_model.meta_graphs
    )


def _census(main: Iterable[Any], library: Any) -> tuple[Counter[str], set[str]]:
    """Count the nodes by op; name the functions that have a node with a device."""
    ops = Counter(map(_OP, main))
    pinned = set()
    for function in library.function:
        ops.update(map(_OP, function.node_def))
        if any(map(_DEVICE, function.node_def)):
            pinned.add(function.signature.name)
    return ops, pinned


def _aliases(meta_graph: Any) -> tuple[str, ...]:
    """Return the aliases of functions that are in the library; TensorFlow keeps others too."""
    library = {function.signature.name for function in meta_graph.graph_def.library.function}
    named = meta_graph.meta_info_def.function_aliases
    return tuple(sorted({alias for name, alias in named.items() if name in library}))


def _versions(meta_graph: Any, schema: int) -> dict[str, str]:
    graph = meta_graph.graph_def.versions
    told = {
        "tensorflow": meta_graph.meta_info_def.tensorflow_version,
        "producer": graph.producer,
        "min_consumer": graph.min_consumer,
        "schema": schema,
    }
    return {name: str(version) for name, version in told.items() if version}


def _signatures(meta_graph: Any, main: dict[str, Any]) -> Iterator[Signature]:
    for key, signature in sorted(meta_graph.signature_def.items()):
        if key not in _INITIALISING:
            yield Signature(
                key=key,
                function=_function(signature, main),
                inputs=_specs(signature.inputs),
                outputs=_specs(signature.outputs),
            )


def _initialisers(meta_graph: Any) -> dict[str, str]:
    return {
        key: meta_graph.signature_def[key].outputs[key].name
        for key in _INITIALISING
        if key in meta_graph.signature_def
    }


def _function(signature: Any, main: dict[str, Any]) -> str:
    """Return the graph function that computes the outputs, if it is one that computes them all."""
    called = set()
    for tensor in signature.outputs.values():
        node = main.get(tensor.name.partition(":")[0])
        attributes = protos.whole(node).attr if node is not None else {}
        called.add(attributes["f"].func.name if "f" in attributes else "")
    return called.pop() if len(called) == 1 else ""


def _specs(tensors: Any) -> tuple[Spec, ...]:
    return tuple(spec for name, tensor in sorted(tensors.items()) for spec in _spec(name, tensor))


def _spec(name: str, tensor: Any) -> Iterator[Spec]:
    """Yield a tensor's spec; the components' where it is made of several tensors.

    A sparse tensor has `/values`, `/indices` and `/dense_shape`; another composite one (a ragged
    tensor, for example) has components by number.
    """
    kind = tensor.WhichOneof("encoding")
    shape = protos.shape(tensor.tensor_shape)
    if kind == "coo_sparse":
        rank = None if shape is None else len(shape)
        yield Spec(f"{name}/values", protos.dtype_name(tensor.dtype), (None,))
        yield Spec(f"{name}/indices", "int64", (None, rank))
        yield Spec(f"{name}/dense_shape", "int64", (rank,))
    elif kind == "composite_tensor":
        for number, part in enumerate(tensor.composite_tensor.components):
            yield from _spec(f"{name}/{number}", part)
    else:
        yield Spec(name, protos.dtype_name(tensor.dtype), shape)
