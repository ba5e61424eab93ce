"""The variables of a SavedModel, which are all that the fast writer stores in a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sm_magics.savedmodel.tf_private import assembly
from sm_magics.savedmodel.writing.refusal import UnknownError

if TYPE_CHECKING:
    from sm_magics.savedmodel.tf_private.assembly import View


class Value(NamedTuple):
    """A variable, the id of its node, and what a checkpoint calls its value."""

    variable: Any
    node_id: int
    key: str


def of_view(view: View) -> list[Value]:
    """Return the variables in the order of their ids.

    Raises
    ------
    UnknownError
        If there is other state: of distributed variables, tables, slots, Python.
    """
    if assembly.has_slot_variables(view):
        raise UnknownError("an optimizer of Keras 2 keeps slot variables")
    found = []
    for node_id, node in enumerate(view.nodes):
        if assembly.is_plain_variable(node):
            if node.dtype.base_dtype.name in ("variant", "resource"):
                raise UnknownError(f"the variable {node.name!r} holds a {node.dtype.name}")
            found.append(Value(node, node_id, assembly.checkpoint_key(view, node)))
        elif not assembly.keeps_nothing(node):
            raise UnknownError(f"{type(node).__name__} keeps its state in a way of its own")
    return found
