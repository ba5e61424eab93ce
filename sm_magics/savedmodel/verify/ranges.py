"""How many rows an input chooses among, where its use tells: the vocabulary of an embedding."""

from __future__ import annotations

from typing import Any

from sm_magics.savedmodel import tf_private

_UNCHANGED = frozenset(
    {"Identity", "StopGradient", "Cast", "Reshape", "ExpandDims", "Squeeze", "EnsureShape"}
)
"""Ops that hand on the numbers that they get."""


def limits(concrete: Any) -> dict[str, int]:
    """Return for each input that indexes a table the count of its rows.

    Parameters
    ----------
    concrete : ConcreteFunction

    Returns
    -------
    dict of str to int
        By the name that a signature gives the input; valid are 0 up to the count, exclusive. The
        least one where it indexes several.
    """
    names = tf_private.input_names(concrete)
    found = {}
    for name, tensor in zip(names, concrete.inputs, strict=False):
        rows = _rows(tensor, {id(tensor)})
        if rows:
            found[name] = min(rows)
    return found


def _rows(tensor: Any, seen: set[int]) -> list[int]:
    found = []
    for op in tensor.consumers():
        at = next(i for i, given in enumerate(op.inputs) if given is tensor)
        if (op.type in _UNCHANGED and at == 0) or (op.type == "SelectV2" and at):
            inner = [op.outputs[0]]
        elif op.type in ("ResourceGather", "GatherV2") and at == 1:
            found += _count(op)
            continue
        else:
            inner = tf_private.parameters_called(op, at)
        for one in inner:
            if id(one) not in seen:
                seen.add(id(one))
                found += _rows(one, seen)
    return found


def _count(gather: Any) -> list[int]:
    """Return the static size of the dimension that a gather op indexes, if there is one."""
    import tensorflow as tf

    table = gather.inputs[0]
    shape = tf_private.variable_shape(table) if gather.type == "ResourceGather" else table.shape
    axis = 0 if gather.type == "ResourceGather" else tf.get_static_value(gather.inputs[2])
    if shape is None or shape.rank is None or axis is None or gather.get_attr("batch_dims"):
        return []
    size = shape[int(axis)]
    return [size] if size else []
