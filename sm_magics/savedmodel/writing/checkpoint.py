"""The values of the variables on their way to the disk, and by what names they are found there.

Two shards are written at once; TensorFlow does one after the other.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.tf_private import assembly
from sm_magics.savedmodel.writing import bundle
from sm_magics.savedmodel.writing.refusal import UnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

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
    shards = [
        prefix.with_name(f"{prefix.name}.data-{number:05d}-of-{len(parts):05d}")
        for number in range(len(parts))
    ]
    tensors: list[Iterable[tuple[str, Any]]] = [_tensors(part) for part in parts]
    tensors[-1] = itertools.chain(tensors[-1], [(OBJECT_GRAPH_KEY, tf.constant(graph))])
    entries = {}
    with ThreadPoolExecutor(_THREADS) as pool:
        for found in pool.map(bundle.write_shard, shards, itertools.count(), tensors):
            entries.update(found)
    # Last: whoever sees it takes the checkpoint for whole.
    prefix.with_name(f"{prefix.name}.index").write_bytes(bundle.index(entries, len(parts)))


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


def _tensors(values: Iterable[Value]) -> Iterator[tuple[str, Any]]:
    # One by one: those on a GPU are copied to the memory of the host.
    for value in values:
        # To read it would give an empty tensor.
        if not value.variable.is_initialized():
            raise UnknownError(f"the variable {value.variable.name!r} has no value yet")
        yield value.key, assembly.value(value.variable)
