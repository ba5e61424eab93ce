"""Fit a SavedModel for an older TensorFlow, where leaving something out is enough.

A release refuses ops that it does not know, and the older ones attributes too. Most that an
ordinary export has of these change nothing that it computes; those are left out. Tried with a
model of TensorFlow 2.21 in TensorFlow 2.4.4.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.op_tables import harmless, oldest_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sm_magics.savedmodel.op_tables import OpTable

_NOTHING = "NoOp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that was left out, or would have to be.

    Attributes
    ----------
    op : str
        The type of the nodes.
    attribute : str or None
        Their attribute; None if it is the op itself.
    count : int
        How many nodes.
    reason : str
        Why it can be left out; empty if it can't.
    """

    op: str
    attribute: str | None
    count: int
    reason: str

    @property
    def what(self) -> str:
        """``"VarHandleOp.debug_name"``, or the op alone."""
        return f"{self.op}.{self.attribute}" if self.attribute else self.op


class NotHarmlessError(ValueError):
    """The consumer lacks something that the SavedModel needs; nothing was changed.

    Attributes
    ----------
    needed : tuple of Change
        What can't be left out.
    """

    def __init__(self, needed: Sequence[Change], consumer: OpTable) -> None:
        self.needed = tuple(needed)
        super().__init__(
            f"TensorFlow {consumer.tensorflow} does not know "
            f"{', '.join(one.what for one in needed)}, and without it the export would do "
            "something else"
        )


def fit(saved_model: Any, consumer: OpTable) -> tuple[Change, ...]:
    """Leave out of a SavedModel what a consumer does not know and does not need.

    Ops of other libraries stay: whoever loads those, loads them into any release.

    Parameters
    ----------
    saved_model : SavedModel
        The message of `saved_model.pb`; it is changed in place.
    consumer : OpTable
        The release that is to load it.

    Returns
    -------
    tuple of Change
        What was left out, one an op and attribute; empty if the consumer knows everything.

    Raises
    ------
    NotHarmlessError
        If something else is unknown to the consumer; then nothing is changed.
    """
    changes = tuple(_changes(saved_model, consumer))
    needed = [change for change in changes if not change.reason]
    if needed:
        raise NotHarmlessError(needed, consumer)
    if changes:
        for meta_graph in saved_model.meta_graphs:
            for node in _nodes(meta_graph.graph_def):
                _fit_node(node, consumer)
            _fit_list(meta_graph.meta_info_def.stripped_op_list, consumer)
    return changes


def _changes(saved_model: Any, consumer: OpTable) -> Iterator[Change]:
    found = Counter[tuple[str, str | None]]()
    for meta_graph in saved_model.meta_graphs:
        for node in _nodes(meta_graph.graph_def):
            if _is_missing(node.op, consumer):
                found[node.op, None] += 1
            found.update(
                (node.op, name) for name in consumer.unknown_attributes(node.op, node.attr)
            )
    for (op, attribute), count in found.items():
        why = harmless.REPLACED.get(op) if attribute is None else harmless.reason(op, attribute)
        yield Change(op=op, attribute=attribute, count=count, reason=why or "")


def _is_missing(op: str, consumer: OpTable) -> bool:
    # What no release has is another library's, or a call of a function in the graph's own library.
    return op not in consumer.ops and oldest_with(op) is not None


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def _fit_node(node: Any, consumer: OpTable) -> None:
    if _is_missing(node.op, consumer):
        waits_for = [name for name in node.input if name.startswith("^")]
        node.op = _NOTHING
        del node.input[:]
        node.input.extend(waits_for)  # the order of what stays is the same
    for name in consumer.unknown_attributes(node.op, node.attr):
        del node.attr[name]


def _fit_list(definitions: Any, consumer: OpTable) -> None:
    """Take the same out of the definitions of the ops that the graph uses."""
    fitted = type(definitions)()
    for definition in definitions.op:
        if _is_missing(definition.name, consumer):
            continue
        kept = fitted.op.add()
        kept.CopyFrom(definition)
        del kept.attr[:]
        names = [attribute.name for attribute in definition.attr]
        unknown = consumer.unknown_attributes(definition.name, names)
        kept.attr.extend(one for one in definition.attr if one.name not in unknown)
    if len(fitted.op) < len(definitions.op) and all(one.name != _NOTHING for one in fitted.op):
        fitted.op.add(name=_NOTHING)
    fitted.op.sort(key=lambda one: str(one.name))
    definitions.CopyFrom(fitted)
