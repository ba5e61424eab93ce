"""How TensorFlow's own objects are read: tensors, variables, functions, what wraps containers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.unchanged.identity import number_of
from sm_magics.savedmodel.unchanged.walk import flat_dict, sequence

if TYPE_CHECKING:
    from sm_magics.savedmodel.unchanged.walk import Reader, Row, Shorthand, Walk


def readers() -> dict[int, Reader]:
    """Return the readers by the id of the class, of the classes that are there."""
    return {
        id(cls): reader
        for (module, name), reader in _READERS.items()
        if (cls := getattr(sys.modules.get(module), name, None)) is not None
    }


def shorthand() -> dict[int, Shorthand]:
    """Return what writes objects into their owners' rows, by the id of the class."""
    return {
        id(cls): write
        for (module, name), write in _SHORTHAND.items()
        if (cls := getattr(sys.modules.get(module), name, None)) is not None
    }


def lists() -> frozenset[int]:
    """Return the ids of Keras's classes of lists and sets: beside elements, they hold no state."""
    module = sys.modules.get("keras.src.utils.tracking")
    return frozenset({id(module.TrackedList), id(module.TrackedSet)}) if module else frozenset()


def _tensor(tensor: Any) -> tuple[int] | None:
    return (number_of(tensor),) if tf_private.is_bare_tensor(tensor) else None


def _variable(variable: Any) -> tuple[Any, ...] | None:
    handle, trainable, device, unknown = tf_private.variable_facts(variable)
    return None if unknown else (number_of(variable), number_of(handle), trainable, device)


def _read_variable(walk: Walk, number: int, _: Any) -> Row:
    raise walk.refuse(number, "is distributed, or has attributes of the author's")


def _read_tensor(walk: Walk, number: int, _: Any) -> Row:
    raise walk.refuse(number, "is a tensor that has attributes of the author's")


def _read_concrete(walk: Walk, number: int, concrete: Any) -> Row:
    return walk.row(
        number,
        "trace",
        ("trace", "captured"),
        (number_of(concrete), tf_private.captured(concrete)),
    )


def _read_list(walk: Walk, number: int, obj: Any) -> Row:
    return sequence(walk, number, list(vars(obj)["_storage"]))


def _read_proxy(walk: Walk, number: int, obj: Any) -> Row:
    wrapped = object.__getattribute__(obj, "__wrapped__")
    return walk.row(number, "items", range(1), (wrapped,))


def _read_tracked(walk: Walk, number: int, obj: Any) -> Row:
    # Keras's lists, dicts and sets: beside their elements they hold only who tracks them.
    if isinstance(obj, dict):
        return walk.row(number, "items", range(1), (dict(dict.items(obj)),))
    return sequence(walk, number, list(obj))


def _read_dtype(_walk: Walk, _: int, dtype: Any) -> Row:
    return ("value", ("value",), (str,), (dtype.name,))


_STRUCTURES = "tensorflow.python.trackable.data_structures"
_FUNCTIONS = "tensorflow.python.eager.polymorphic_function"
_READERS: dict[tuple[str, str], Reader] = {
    ("tensorflow.python.ops.resource_variable_ops", "ResourceVariable"): _read_variable,
    (f"{_FUNCTIONS}.polymorphic_function", "UnliftedInitializerVariable"): _read_variable,
    ("tensorflow.python.framework.ops", "EagerTensor"): _read_tensor,
    ("tensorflow.python.framework.ops", "SymbolicTensor"): _read_tensor,
    (f"{_FUNCTIONS}.concrete_function", "ConcreteFunction"): _read_concrete,
    ("keras.src.utils.tracking", "TrackedList"): _read_tracked,
    ("keras.src.utils.tracking", "TrackedSet"): _read_tracked,
    ("keras.src.utils.tracking", "TrackedDict"): _read_tracked,
    ("tensorflow.python.saved_model.load", "_WrapperFunction"): _read_concrete,
    (_STRUCTURES, "ListWrapper"): _read_list,
    (_STRUCTURES, "_DictWrapper"): _read_proxy,
    (_STRUCTURES, "_TupleWrapper"): _read_proxy,
    ("tensorflow.python.framework.dtypes", "DType"): _read_dtype,
}
_SHORTHAND: dict[tuple[str, str], Shorthand] = {
    ("tensorflow.python.framework.ops", "EagerTensor"): _tensor,
    ("tensorflow.python.framework.ops", "SymbolicTensor"): _tensor,
    ("tensorflow.python.ops.resource_variable_ops", "ResourceVariable"): _variable,
    (f"{_FUNCTIONS}.polymorphic_function", "UnliftedInitializerVariable"): _variable,
    ("keras.src.utils.tracking", "TrackedDict"): flat_dict,
}
