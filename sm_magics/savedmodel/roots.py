"""What is handed to TensorFlow as the root of a SavedModel.

A Keras 3 variable is a wrapper around a tf.Variable. `tf.saved_model.save` writes both: the
signature then reads one handle while the saver restores the other, and every loader that works
with graphs fails. `tf_keras` traces functions of every layer for a save, which takes longer than
the save. So objects that hold Keras objects are mirrored: plain nodes with the same names and the
raw variables as leaves. A checkpoint of the model restores from it as before, and the layers' own
functions, which nobody serves, cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures.functions import is_concrete, is_function, own_functions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass
class _Node:
    obj: Any
    children: dict[str, int] = field(default_factory=dict)
    has_state: bool = False
    # Whether it must be mirrored: it has Keras variables below it, or something is left out there.
    mirrored: bool = False
    partial: bool = False


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


def servable(obj: Any, served: Sequence[Any] = (), *, with_optimizer: bool = False) -> Root:
    """Return the object itself, or its mirror if it holds Keras objects that are.

    A mirror leaves optimizers out, and the tf.functions that train with them, unless one of these
    is served.

    Parameters
    ----------
    obj : Trackable
        The root of the export.
    served : sequence of ConcreteFunction
        What the signatures run.
    with_optimizer : bool
        Keep optimizers all the same.
    """
    optimizers = _Optimizers(_captured(served), keep=with_optimizer)
    nodes = _collect(obj, optimizers)
    if optimizers.left_out:
        _leave_out_training(nodes, optimizers.handles_left_out)
    _spread(nodes)
    whole = not (nodes[id(obj)].mirrored or _is_keras(obj))
    node = obj if whole else _build(obj, nodes, optimizers.handles_left_out)
    return Root(node, tuple(optimizers.kept), tuple(optimizers.left_out))


@dataclass
class _Optimizers:
    """Which optimizers are exported; `used` holds the ids of the handles that signatures read."""

    used: set[int]
    keep: bool
    kept: list[Any] = field(default_factory=list)
    left_out: list[Any] = field(default_factory=list)
    handles_left_out: set[int] = field(default_factory=set)

    def leaves_out(self, optimizer: Any) -> bool:
        handles = _handles(optimizer)
        if not handles or self.keep or handles & self.used:
            self.kept += [optimizer] if handles and not _holds(self.kept, optimizer) else []
            return False
        self.left_out += [] if _holds(self.left_out, optimizer) else [optimizer]
        self.handles_left_out |= handles
        return True


def _holds(found: Iterable[Any], one: Any) -> bool:
    return any(other is one for other in found)


def _collect(root: Any, optimizers: _Optimizers) -> dict[int, _Node]:
    variable_class = tf_private.keras_variable_class()
    nodes: dict[int, _Node] = {}
    queue = [root]
    while queue:
        obj = queue.pop()
        if id(obj) in nodes:
            continue
        node = nodes[id(obj)] = _Node(obj)
        if variable_class is not None and isinstance(obj, variable_class):
            node.has_state = node.mirrored = True
            continue
        children = tf_private.checkpoint_children(obj)
        if _is_keras(obj):
            node.mirrored = True
            children |= tf_private.keras_collections(obj)
        for name, child in children.items():
            if is_optimizer(child) and optimizers.leaves_out(child):
                node.partial = node.mirrored = True
            else:
                node.children[name] = id(child)
                queue.append(child)
        node.has_state = not node.children and not _is_keras(obj) and not _is_container(obj)
    return nodes


def _leave_out_training(nodes: dict[int, _Node], left_out: set[int]) -> None:
    """Drop the tf.functions that use what is left out."""
    for node in nodes.values():
        if _is_authors(node.obj) and len(_carried(node.obj, left_out)) < len(
            own_functions(node.obj)
        ):
            node.mirrored = True
        for name, key in list(node.children.items()):
            function = nodes[key].obj
            if is_function(function) and _captured(_traces(function)) & left_out:
                del node.children[name]
                node.partial = node.mirrored = True


def _spread(nodes: dict[int, _Node]) -> None:
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


def _handles(optimizer: Any) -> set[int]:
    variables = optimizer.variables
    variables = variables() if callable(variables) else variables
    raw = [tf_private.raw_variable(variable) for variable in variables]
    return {id(handle) for variable in raw for handle in tf_private.handles(variable)}


def _captured(concretes: Iterable[Any]) -> set[int]:
    return {id(tensor) for concrete in concretes for tensor in concrete.captured_inputs}


def _traces(function: Any) -> list[Any]:
    """Return the traces of a tf.function that TensorFlow will save."""
    if is_concrete(function):
        return [function]
    if function.input_signature is not None:
        function.get_concrete_function()
    return tf_private.traces(function)


def _build(root: Any, nodes: dict[int, _Node], left_out: set[int]) -> Any:
    variable_class = tf_private.keras_variable_class()
    mirrors: dict[int, Any] = {}
    inner = {
        child for node in nodes.values() if _is_keras(node.obj) for child in node.children.values()
    } - {id(root)}

    def mirror(key: int) -> Any:
        node = nodes[key]
        if key not in mirrors:
            if variable_class is not None and isinstance(node.obj, variable_class):
                mirrors[key] = tf_private.raw_variable(node.obj)
            elif node.mirrored or _is_keras(node.obj):
                mirrors[key] = _empty(node, nodes)
                if key not in inner:
                    _list_variables(node.obj, mirrors[key])
                queue.append(key)
            else:
                mirrors[key] = node.obj
        return mirrors[key]

    queue: list[int] = []
    top = mirror(id(root))
    while queue:
        key = queue.pop()
        for name, function in _carried(nodes[key].obj, left_out).items():
            setattr(mirrors[key], name, function)
        for name, child in nodes[key].children.items():
            obj = nodes[child].obj
            if nodes[child].has_state and (not is_function(obj) or _is_written(obj, left_out)):
                _attach(mirrors[key], name, mirror(child))
    return top


def _carried(obj: Any, left_out: set[int]) -> dict[str, Any]:
    return {
        name: function
        for name, function in own_functions(obj).items()
        if _is_written(function, left_out)
    }


def _is_written(function: Any, left_out: set[int]) -> bool:
    """Tell whether a function can be written, and uses nothing that is left out."""
    traces = _traces(function)
    if left_out and _captured(traces) & left_out:
        return False
    # Nobody could write it; what is served of it has a function of its own.
    return not any(map(tf_private.encoding_error, traces))


def _empty(node: _Node, nodes: dict[int, _Node]) -> Any:
    whole = not node.partial and all(nodes[key].has_state for key in node.children.values())
    # Without one of its elements a list would number the others anew.
    keeps = _is_container(node.obj) and (whole or isinstance(node.obj, dict))
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
    if _is_keras(obj) and hasattr(obj, "trainable_variables"):
        mirror.variables = [tf_private.raw_variable(v) for v in obj.variables]
        mirror.trainable_variables = [tf_private.raw_variable(v) for v in obj.trainable_variables]


_KERAS = ("keras.src.", "tf_keras.")


def _is_authors(obj: Any) -> bool:
    # What Keras makes is many, and none of it has tf.functions of its own to look for.
    return not type(obj).__module__.startswith((*_KERAS, "tensorflow."))


def _is_keras(obj: Any) -> bool:
    return any(cls.__module__.startswith(_KERAS) for cls in type(obj).__mro__)


def is_optimizer(obj: Any) -> bool:
    """Tell whether an object is an optimizer of Keras 3 or `tf_keras`."""
    # Its slots are of no use to whoever serves the model, and weigh twice what the model does.
    return any(
        cls.__name__ in ("BaseOptimizer", "_BaseOptimizer", "OptimizerV2")
        and cls.__module__.startswith(_KERAS)
        for cls in type(obj).__mro__
    )


def _is_container(obj: Any) -> bool:
    return type(obj).__module__ == "tensorflow.python.trackable.data_structures"
