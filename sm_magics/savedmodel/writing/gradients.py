"""The gradient functions of `tf.custom_gradient`, without which a loaded model can't be trained.

As TensorFlow traces them (`saved_model/save.py`), but for how the owner of a captured tensor is
found: TensorFlow compares the tensor with each capture of the function, here it is looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.tf_private import assembly
from sm_magics.savedmodel.writing.refusal import UnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_magics.savedmodel.tf_private.assembly import View


def add(graph: Any, view: View) -> list[Any]:
    """Trace the gradient of every op that has one of its author's, and add it to the graph.

    Parameters
    ----------
    graph : tf.Graph
        Has the functions of the export.
    view : View
        Learns what the gradients capture.

    Returns
    -------
    list of RegisteredGradient

    Raises
    ------
    UnknownError
        If a gradient can't be traced, or captures what is not known here; TensorFlow says why.
    """
    functions = assembly.library(graph)
    owners = {id(function.graph): function for function in functions}
    found = []
    seen: set[bytes] = set()
    for function in functions:
        for kind, operation in _called(function):
            if kind in seen:
                continue
            seen.add(kind)
            gradient = _traced(kind, operation)
            if gradient is None:
                continue
            for capture in gradient.captured_inputs:
                _note(capture, function, owners, view)
            assembly.add_gradient(view, graph, gradient)
            owners[id(gradient.graph)] = gradient
            found.append(assembly.registered_gradient(kind, gradient))
    return found


def _called(function: Any) -> Iterator[tuple[bytes, Any]]:
    """Yield the name of each custom gradient in a function, with an op that has it."""
    for node in function.cached_definition.node_def:
        # To read an attribute that is not there would add it.
        if assembly.GRADIENT_ATTRIBUTE in node.attr:
            yield (
                node.attr[assembly.GRADIENT_ATTRIBUTE].s,
                function.graph.get_operation_by_name(node.name),
            )


def _traced(kind: bytes, operation: Any) -> Any:
    """Return the gradient of an op, traced; None if it is of a graph that is gone."""
    import tensorflow as tf

    gradient = assembly.gradient(kind)
    if gradient is None:
        return None
    try:
        return tf.function(gradient).get_concrete_function(None, *operation.inputs)
    except Exception as error:
        raise UnknownError("the gradient of a tf.custom_gradient can't be traced") from error


def _note(capture: Any, function: Any, owners: dict[int, Any], view: View) -> None:
    """Tell the view what a tensor is that a gradient captures: a constant, or of a function."""
    if not assembly.is_copiable(capture):
        return
    owner, outer = _outermost(function, capture, owners)
    if owner is None or assembly.is_eager(outer):
        if not assembly.alias_capture(view, capture, outer):
            raise UnknownError("a gradient captures what the export does not hold")
    elif outer.graph is owner.graph:
        assembly.add_captured_tensor(view, capture, _written_name(owner, outer), owner.name)
    else:
        raise UnknownError("a gradient captures a tensor of no function that is written")


def _outermost(function: Any, capture: Any, owners: dict[int, Any]) -> tuple[Any, Any]:
    """Return the function that a captured tensor comes from, and what it is called there."""
    owner = function
    while owner is not None and not assembly.is_eager(capture):
        if capture.graph is owner.graph:
            outside = assembly.captured_from(owner.graph, capture)
            if outside is None:
                break
            capture = outside
        owner = owners.get(id(owner.graph.outer_graph))
    return owner, capture


def _written_name(owner: Any, tensor: Any) -> str:
    """Return what a tensor of a function is called in its FunctionDef."""
    for argument, given in zip(
        owner.cached_definition.signature.input_arg, owner.graph.inputs, strict=False
    ):
        if given is tensor:
            return f"{argument.name}:0"
    return str(tensor.name)
