"""The line of the author's code that made a live node, or that pins it to a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.devices import Device
    from sm_magics.savedmodel.graphs import Node
    from sm_magics.savedmodel.spans import Span


def live(node: Node, device: Device | None = None, codes: Sequence[Any] = ()) -> Span | None:
    """Return the statement that made a node; None if it is nobody's but a library's.

    Parameters
    ----------
    node : Node
        From `graphs.live`.
    device : Device, optional
        What it is pinned to: then it is the ``with tf.device`` around it that is returned, where
        one can be seen.
    codes : sequence of code, optional
        The code objects that exist now; see `frames.of_op`.
    """
    op = _op(node)
    if op is None:
        return None
    stack = frames.stack(op, codes)
    scope = spans.device_scope(stack, device) if device is not None else None
    return scope or (spans.statement(stack[0]) if stack else None)


def is_pinned_by_library(node: Node, device: Device) -> bool:
    """Tell whether it is a library's own ``with tf.device`` that pins a node, such as Keras's."""
    op = _op(node)
    return op is not None and spans.device_scope(frames.libraries(op), device) is not None


def is_made_by_library(node: Node) -> bool:
    """Tell whether it is a library such as Keras that made a node, not the author's own line."""
    op = _op(node)
    return op is not None and bool(frames.libraries(op))


def _op(node: Node) -> Any:
    if node.body.graph is None:
        return None
    try:
        return node.body.graph.get_operation_by_name(node.proto.name)
    except (KeyError, ValueError):
        return None  # a name that only the written function has
