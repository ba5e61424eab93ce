"""SM3xx and SM4xx: what the nodes that a consumer can run, or must import, mean where they go."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, op_tables, tf_private
from sm_magics.savedmodel.checks import file_ops, kernels, op_uses, placement, portability
from sm_magics.savedmodel.graphs import live, places, written
from sm_magics.savedmodel.graphs.debug_info import Places
from sm_magics.savedmodel.inspection import all_metagraphs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.checks.grouping import Locate
    from sm_magics.savedmodel.checks.op_uses import OpUse
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.graphs import Node
    from sm_magics.savedmodel.op_tables import OpTable
    from sm_magics.savedmodel.saved import Saved


def check(
    saved: Saved, options: Any, target: str, obj: Any = None, *, cleared: bool = False
) -> Iterator[Diagnostic]:
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
    cleared : bool
        Whether hard-coded devices are taken out of what is written (``--fix devices``).
    """
    nodes = list(live.nodes(saved.traces))
    if cleared:
        nodes = [node._replace(device="") for node in nodes]
    codes = frames.codes_of(obj, saved.functions.values())
    yield from _of(nodes, target, functools.partial(places.live, codes=codes))
    yield from placement.compiled(saved, target)
    yield from placement.variables(saved, options, target)


def consumer(saved: Saved, release: OpTable) -> list[Diagnostic]:
    """Return SM403 and SM404 for live functions, and for what the save adds to them."""
    nodes = live.nodes(saved.traces)
    uses = op_uses.of_nodes(
        nodes, places.live, defaults=tf_private.default_attributes, is_told=_unknown_to(release)
    )
    added = op_tables.saver_uses() if saved.handles() else ()
    return _consumer([*uses, *(op_uses.OpUse(op=op, attrs=attrs) for op, attrs in added)], release)


def of_written(
    meta_graph: Any, directory: Path, target: str, release: OpTable | None
) -> Iterator[Diagnostic]:
    """Yield what a written graph tells that no live function does, and SM403 and SM404 again.

    The gradients of `tf.custom_gradient` are functions only there.

    Parameters
    ----------
    meta_graph : MetaGraphDef
        With all its fields.
    directory : Path
        Where it was written.
    target, release
        As in `examine`.
    """
    locate = Places(directory)
    gradients = [node for node in written.nodes(meta_graph) if node.body.gradient]
    yield from _of(gradients, target, locate)
    if release is not None:
        yield from _consumer(_everything(meta_graph, release, locate), release)


def examine(directory: Path, target: str, release: OpTable | None = None) -> list[Diagnostic]:
    """Return what a written SavedModel means where it goes, whoever wrote it.

    TensorFlow is not imported. Findings have lines where it was saved with debug info.

    Parameters
    ----------
    directory : Path
    target : str
        See `check`.
    release : OpTable, optional
        The release that is to load it: SM403, SM404.
    """
    locate = Places(directory)
    graphs = all_metagraphs(directory)
    found = list(_of(list(written.nodes(graphs[0])), target, locate))
    # A security scan reads every graph, and what nobody reaches.
    every = [node for graph in graphs for node in written.not_the_savers(graph)]
    uses = op_uses.of_nodes(every, locate, file_ops.matters)
    found += [one for one in file_ops.check(uses) if not _told(one, found)]
    if release is not None:
        found += _consumer(_everything(graphs[0], release, locate), release)
    return [replace(one, hint=_again(one.hint)) for one in found]


def _told(one: Diagnostic, found: Sequence[Diagnostic]) -> bool:
    return any(one.code == other.code and one.message == other.message for other in found)


def _again(hint: str) -> str:
    """Return the hint for what is written already: a fix is one of an export."""
    return hint.replace("or: --fix", "or export it again with --fix")


def _of(nodes: Sequence[Node], target: str, locate: Locate) -> Iterator[Diagnostic]:
    yield from placement.check(nodes, target, locate)
    yield from kernels.check(nodes, target, locate)
    uses = list(op_uses.of_nodes(nodes, locate, _matters))
    yield from portability.python_ops(uses)
    yield from portability.custom_ops(uses)
    yield from file_ops.check(uses)


def _matters(op: str) -> bool:
    return portability.is_python(op) or file_ops.matters(op) or not portability.is_core(op)


def _consumer(uses: Sequence[OpUse], release: OpTable) -> list[Diagnostic]:
    return [
        *portability.unknown_ops(uses, release),
        *portability.unknown_attributes(uses, release),
    ]


def _unknown_to(release: OpTable) -> Callable[[str, frozenset[str]], bool]:
    def unknown(op: str, attributes: frozenset[str]) -> bool:
        return op not in release.ops or bool(release.unknown_attributes(op, attributes))

    return unknown


def _everything(meta_graph: Any, release: OpTable, locate: Locate) -> list[OpUse]:
    every = written.everything(meta_graph)
    return list(op_uses.of_nodes(every, locate, is_told=_unknown_to(release)))


def uses(meta_graph: Any) -> list[OpUse]:
    """Return the ops of a written MetaGraphDef, each with all attributes that its nodes set."""
    attributes: dict[str, set[str]] = {}
    for node in written.everything(meta_graph):
        attributes.setdefault(node.op, set()).update(node.proto.attr)
    return [op_uses.OpUse(op=op, attrs=frozenset(names)) for op, names in attributes.items()]
