"""A walk over the trackables below an object: what of it goes into a SavedModel, and what does not.

It decides on the root (`roots.py`). What decides is also told in plain values, so that the next
export can show that it would come to the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures.functions import (
    Finder,
    is_concrete,
    is_function,
    written_traces,
)
from sm_magics.savedmodel.unchanged.identity import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Facts = list[tuple[Any, ...]]


@dataclass(slots=True)
class Node:
    """One of the trackables.

    Attributes
    ----------
    obj : Trackable
    children : dict of str to int
        The keys of the nodes below that go with it, by name.
    is_keras : bool
        Whether its class is one of Keras, or derives from one.
    has_state : bool
        Whether there is state in it; of what is below it, nothing is said yet.
    mirrored : bool
        Whether something else must stand for it: it is Keras's, or something is left out there.
    partial : bool
        Whether something is left out there.
    """

    obj: Any
    children: dict[str, int] = field(default_factory=dict)
    is_keras: bool = False
    has_state: bool = False
    mirrored: bool = False
    partial: bool = False


class Survey:
    """What is found below an object.

    Optimizers are left out, and the tf.functions that train with them, unless one of these is
    served.

    Parameters
    ----------
    obj : Trackable
        The root of the export.
    served : sequence of ConcreteFunction
        What the signatures run.
    with_optimizer : bool
        Keep optimizers all the same.

    Attributes
    ----------
    nodes : dict of int to Node
        By the id of their object, the root first.
    optimizers, left_out : tuple of Optimizer
        Those that are exported, and those that are not.
    """

    def __init__(
        self, obj: Any, served: Sequence[Any] = (), *, with_optimizer: bool = False
    ) -> None:
        self.obj = obj
        self._own = Finder().own
        choice = _Optimizers(_captured(served), keep=with_optimizer)
        self.nodes = _collect(obj, choice)
        self._handles_left_out = choice.handles_left_out
        self.optimizers, self.left_out = tuple(choice.kept), tuple(choice.left_out)
        if choice.left_out:
            self._leave_out_training()

    def carried(self, obj: Any) -> dict[str, Any]:
        """Return an object's own tf.functions that can be written, by name."""
        own = self._own(obj).items()
        return {name: function for name, function in own if self.is_written(function)}

    def is_written(self, function: Any) -> bool:
        """Tell whether a function can be written, and uses nothing that is left out."""
        found = written_traces(function)
        if self._handles_left_out and _captured(found) & self._handles_left_out:
            return False
        # Nobody could write it; what is served of it has a function of its own.
        return not any(map(tf_private.encoding_error, found))

    def facts(self) -> Facts | None:
        """Return all that decides on the root, in the order of the walk, to compare with another.

        They are plain values that keep nothing alive; None where they can't be had, since nothing
        can refer weakly to one of the objects.
        """
        places = {key: place for place, key in enumerate(self.nodes)}
        try:
            return [self._row(node, places) for node in self.nodes.values()]
        except TypeError:
            return None

    def _row(self, node: Node, places: dict[int, int]) -> tuple[Any, ...]:
        obj = node.obj
        functions = {"": obj} if is_function(obj) else self._own(obj)
        return (
            # Lists of Keras are wrapped anew by each walk: they are the same if they hold the same.
            type(obj) if tf_private.is_made_node(obj) else number_of(tf_private.raw_variable(obj)),
            node.partial and not node.is_keras,  # of Keras's own it decides on nothing
            tuple(node.children),
            tuple(places[key] for key in node.children.values()),
            tuple((name, *self._told(function)) for name, function in functions.items()),
        )

    def _told(self, function: Any) -> tuple[Any, ...]:
        """Return what decides on whether a function is written; it is not traced for that."""
        found = [function] if is_concrete(function) else tf_private.traces(function)
        trains = not self._handles_left_out.isdisjoint(_captured(found))
        return (trains, *map(number_of, found))

    def _leave_out_training(self) -> None:
        """Drop the tf.functions that use what is left out."""
        for node in self.nodes.values():
            # What Keras makes is many, and none of it has tf.functions of its own to look for.
            if not _is_frameworks(type(node.obj)) and len(self.carried(node.obj)) < len(
                self._own(node.obj)
            ):
                node.mirrored = True
            for name, key in list(node.children.items()):
                function = self.nodes[key].obj
                if (
                    is_function(function)
                    and _captured(written_traces(function)) & self._handles_left_out
                ):
                    del node.children[name]
                    node.partial = node.mirrored = True


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


class _Told(dict[type, bool]):
    """What a class alone tells of its objects: a walk meets many objects of few classes."""

    def __init__(self, tell: Callable[[type], bool]) -> None:
        super().__init__()
        self._tell = tell

    def __missing__(self, cls: type) -> bool:
        self[cls] = told = self._tell(cls)
        return told


def _collect(root: Any, optimizers: _Optimizers) -> dict[int, Node]:
    variable_class = tf_private.keras_variable_class()
    keras, optimizer = _Told(_is_keras), _Told(_is_optimizer)
    nodes: dict[int, Node] = {}
    queue = [root]
    while queue:
        obj = queue.pop()
        if id(obj) in nodes:
            continue
        is_keras = keras[type(obj)]
        node = nodes[id(obj)] = Node(obj, is_keras=is_keras)
        if variable_class is not None and isinstance(obj, variable_class):
            node.has_state = node.mirrored = True
            continue
        children = tf_private.checkpoint_children(obj)
        if is_keras:
            node.mirrored = True
            children |= tf_private.keras_collections(obj)
        for name, child in children.items():
            if optimizer[type(child)] and optimizers.leaves_out(child):
                node.partial = node.mirrored = True
            else:
                node.children[name] = id(child)
                queue.append(child)
        node.has_state = not node.children and not is_keras and not is_container(obj)
    return nodes


def _handles(optimizer: Any) -> set[int]:
    variables = optimizer.variables
    variables = variables() if callable(variables) else variables
    raw = [tf_private.raw_variable(variable) for variable in variables]
    return {id(handle) for variable in raw for handle in tf_private.handles(variable)}


def _captured(concretes: Iterable[Any]) -> set[int]:
    return {id(tensor) for concrete in concretes for tensor in concrete.captured_inputs}


_KERAS = ("keras.src.", "tf_keras.")


def _is_frameworks(cls: type) -> bool:
    return cls.__module__.startswith((*_KERAS, "tensorflow."))


def _is_keras(cls: type) -> bool:
    return any(base.__module__.startswith(_KERAS) for base in cls.__mro__)


def is_optimizer(obj: Any) -> bool:
    """Tell whether an object is an optimizer of Keras 3 or `tf_keras`."""
    return _is_optimizer(type(obj))


def _is_optimizer(cls: type) -> bool:
    # Its slots are of no use to whoever serves the model, and weigh twice what the model does.
    return any(
        base.__name__ in ("BaseOptimizer", "_BaseOptimizer", "OptimizerV2")
        and base.__module__.startswith(_KERAS)
        for base in cls.__mro__
    )


def is_container(obj: Any) -> bool:
    """Tell whether an object is a list, dict or tuple that TensorFlow wrapped."""
    return type(obj).__module__ == "tensorflow.python.trackable.data_structures"
