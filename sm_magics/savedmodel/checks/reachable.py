"""SM3xx and SM4xx: what the nodes that a consumer can run, or must import, mean where they go."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, op_tables, tf_private
from sm_magics.savedmodel.checks import file_ops, kernels, op_uses, placement, portability
from sm_magics.savedmodel.graphs import live, places, written
from sm_magics.savedmodel.graphs.debug_info import Places
from sm_magics.savedmodel.inspection import metagraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.checks.grouping import Locate
    from sm_magics.savedmodel.checks.op_uses import OpUse
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.graphs import Node
    from sm_magics.savedmodel.op_tables import OpTable
    from sm_magics.savedmodel.saved import Saved


def check(saved: Saved, options: Any, target: str, obj: Any = None) -> Iterator[Diagnostic]:
    """Yield what live functions mean where the export goes: SM3xx, SM401, SM402, SM405.

    Parameters
    ----------
    saved : Saved
        What will be written.
    options : tf.saved_model.SaveOptions or None
    target : str
        One of `diagnostics.TARGETS`.
    obj : Trackable, optional
        The author's object, whose code tells the files of lines.
    """
    nodes = list(live.nodes(saved.traces))
    codes = frames.codes_of(obj, saved.functions.values())
    yield from _of(nodes, target, functools.partial(places.live, codes=codes))
    yield from placement.compiled(saved, target)
    yield from placement.variables(saved, options, target)


def examine(directory: Path, target: str, consumer: OpTable | None = None) -> list[Diagnostic]:
    """Return the same for a written SavedModel, whoever wrote it; TensorFlow is not imported.

    Findings have lines where it was saved with debug info.

    Parameters
    ----------
    directory : Path
    target : str
        See `check`.
    consumer : OpTable, optional
        The release that is to load it: SM403, SM404.
    """
    meta_graph = metagraph(directory)
    found = list(_of(list(written.nodes(meta_graph)), target, Places(directory)))
    if consumer is not None:
        every = uses(meta_graph)
        found += portability.unknown_ops(every, consumer)
        found += portability.unknown_attributes(every, consumer)
    return found


def _of(nodes: Sequence[Node], target: str, locate: Locate) -> Iterator[Diagnostic]:
    yield from placement.check(nodes, target, locate)
    yield from kernels.check(nodes, target, locate)
    uses = list(op_uses.of_nodes(nodes, locate, _matters))
    yield from portability.python_ops(uses)
    yield from portability.custom_ops(uses)
    yield from file_ops.check(uses)


def _matters(op: str) -> bool:
    return portability.is_python(op) or file_ops.matters(op) or not portability.is_core(op)


def consumer(saved: Saved, release: OpTable) -> list[Diagnostic]:
    """Return SM403 and SM404 for live functions, and for what the save adds to them."""
    nodes = live.nodes(saved.traces)
    uses = op_uses.of_nodes(nodes, places.live, lambda _: True, tf_private.default_attributes)
    added = op_tables.saver_uses() if saved.handles() else ()
    every = [*uses, *(op_uses.OpUse(op=op, attrs=attrs) for op, attrs in added)]
    return [
        *portability.unknown_ops(every, release),
        *portability.unknown_attributes(every, release),
    ]


def uses(meta_graph: Any) -> list[OpUse]:
    """Return every node of a written MetaGraphDef as a use of its op."""
    return list(op_uses.of_nodes(written.everything(meta_graph), places.live))
