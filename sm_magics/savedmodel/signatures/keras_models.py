"""The forward pass of a Keras model as an endpoint, with the names that its author gave.

Keras 3 calls what `tf.saved_model.save` writes ``inputs`` and ``output_0``; here inputs are named
after the Input layers and outputs after the output layers, as Keras 2 did, or after the keys where
the author used dicts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures import Signature, dtype_guesses
from sm_magics.savedmodel.signatures.endpoints import (
    Endpoint,
    UnnamedOutputError,
    as_spec,
    flat_outputs,
    named_function,
    named_outputs,
    specs_of,
    whole,
)
from sm_magics.savedmodel.signatures.input_names import unique
from sm_magics.savedmodel.signatures.keras_inputs import (
    NotBuiltError,
    given,
    input_parameters,
    is_a,
    known,
    required_parameters,
    takes_training,
)
from sm_magics.savedmodel.signatures.proposals import any_batch, refuse_unsized
from sm_magics.savedmodel.verify import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sm_magics.savedmodel.signatures import Spec
    from sm_magics.savedmodel.signatures.keras_inputs import Inputs

__all__ = [
    "DEFAULT_KEY",
    "NotBuiltError",
    "any_batch",
    "forward",
    "given",
    "input_parameters",
    "is_model",
    "known",
    "required_parameters",
    "takes_training",
]

DEFAULT_KEY = "serving_default"


def is_model(obj: Any) -> bool:
    """Tell whether an object is a Keras 3 or `tf_keras` model or layer."""
    return is_a(obj, "Layer")


def forward(  # noqa: PLR0913, what a signature is made of
    model: Any,
    inputs: Sequence[Spec] | None = None,
    *,
    key: str = DEFAULT_KEY,
    label: str = "call",
    batch: str | None = None,
    flatten: bool = False,
) -> Endpoint:
    """Make an endpoint of a Keras model's forward pass, traced once with ``training=False``.

    Parameters
    ----------
    model : keras.Model or tf_keras.Model
    inputs : sequence of Spec, optional
        What the model takes; by default what its Input layers or its first call say, with any
        batch size.
    key, label : str
        The signature's key, and what to call the forward pass in texts.
    batch : {"free", "fixed"} or None
        What becomes of dimension 0 of the inputs; None frees it where the body allows it.
    flatten : bool
        Name the leaves of nested outputs by their paths.

    Raises
    ------
    NotBuiltError
        If nothing says what the model takes.
    ValueError
        If the batch size is to be fixed, and nothing says which.
    """
    fixed = ""
    taken = given(model, tuple(inputs)) if inputs else known(model)
    if inputs and batch == "free":
        taken = replace(taken, specs=tuple(map(any_batch, taken.specs)))
    if batch == "fixed":
        refuse_unsized(taken.specs, label)
    call = _caller(model, taken, flatten=flatten)
    if inputs or batch == "fixed":
        if not model.built:
            call(samples.make(taken.specs))
        trace, taken = _traced(call, taken)
    else:
        trace, taken, fixed = _freed(model, call, taken, must=batch == "free")
    concrete = trace.concrete
    # The trace is called, not traced again: one body is stored, and TensorFlow's save costs half.
    served = named_function(
        lambda *tensors: concrete(*tensors),  # noqa: PLW0108, a ConcreteFunction is not traced
        taken.specs,
        label,
    )
    outputs = named_outputs(concrete.structured_outputs)
    signature = Signature(
        key,
        label,
        specs_of(concrete) if any(spec.kind for spec in taken.specs) else taken.specs,
        tuple(as_spec(name, tensor) for name, tensor in outputs.items()),
        taken.why,
    )
    return Endpoint(
        signature,
        served,
        concrete,
        lambda feeds: call(whole(feeds, taken.specs, concrete)),
        taken.assumed,
        fixed,
        trace.function,
    )


class _Trace(NamedTuple):
    """A tf.function, and the only trace that it has."""

    function: Any
    concrete: Any


def _freed(
    model: Any, call: Callable[[Mapping[str, Any]], Any], taken: Inputs, *, must: bool
) -> tuple[_Trace, Inputs, str]:
    """Trace with any batch size where the body allows it; else say why it is fixed."""
    free = replace(taken, specs=tuple(map(any_batch, taken.specs)))
    if free == taken:
        return *_traced(call, taken), ""
    if not must and _is_stateful(model):
        return *_traced(call, taken), "a stateful layer keeps one state for each row of the batch"
    try:
        return *_traced(call, free), ""
    except Exception:
        # A body that needs the batch size of the first call is exported with it.
        if must:
            raise
        return *_traced(call, taken), "its body needs the size of the first call"


def _traced(call: Callable[[Mapping[str, Any]], Any], taken: Inputs) -> tuple[_Trace, Inputs]:
    """Trace, and return the inputs with the dtypes that the body takes where they are a guess."""
    names = [spec.name for spec in taken.specs]

    def trace(specs: tuple[Spec, ...]) -> _Trace:
        function = named_function(
            lambda *tensors: call(dict(zip(names, tensors, strict=True))), specs, "forward"
        )
        return _Trace(function, function.get_concrete_function())

    if not taken.assumed:
        return trace(taken.specs), taken
    made, specs = dtype_guesses.tried(trace, taken.specs)
    return made, replace(taken, specs=specs)


def _caller(
    model: Any, taken: Inputs, *, flatten: bool
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    training = {"training": False} if takes_training(model) else {}

    def call(feeds: Mapping[str, Any]) -> dict[str, Any]:
        args, kwargs = taken.arguments(feeds)
        outputs = model(*args, **kwargs, **training)
        try:
            return _name_outputs(model, outputs)
        except UnnamedOutputError:
            if flatten:
                return flat_outputs(outputs)
            raise

    return call


def _name_outputs(model: Any, outputs: Any) -> dict[str, Any]:
    import tensorflow as tf

    flat = tf.nest.flatten(outputs)
    if isinstance(outputs, dict) and len(outputs) == len(flat):
        return named_outputs(outputs)
    layers = [tf_private.history_name(t) for t in getattr(model, "outputs", None) or ()]
    if len(layers) == len(flat) and all(layers):
        return dict(zip(unique([str(name) for name in layers], of_inputs=False), flat, strict=True))
    return named_outputs(outputs)


def _is_stateful(model: Any) -> bool:
    # A stateful RNN keeps one state per row of its batch: the size is part of the model.
    return any(getattr(layer, "stateful", False) is True for layer in tf_private.layers(model))
