"""What a written call gets besides a client's inputs, against what the live function captured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.verify.structure import restored, values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sm_magics.savedmodel.inspection import bundle


@dataclass(slots=True)
class Followed:
    """How far the captures of a function can be followed into what was written.

    Attributes
    ----------
    variables : list of (str, handle, str)
        A variable's name in the graph, its live handle, and its key in the checkpoint.
    constants : int
        How many captured constants were compared.
    left_out : list of str
        Why something can't be compared, a word or two for each.
    reason : str
        What is wrong, if something is.
    """

    variables: list[tuple[str, Any, str]] = field(default_factory=list)
    constants: int = 0
    left_out: list[str] = field(default_factory=list)
    reason: str = ""


def follow(
    captured: Sequence[Any],
    given: Sequence[str],
    main: Mapping[str, Any],
    table: restored.Restored,
    entries: Mapping[str, bundle.Entry],
) -> Followed:
    """Follow each capture: node of the main graph, restore op, key of the checkpoint.

    Parameters
    ----------
    captured : sequence of tensor
        What the live function captured.
    given : sequence of str
        What the written one gets for it.
    main : mapping
        Nodes of the main graph by name.
    table : Restored
    entries : mapping of str to Entry
        The index of the checkpoint.
    """
    found = Followed()
    for tensor, name in zip(captured, given, strict=True):
        node = main.get(name)
        if node is None:
            found.reason = f"it gets {name!r}, which is not there"
        elif tensor.dtype.name == "resource":
            _variable(tensor, node, table, entries, found)
        else:
            _constant(tensor, node, found)
        if found.reason:
            break
    return found


def _variable(
    handle: Any,
    node: Any,
    table: restored.Restored,
    entries: Mapping[str, bundle.Entry],
    found: Followed,
) -> None:
    resource = restored.resource(node)
    dtype = tf_private.variable_dtype(handle)
    if dtype is None or resource is None:
        found.left_out.append("a table" if dtype is None else "no plain variable")
    elif table.missing:
        found.left_out.append(f"a variable, as {table.missing}")
    elif dtype.name == "string":
        found.left_out.append("strings")
    elif len(keys := table.keys.get(resource, [])) != 1:
        found.reason = (
            f"it reads the variable {node.name!r}, into which the saver restores "
            + (f"{' and '.join(keys)}" if keys else "nothing")
            + ", so that a TF 1 session or a model server can't run it"
        )
    elif keys[0] not in entries:
        found.reason = f"its variable {node.name!r} is restored from {keys[0]!r}, which is missing"
    elif values.is_plain(entries[keys[0]]):
        found.variables.append((node.name, handle, keys[0]))
    else:
        found.left_out.append("a variable in slices")


def _constant(tensor: Any, node: Any, found: Followed) -> None:
    import numpy as np
    import tensorflow as tf

    if node.op != "Const" or tensor.dtype.name in ("string", "variant"):
        # The path of an asset is another one in the export.
        found.left_out.append("a string" if node.op == "Const" else node.op)
        return
    ours = tensor.numpy()
    theirs = tf.make_ndarray(node.attr["value"].tensor)
    if ours.tobytes() != np.asarray(theirs, ours.dtype).tobytes() or ours.shape != theirs.shape:
        found.reason = f"the constant {node.name!r} that it gets is not the one that was captured"
        return
    found.constants += 1
