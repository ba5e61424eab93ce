"""What a tf.function of a program takes, whole, and how it hands that on."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.program.expressions import NoProgramError
from sm_magics.savedmodel.signatures import functions, keras_models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sm_magics.savedmodel.signatures import Spec
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

    Arguments = Callable[[Mapping[str, Any]], tuple[list[Any], dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a tf.function that stands for a signature.

    Attributes
    ----------
    specs : dict of str to tf.TypeSpec
        By name, in order; a ragged or sparse one is whole.
    arguments : callable
        Values by these names -> the positional and keyword arguments of what is called.
    """

    specs: Mapping[str, Any]
    arguments: Arguments


def of(endpoint: Endpoint, target: Any, given: Sequence[Spec] | None) -> Parameters:
    """Return the parameters of a signature that calls `target`.

    Parameters
    ----------
    endpoint : Endpoint
        The signature, made for the specs given or the forward pass of a Keras model; or one whose
        nested outputs were flattened.
    target : tf.function, ConcreteFunction or Keras model
        What it calls.
    given : sequence of Spec or None
        The inputs that the author spelled out, if so.
    """
    if functions.is_function(target) and not given:
        return _of_trace(
            target if functions.is_concrete(target) else target.get_concrete_function()
        )
    specs = _declared(endpoint.function)
    if functions.is_function(target):
        return Parameters(specs, lambda feeds: _to_function(target, feeds))
    taken = keras_models.given(target, tuple(given)) if given else keras_models.known(target)
    training = {"training": False} if keras_models.takes_training(target) else {}

    def arguments(feeds: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        args, kwargs = taken.arguments(feeds)
        return args, kwargs | training

    return Parameters(specs, arguments)


def check_names(parameters: Parameters, concrete: Any, endpoint: Endpoint) -> None:
    """Refuse a signature whose inputs a program would name in another way.

    `concrete` is a trace with these parameters. Only a named tensor keeps its name whatever the
    parameter is called; the parts of a ragged one are numbered after it.

    Raises
    ------
    NoProgramError
    """
    written = tf_private.input_names(concrete)
    if written != [spec.name for spec in endpoint.signature.inputs]:
        raise NoProgramError(
            f"the signature {endpoint.signature.key!r} has the inputs "
            f"{', '.join(spec.name for spec in endpoint.signature.inputs)}, which a program can't "
            f"name so: with the parameters {', '.join(parameters.specs)} TensorFlow calls them "
            f"{', '.join(written)}; take each ragged or sparse tensor as an argument of its own"
        )


def _declared(function: Any) -> dict[str, Any]:
    """Return the specs of a tf.function that `endpoints.named_function` made."""
    import tensorflow as tf

    specs = function.input_signature
    if all(isinstance(spec, tf.TensorSpec) for spec in specs):
        return {spec.name: spec for spec in specs}
    return dict(zip(inspect.signature(function.python_function).parameters, specs, strict=True))


def _of_trace(concrete: Any) -> Parameters:
    """Return the parameters that a trace takes: the leaves of its arguments."""
    import tensorflow as tf

    names = tf_private.input_names(concrete)
    if concrete.structured_input_signature is None:
        specs = zip(names, concrete.inputs, strict=False)
        return Parameters(
            {name: tf.TensorSpec(one.shape, one.dtype, name) for name, one in specs},
            lambda feeds: ([], dict(feeds)),
        )
    at = iter(names)
    found: dict[str, Any] = {}

    def slot(leaf: Any) -> Any:
        if not isinstance(leaf, tf.TypeSpec):
            return leaf
        first, *_ = [next(at) for _ in tf.nest.flatten(leaf, expand_composites=True)]
        dense = isinstance(leaf, tf.TensorSpec)
        found[first] = tf.TensorSpec(leaf.shape, leaf.dtype, first) if dense else leaf
        return _Slot(first)

    structure = tf.nest.map_structure(slot, concrete.structured_input_signature)

    def arguments(feeds: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        args, kwargs = tf.nest.map_structure(
            lambda leaf: feeds[leaf.name] if isinstance(leaf, _Slot) else leaf, structure
        )
        return list(args), kwargs

    return Parameters(found, arguments)


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where in the arguments of a function a parameter goes."""

    name: str


def _to_function(target: Any, feeds: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    # As `endpoints.of_specs`: by name where the names are the function's own, else in order.
    if functions.is_concrete(target):
        parameters = tf_private.input_names(target)
    else:
        parameters = [
            n for n in inspect.signature(target.python_function).parameters if n != "self"
        ]
    if list(feeds) == parameters[: len(feeds)] and not functions.is_concrete(target):
        return list(feeds.values()), {}
    if set(feeds) <= set(parameters):
        return [], dict(feeds)
    return list(feeds.values()), {}
