"""The forward pass of a Keras model as an endpoint, with the names that its author gave.

Keras 3 calls what `tf.saved_model.save` writes ``inputs`` and ``output_0``; here inputs are named
after the Input layers and outputs after the output layers, as Keras 2 did, or after the keys where
the author used dicts.
"""

from __future__ import annotations

import inspect
import keyword
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures import Signature, Spec
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
from sm_magics.savedmodel.verify import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DEFAULT_KEY = "serving_default"


class NotBuiltError(ValueError):
    """The model's inputs are not known, and none were given; the argument says why."""


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a model takes: its named specs, how they become arguments of a call, and why so."""

    specs: tuple[Spec, ...]
    arguments: Callable[[Mapping[str, Any]], tuple[list[Any], dict[str, Any]]]
    why: str
    assumed: bool = False


def is_model(obj: Any) -> bool:
    """Tell whether an object is a Keras 3 or `tf_keras` model or layer."""
    return _is_a(obj, "Layer")


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
    """
    fixed = ""
    taken = given(model, tuple(inputs)) if inputs else known(model)
    if inputs and batch == "free":
        taken = replace(taken, specs=tuple(map(any_batch, taken.specs)))
    call = _caller(model, taken, flatten=flatten)
    if inputs or batch == "fixed":
        if not model.built:
            call(samples.make(taken.specs))
        concrete = _traced(call, taken.specs)
    else:
        concrete, taken, fixed = _freed(model, call, taken, must=batch == "free")
    # The trace is called, not traced again: one body is stored, and the save costs half.
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
    )


def _freed(
    model: Any, call: Callable[[Mapping[str, Any]], Any], taken: _Inputs, *, must: bool
) -> tuple[Any, _Inputs, str]:
    """Trace with any batch size where the body allows it; else say why it is fixed."""
    free = replace(taken, specs=tuple(map(any_batch, taken.specs)))
    if free == taken:
        return _traced(call, taken.specs), taken, ""
    if not must and _is_stateful(model):
        why = "a stateful layer keeps one state for each row of the batch"
        return _traced(call, taken.specs), taken, why
    try:
        return _traced(call, free.specs), free, ""
    except Exception:
        # A body that needs the batch size of the first call is exported with it.
        if must:
            raise
        return _traced(call, taken.specs), taken, "its body needs the size of the first call"


def _traced(call: Callable[[Mapping[str, Any]], Any], specs: Sequence[Spec]) -> Any:
    names = [spec.name for spec in specs]
    function = named_function(
        lambda *tensors: call(dict(zip(names, tensors, strict=True))), specs, "forward"
    )
    return function.get_concrete_function()


