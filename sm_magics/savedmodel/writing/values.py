"""The variables of a SavedModel, which are all that the fast writer stores in a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sm_magics.savedmodel.tf_private import assembly
from sm_magics.savedmodel.writing.refusal import UnknownError, refuse_nodes

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
    refuse_nodes(view.nodes)
    return [
        Value(node, node_id, assembly.checkpoint_key(view, node))
        for node_id, node in enumerate(view.nodes)
        if assembly.is_plain_variable(node)
    ]
