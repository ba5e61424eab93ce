"""The values of the variables on their way to the disk, by TensorFlow's own ops.

A shard is written while the one before it is flushed: the processor and the disk work at the same
time. TensorFlow never flushes; publishing has to, and finds little left to do.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.publishing import durability
from sm_magics.savedmodel.tf_private import assembly
from sm_magics.savedmodel.writing.refusal import UnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sm_magics.savedmodel.tf_private.assembly import View
    from sm_magics.savedmodel.writing.values import Value

Thing = TypeVar("Thing")

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

SHARD = 128 * 2**20
"""Bytes of variables from which on a shard is full."""

_THREADS = 2


def object_graph(view: View, values: Sequence[Value]) -> bytes:
    """Return the TrackableObjectGraph, by which `tf.train.Checkpoint` finds the values."""
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    for node in view.nodes:
        proto = graph.nodes.add()
        for name, child in view.children(node):
            proto.children.add(node_id=child, local_name=name)
    for value in values:
        graph.nodes[value.node_id].attributes.add(
            name=assembly.VARIABLE_KEY,
            full_name=assembly.shared_name(value.variable),
            checkpoint_key=value.key,
        )
    assembly.add_checkpoint_marks(graph)
    return bytes(graph.SerializeToString(deterministic=True))


def write(values: Sequence[Value], graph: bytes, prefix: Path) -> None:
    """Write a checkpoint.

    Parameters
    ----------
    values : sequence of Value
    graph : bytes
        From `object_graph`.
    prefix : Path
        What the names of its files begin with; its folder is there.

    Raises
    ------
    UnknownError
        If a variable has no value yet.
    """
    import tensorflow as tf

    parts = list(parted(values, _nbytes))
    names = [f"{prefix}_temp/part-{index:05d}-of-{len(parts):05d}" for index in range(len(parts))]
    prefix.with_name(f"{prefix.name}_temp").mkdir()
    with ThreadPoolExecutor(_THREADS) as pool:
        graphs = [b""] * (len(parts) - 1) + [graph]
        list(pool.map(_shard, names, parts, graphs))
    with tf.device("/cpu:0"):
        tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=names, destination_prefix=str(prefix), delete_old_dirs=True
        )


def parted(things: Iterable[Thing], nbytes: Callable[[Thing], int]) -> Iterator[list[Thing]]:
    """Yield what goes into each shard; at least one, which may be empty."""
    part: list[Thing] = []
    full = 0
    for thing in things:
        if full >= SHARD:
            yield part
            part, full = [], 0
        part.append(thing)
        full += nbytes(thing)
    yield part


def _nbytes(value: Value) -> int:
    return tf_private.nbytes(value.variable.shape, value.variable.dtype)


def _shard(name: str, values: Sequence[Value], graph: bytes) -> None:
    import tensorflow as tf

    keys = [value.key for value in values]
    tensors = _tensors(values)
    with tf.device("/cpu:0"):
        if graph:
            keys.append(OBJECT_GRAPH_KEY)
            tensors.append(tf.constant(graph))
        tf.raw_ops.SaveV2(
            prefix=name, tensor_names=keys, shape_and_slices=[""] * len(keys), tensors=tensors
        )
    part = Path(name)
    for file in part.parent.glob(f"{part.name}.*"):
        durability.sync_file(file)


def _tensors(values: Sequence[Value]) -> list[Any]:
    for value in values:
        # To read it would give an empty tensor.
        if not value.variable.is_initialized():
            raise UnknownError(f"the variable {value.variable.name!r} has no value yet")
    return [assembly.value(value.variable) for value in values]
