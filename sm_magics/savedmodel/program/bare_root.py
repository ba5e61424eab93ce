"""The lines that make the root of a program's export, where it can't be the author's object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.program.expressions import NoProgramError
from sm_magics.savedmodel.program.text import bracketed
from sm_magics.savedmodel.signatures import functions, keras_models
from sm_magics.savedmodel.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

_UNREACHABLE = (
    "a signature reads variables or tables that no attribute of the {} leads to, so a program "
    "could not save them; assign them to attributes"
)


def is_needed(obj: Any) -> bool:
    """Tell whether TensorFlow can't write an object as it is.

    It takes no bare function, and it can't write Keras 3 variables (decision 001).
    """
    import tensorflow as tf

    if functions.is_function(obj):
        return True
    variable = tf_private.keras_variable_class()
    return any(
        (variable is not None and isinstance(part, variable))
        or any(cls.__module__.startswith("keras.src.") for cls in type(part).__mro__)
        for part in tf.train.TrackableView(obj).descendants()
    )


def lines(
    root: str,
    request: Request,
    endpoints: Sequence[Endpoint],
    signatures: Mapping[str, str],
    name: str,
) -> list[str]:
    """Return the lines that make `root` of the object that is called `name`.

    Raises
    ------
    NoProgramError
        If a signature reads something that no expression leads to.
    """
    if functions.is_function(request.obj):
        return _of_function(root, request.obj, endpoints, signatures, name)
    made = [
        f"{root} = tf.Module()",
        "# Keras's own variables are wrappers, which graph-mode loaders can't read.",
    ]
    if keras_models.is_model(request.obj):
        made.append(f"{root}.weights = [v.value for v in {name}.variables]")
        kept = {id(variable.value.handle) for variable in request.obj.variables}
    else:
        made.append(_weights(root, endpoints, signatures))
        kept = _variables(endpoints)
    if request.with_optimizer:
        made += _optimizers(root, request.obj, endpoints, name)
    made += _what_keras_does_not_list(root, request.obj, _captured(endpoints) - kept, name)
    if signatures:
        made.append(f"{root}.serve = {next(iter(signatures.values()))}")
    return made


def _of_function(
    root: str,
    function: Any,
    endpoints: Sequence[Endpoint],
    signatures: Mapping[str, str],
    name: str,
) -> list[str]:
    made = [f"{root} = tf.Module()", f"{root}.function = {name}"]
    if _captured(endpoints) - _variables(endpoints):
        raise NoProgramError(
            "the function reads a lookup table, which a program can't reach through it; export a "
            "tf.Module that has the table and the function as attributes"
        )
    if functions.is_concrete(function):
        return [*made, f"{root}.weights = list({name}.variables)"]
    return [*made, _weights(root, endpoints, signatures)]


def _weights(root: str, endpoints: Sequence[Endpoint], signatures: Mapping[str, str]) -> str:
    parts = [
        f"list({served}.variables)"
        if functions.is_concrete(endpoint.function)
        else f"list({served}.get_concrete_function().variables)"
        for endpoint, served in zip(endpoints, signatures.values(), strict=True)
    ]
    if len(parts) == 1:
        return f"{root}.weights = {parts[0]}"
    return bracketed(f"{root}.weights = [", parts, "]")


def _optimizers(root: str, obj: Any, endpoints: Sequence[Endpoint], name: str) -> Iterator[str]:
    served = [endpoint.concrete for endpoint in endpoints]
    kept = Survey(obj, served, with_optimizer=True).optimizers
    for index, optimizer in enumerate(kept):
        found = _attribute(obj, optimizer, name)
        if found is None:
            raise NoProgramError(
                f"no attribute of the object leads to its optimizer {type(optimizer).__name__}; "
                "assign it to one, or leave --with-optimizer (with_optimizer=True) out"
            )
        attribute = f"optimizer_{index}" if index else "optimizer"
        yield f"{root}.{attribute} = [v.value for v in {found}.variables]"


def _attribute(obj: Any, optimizer: Any, name: str) -> str | None:
    if getattr(obj, "optimizer", None) is optimizer:
        return f"{name}.optimizer"
    for attribute, value in tf_private.checkpoint_children(obj).items():
        if attribute.isidentifier() and getattr(obj, attribute, None) is value:
            if value is optimizer:
                return f"{name}.{attribute}"
            if getattr(value, "optimizer", None) is optimizer:
                return f"{name}.{attribute}.optimizer"
    return None


def _what_keras_does_not_list(root: str, obj: Any, missing: set[int], name: str) -> Iterator[str]:
    """Yield the lines for tables, variables of the author's own, and the states of RNNs."""
    import tensorflow as tf

    resources = tf.saved_model.experimental.TrackableResource
    parts = list(tf.train.TrackableView(obj).descendants())
    own = {id(part.handle) for part in parts if isinstance(part, tf.Variable)}
    own |= {id(part.resource_handle) for part in parts if isinstance(part, resources)}
    states = {
        id(state.value.handle)
        for part in parts
        if getattr(part, "stateful", False) is True
        for state in tf.nest.flatten(getattr(part, "states", None))
        if hasattr(state, "value")
    }
    if missing - own - states:
        raise NoProgramError(_UNREACHABLE.format("model"))
    if missing & own:
        yield "# Lookup tables, and variables that Keras does not know."
        yield f"{root}.resources = ["
        yield "    part"
        yield f"    for part in tf.train.TrackableView({name}).descendants()"
        kinds = "(tf.Variable, tf.saved_model.experimental.TrackableResource)"
        yield f"    if isinstance(part, {kinds})"
        yield "]"
    if missing & states:
        yield "# The states of recurrent layers, which are no variables of the model to Keras."
        yield f"{root}.states = ["
        yield "    state.value"
        yield f"    for part in tf.train.TrackableView({name}).descendants()"
        yield '    if getattr(part, "stateful", False)'
        yield "    for state in tf.nest.flatten(part.states)"
        yield "]"


def _captured(endpoints: Sequence[Endpoint]) -> set[int]:
    import tensorflow as tf

    return {
        id(tensor)
        for endpoint in endpoints
        for tensor in endpoint.concrete.captured_inputs
        if tensor.dtype == tf.resource
    }


def _variables(endpoints: Sequence[Endpoint]) -> set[int]:
    return {id(v.handle) for endpoint in endpoints for v in endpoint.concrete.variables}
