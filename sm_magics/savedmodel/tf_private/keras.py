"""Of Keras 3 and of `tf_keras`."""

from __future__ import annotations

import sys
from typing import Any

from sm_magics.savedmodel.tf_private.trackables import is_trackable


def keras_collections(layer: Any) -> dict[str, Any]:
    """Return what a Keras layer holds beyond its checkpoint, as trackables, by name.

    The lists and dicts of layers of a Keras 3 layer, and in `tf_keras` the states of an RNN and the
    generators of random layers: Keras hands them to TensorFlow only for a SavedModel;
    `tf.train.Checkpoint` never sees them. Those that hold no trackable, which are most, are left
    out.
    """
    import tensorflow as tf

    found: dict[str, Any] = {}
    if getattr(layer, "stateful", False) and _is_tf_keras(layer) and hasattr(layer, "states"):
        found["states"] = tf.__internal__.tracking.wrap(tf.nest.flatten(layer.states))
    generator = getattr(layer, "_random_generator", None)
    if is_trackable(generator) and _is_tf_keras(layer):
        found["_random_generator"] = generator
    for name in dict.fromkeys(getattr(layer, "_tracked", ())):
        value = vars(layer).get(name)
        if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
            continue
        # To wrap a list takes longer than all else that is asked of a layer.
        if isinstance(value, _COLLECTIONS) and _holds_trackable(value):
            plain = dict(value) if isinstance(value, dict) else list(value)
            found[name] = tf.__internal__.tracking.wrap(plain)
    return found


_COLLECTIONS = (dict, list, set)
_NESTED = (dict, list, tuple)


def _holds_trackable(collection: Any) -> bool:
    """Tell whether there is a trackable in a collection, or in those that it holds."""
    from tensorflow.python.trackable.base import Trackable

    seen = {id(collection)}
    queue = [collection]
    while queue:
        one = queue.pop()
        elements = list(one.values() if isinstance(one, dict) else one)
        kinds = set(map(type, elements))  # of many elements
        if any(Trackable in kind.__mro__ for kind in kinds):
            return True
        if any(issubclass(kind, _NESTED) for kind in kinds):
            inner = {id(part): part for part in elements if isinstance(part, _NESTED)}
            queue += [part for key, part in inner.items() if key not in seen]
            seen |= inner.keys()
    return False


def global_seed() -> Any:
    """Return the variable that Keras 3 draws from where no seed is given; None if there is none."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    generator = module and module.get_global_attribute("global_seed_generator")
    return None if generator is None else raw_variable(generator.state)


def is_keras_object(obj: Any) -> bool:
    """Tell whether an object is of a Keras class: a layer, metric, seed; but no variable."""
    theirs = any(
        cls.__module__.startswith(("keras.src.", "tf_keras.")) for cls in type(obj).__mro__
    )
    return theirs and not is_keras_variable(obj)


def is_keras_variable(obj: Any) -> bool:
    """Tell whether an object is a Keras 3 variable, which wraps a tf.Variable."""
    known = keras_variable_class()
    return known is not None and issubclass(type(obj), known)


def keras_state(obj: Any) -> list[Any]:
    """Return the variables of a Keras 3 layer, metric or seed.

    None of a `tf_keras` object: TensorFlow tracks these as they are.
    """
    if _is_tf_keras(obj):
        return []
    if hasattr(obj, "variables"):
        return list(obj.variables)
    return [obj.state] if hasattr(obj, "state") else []


def layers(model: Any) -> list[Any]:
    """Return a Keras model's layers, those of its layers too."""
    return list(model._flatten_layers(include_self=False))  # noqa: SLF001


def save_spec(model: Any) -> tuple[list[Any], dict[str, Any], str] | None:
    """Return what the first call of a subclassed Keras model told about its inputs.

    Returns
    -------
    tuple of (list, dict, str) or None
        A structure of tf.TypeSpec per positional argument of `call`, and per argument that is
        known by its name, with the batch size still as called; what was no tensor is None. Then
        where the dtypes come from: ``"call"`` if recorded, ``"assumed"`` if they are the model's
        own. None if nothing is known.
    """
    import tensorflow as tf

    if type(model).__module__.startswith("tf_keras") or _is_tf_keras(model):
        recorded = model._saved_model_arg_spec  # noqa: SLF001
        # In mixed precision what was called with float32 is cast before it is recorded.
        source = "call" if model.compute_dtype == model.variable_dtype else "assumed"
        return (list(recorded[0]), dict(recorded[1]), source) if recorded else None
    shapes = model._build_shapes_dict  # noqa: SLF001
    if not shapes:
        return None

    def specs(structure: Any) -> Any:
        if structure is None:
            return None
        if isinstance(structure, dict):
            return {name: specs(inner) for name, inner in structure.items()}
        if all(size is None or isinstance(size, int) for size in structure):
            return tf.TensorSpec(tuple(structure), model.input_dtype)
        return [specs(inner) for inner in structure]

    known = {name.removesuffix("_shape"): specs(shape) for name, shape in shapes.items()}
    first, *rest = known
    return [known[first]], {name: known[name] for name in rest}, "assumed"


def input_is_inferred(model: Any) -> bool:
    """Tell whether Keras made the input of a Sequential model up, from the shape of a call."""
    if _is_tf_keras(model):
        tracked = list(model._self_tracked_trackables)  # noqa: SLF001
        return len(tracked) > 1 and bool(tracked[0].name == f"{tracked[1].name}_input")
    # An author's Input has a shape or no dtype.
    made = getattr(getattr(model._layers[0], "_auto_config", None), "config", {})  # noqa: SLF001
    return made.get("batch_shape") is not None and made.get("dtype") is not None


def _is_tf_keras(obj: Any) -> bool:
    return any(cls.__module__.startswith("tf_keras.") for cls in type(obj).__mro__)


def history_name(tensor: Any) -> str | None:
    """Return the name of the layer or operation that made a symbolic Keras tensor."""
    history = getattr(tensor, "_keras_history", None)
    if history is None:
        return None
    maker = getattr(history, "operation", None) or getattr(history, "layer", None)
    return None if maker is None else str(maker.name)


def raw_variable(variable: Any) -> Any:
    """Return the tf.Variable inside a Keras 3 variable; another variable is its own."""
    known = keras_variable_class()
    is_keras = known is not None and isinstance(variable, known)
    return variable._value if is_keras else variable  # noqa: SLF001


def keras_variable_class() -> type | None:
    """Return the class of Keras 3 variables; None if Keras is not imported."""
    module = sys.modules.get("keras.src.backend.common.variables")
    return None if module is None else module.Variable
