"""What is handed to TensorFlow as the root of a SavedModel.

A Keras 3 variable is a wrapper around a tf.Variable. `tf.saved_model.save` writes both: the
signature then reads one handle while the saver restores the other, and every loader that works
with graphs fails. `tf_keras` traces functions of every layer for a save, which takes longer than
the save. So objects that hold Keras objects are mirrored: plain nodes with the same names and the
raw variables as leaves. A checkpoint of the model restores from it as before, and the layers' own
functions, which nobody serves, cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures.functions import is_function
from sm_magics.savedmodel.survey import is_container

if TYPE_CHECKING:
    from sm_magics.savedmodel.survey import Node, Survey


@dataclass(frozen=True, slots=True)
class Root:
    """What TensorFlow gets, and what of the object it does not get.

    Attributes
    ----------
    node : Trackable
        Restorable with ``tf.train.Checkpoint(obj).restore(dir)`` once saved.
    optimizers : tuple of Optimizer
        Those that are exported.
    left_out : tuple of Optimizer
        Those that are not.
    """

    node: Any
    optimizers: tuple[Any, ...] = ()
    left_out: tuple[Any, ...] = ()


def of(survey: Survey) -> Root:
    """Return the object itself, or its mirror if it holds Keras objects.

    A mirror leaves out what the survey does.
    """
    _spread(survey.nodes)
    top = survey.nodes[id(survey.obj)]
    node = _build(survey) if top.mirrored or top.is_keras else survey.obj
    return Root(node, survey.optimizers, survey.left_out)


def _spread(nodes: dict[int, Node]) -> None:
    # What holds state, and what is mirrored, reaches up to every owner.
    owners: dict[int, list[int]] = {}
    for key, node in nodes.items():
        for child in node.children.values():
            owners.setdefault(child, []).append(key)
    for flag in ("has_state", "mirrored"):
        queue = [key for key, node in nodes.items() if getattr(node, flag)]
        while queue:
            for owner in owners.get(queue.pop(), ()):
                if not getattr(nodes[owner], flag):
                    setattr(nodes[owner], flag, True)
                    queue.append(owner)


def _build(survey: Survey) -> Any:
    nodes = survey.nodes
    variable_class = tf_private.keras_variable_class()
    mirrors: dict[int, Any] = {}
    inner = {
        child for node in nodes.values() if node.is_keras for child in node.children.values()
    } - {id(survey.obj)}

    def mirror(key: int) -> Any:
        node = nodes[key]
        if key not in mirrors:
            if variable_class is not None and isinstance(node.obj, variable_class):
                mirrors[key] = tf_private.raw_variable(node.obj)
            elif node.mirrored or node.is_keras:
                mirrors[key] = _empty(node, nodes)
                if key not in inner and node.is_keras:
                    _list_variables(node.obj, mirrors[key])
                queue.append(key)
            else:
                mirrors[key] = node.obj
        return mirrors[key]

    queue: list[int] = []
    top = mirror(id(survey.obj))
    while queue:
        key = queue.pop()
        for name, function in survey.carried(nodes[key].obj).items():
            setattr(mirrors[key], name, function)
        for name, child in nodes[key].children.items():
            obj = nodes[child].obj
            if nodes[child].has_state and (not is_function(obj) or survey.is_written(obj)):
                _attach(mirrors[key], name, mirror(child))
    return top


def _empty(node: Node, nodes: dict[int, Node]) -> Any:
    whole = not node.partial and all(nodes[key].has_state for key in node.children.values())
    # Without one of its elements a list would number the others anew.
    keeps = is_container(node.obj) and (whole or isinstance(node.obj, dict))
    container = tf_private.new_container(node.obj) if keeps else None
    return tf_private.new_node() if container is None else container


def _attach(mirror: Any, name: str, child: Any) -> None:
    if isinstance(mirror, list):
        mirror.append(child)  # children come in order
    elif isinstance(mirror, dict):
        mirror[name] = child
    else:
        tf_private.track(mirror, name, child)


def _list_variables(obj: Any, mirror: Any) -> None:
    # As `keras.Model.export` names them: for fine-tuning, and for state that Keras alone tracks,
    # such as seeds.
    if hasattr(obj, "trainable_variables"):
        mirror.variables = [tf_private.raw_variable(v) for v in obj.variables]
        mirror.trainable_variables = [tf_private.raw_variable(v) for v in obj.trainable_variables]