def _caller(
    model: Any, taken: _Inputs, *, flatten: bool
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


def known(model: Any) -> _Inputs:
    """Return what a model takes by its Input layers or its first call.

    Raises
    ------
    NotBuiltError
        If neither says it.
    """
    if _is_a(model, "Functional", "Sequential") and model.built and getattr(model, "inputs", None):
        taken = _from_input_layers(model)
        return replace(taken, assumed=tf_private.made_its_input_layer(model))
    if not model.built:
        raise NotBuiltError("it was never built: it has no weights yet")
    recorded = tf_private.save_spec(model)
    if recorded is None:
        raise NotBuiltError("it is built, but Keras kept no record of what it takes")
    unknown = _required_parameters(model)[len(recorded[0]) :]
    if unknown:
        raise NotBuiltError(f"Keras kept no record of its input {unknown[0]!r}")
    return _from_first_call(model, *recorded)


def _from_input_layers(model: Any) -> _Inputs:
    import tensorflow as tf

    # A Sequential model has one input, and `input` raises where it was built by a call.
    structure = model.inputs[0] if _is_a(model, "Sequential") else model.input
    tensors = tf.nest.flatten(structure)
    names = [tf_private.history_name(tensor) or tensor.name for tensor in tensors]
    if isinstance(structure, dict):
        # An author who keyed the inputs but named no layer means the keys.
        keys = sorted(structure)
        if len(keys) == len(names) and all(
            re.fullmatch(r"input(_layer)?(_\d+)?", n) for n in names
        ):
            names = keys
    names = _unique(names)
    specs = tuple(
        Spec(name, tf.as_dtype(tensor.dtype).name, tuple(tensor.shape))
        for name, tensor in zip(names, tensors, strict=True)
    )
    return _Inputs(
        specs,
        lambda feeds: ([tf.nest.pack_sequence_as(structure, [feeds[n] for n in names])], {}),
        "the forward pass; names from the Input and output layers",
    )


def _from_first_call(model: Any, structures: list[Any], source: str) -> _Inputs:
    import tensorflow as tf

    parameters = input_parameters(model)
    names: list[str] = []
    for parameter, structure in zip(parameters, structures, strict=False):
        if isinstance(structure, dict):
            names += sorted(structure)
        else:
            leaves = len(tf.nest.flatten(structure))
            names += [parameter] if leaves == 1 else [f"{parameter}_{i}" for i in range(leaves)]
    names = _unique(names)
    leaves = tf.nest.flatten(structures)
    specs = tuple(as_spec(name, leaf) for name, leaf in zip(names, leaves, strict=True))
    note = (
        ""
        if source == "call"
        else f"; {specs[0].dtype} is assumed: say --input if it takes another"
    )
    return _Inputs(
        specs,
        lambda feeds: (tf.nest.pack_sequence_as(structures, [feeds[n] for n in names]), {}),
        "the forward pass; inputs as in the first call" + note + _left_out(model, len(structures)),
        assumed=source != "call",
    )


def _left_out(model: Any, count: int) -> str:
    """Say which optional inputs the forward pass does without: Keras records the first ones."""
    rest = [name for name in input_parameters(model)[count:] if name != "mask"]
    return f"; {', '.join(rest)} left at the default (--input takes them in)" if rest else ""


def given(model: Any, specs: tuple[Spec, ...]) -> _Inputs:
    """Return what a model takes as a person spelled it out."""
    names = [spec.name for spec in specs]
    if _is_a(model, "Functional", "Sequential") and model.built and getattr(model, "inputs", None):
        known = _from_input_layers(model)
        if {spec.name for spec in known.specs} == set(names):
            return replace(known, specs=specs, why="the forward pass, for the inputs given")

    def arguments(feeds: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        if len(names) == 1:
            return [feeds[names[0]]], {}
        parameters = input_parameters(model)
        if set(names) <= set(parameters) and parameters[0] in names:
            rest = {name: feeds[name] for name in names if name != parameters[0]}
            return [feeds[parameters[0]]], rest
        return [{name: feeds[name] for name in names}], {}

    return _Inputs(specs, arguments, "the forward pass, for the inputs given")


def _name_outputs(model: Any, outputs: Any) -> dict[str, Any]:
    import tensorflow as tf

    flat = tf.nest.flatten(outputs)
    if isinstance(outputs, dict) and len(outputs) == len(flat):
        return named_outputs(outputs)
    layers = [tf_private.history_name(t) for t in getattr(model, "outputs", None) or ()]
    if len(layers) == len(flat) and all(layers):
        return dict(zip(_unique([str(name) for name in layers]), flat, strict=True))
    return named_outputs(outputs)


def _unique(names: Sequence[str]) -> list[str]:
    taken: list[str] = []
    for raw in names:
        name = re.sub(r"\W", "_", raw, flags=re.ASCII) or "input"
        name = f"_{name}" if name[0].isdigit() else name
        name = name.lstrip("_") if name.startswith("_") and name.strip("_")[:1].isalpha() else name
        name = f"{name}_" if keyword.iskeyword(name) else name  # TensorFlow refuses it
        proposal, index = name, 0
        while proposal in taken:
            index += 1
            proposal = f"{name}_{index}"
        taken.append(proposal)
    return taken


def any_batch(spec: Spec) -> Spec:
    """Return a spec with a free dimension 0."""
    return replace(spec, shape=(None, *spec.shape[1:])) if spec.shape else spec


def _is_stateful(model: Any) -> bool:
    # A stateful RNN keeps one state per row of its batch: the size is part of the model.
    return any(getattr(layer, "stateful", False) is True for layer in tf_private.layers(model))


def input_parameters(model: Any) -> list[str]:
    """Return the names of what a model's `call` takes by position."""
    return [
        name
        for name, parameter in _call_signature(model).parameters.items()
        if name not in ("self", "training")
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]


def _required_parameters(model: Any) -> list[str]:
    parameters = _call_signature(model).parameters
    return [n for n in input_parameters(model) if parameters[n].default is inspect.Parameter.empty]


def takes_training(model: Any) -> bool:
    """Tell whether a model's `call` takes ``training``."""
    parameters = _call_signature(model).parameters
    return "training" in parameters or any(p.kind == p.VAR_KEYWORD for p in parameters.values())


def _call_signature(model: Any) -> inspect.Signature:
    return inspect.signature(getattr(model.call, "python_function", model.call))


def _is_a(obj: Any, *names: str) -> bool:
    return any(
        cls.__name__ in names and cls.__module__.startswith(("keras.src.", "tf_keras."))
        for cls in type(obj).__mro__
    )
