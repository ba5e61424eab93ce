"""What an object might take, as a text to type: from its traces, or a form to fill in."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures import Spec, endpoint_specs, functions, spec_text
from sm_magics.savedmodel.signatures.input_names import is_good
from sm_magics.savedmodel.signatures.keras_inputs import as_whole, required_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping


def of_function(function: Any) -> str | None:
    """Return specs of the first trace that a text can tell of, or a form to fill in.

    Dimension 0 is free where it can be. None where no text can name the arguments: there are none,
    or they are nested.
    """
    made = [] if functions.is_concrete(function) else tf_private.traces(function)
    if not made:
        names = _required(function)
        return ", ".join(f"{name}: float32[None]" for name in names) or None
    for trace in made:
        specs = _told(trace, functions.defaults(function))
        if specs:
            # A loaded function has the traces that it has.
            free = not tf_private.is_restored(function)
            return spec_text.format_specs(tuple(map(any_batch, specs)) if free else specs)
    return None


def _required(function: Any) -> list[str]:
    parameters = inspect.signature(function.python_function).parameters.values()
    names = [p.name for p in parameters if p.default is p.empty and p.kind not in _VARIADIC]
    return [name for name in names if name != "self"] or [
        f"{p.name}_0" for p in parameters if p.kind == p.VAR_POSITIONAL
    ]


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _told(trace: Any, defaults: Mapping[str, Any]) -> tuple[Spec, ...] | None:
    """Return the arguments of a trace; None if one is nested, or a value other than its default."""
    import tensorflow as tf

    specs = []
    for name, argument in endpoint_specs.arguments(trace):
        if isinstance(argument, tf.TensorSpec | tf.RaggedTensorSpec | tf.SparseTensorSpec):
            specs.append(as_whole(name, argument))
        elif not (name in defaults and _same(defaults[name], argument)):
            return None
    return tuple(specs) if all(is_good(spec.name) for spec in specs) else None


def _same(default: Any, value: Any) -> bool:
    plain = bool | int | float | str | None
    return default is value or (
        isinstance(default, plain) and isinstance(value, plain) and default == value
    )


def of_model(model: Any, told: Mapping[str, Spec] | None = None) -> str:
    """Return all that a Keras model's `call` can't do without; what is not known is made up."""
    names = required_parameters(model) or ["x"]
    specs = [(told or {}).get(name, Spec(name, "float32", (None, 4))) for name in names]
    return spec_text.format_specs(tuple(any_batch(spec) for spec in specs))


def any_batch(spec: Spec) -> Spec:
    """Return a spec with a free dimension 0."""
    return spec._replace(shape=(None, *spec.shape[1:])) if spec.shape else spec


def refuse_unsized(specs: tuple[Spec, ...], label: str, flag: str = "--input") -> None:
    """Refuse to fix a batch size that nothing tells.

    Parameters
    ----------
    specs : tuple of Spec
        What will be served.
    label : str
        What the function is called.
    flag : {"--input", "-s"}
        Where a person can give the size.

    Raises
    ------
    ValueError
        If dimension 0 of an input is free; the message says what to give instead.
    """
    if not any(spec.shape and spec.shape[0] is None for spec in specs):
        return
    text = spec_text.format_specs(tuple(_sized(spec) for spec in specs))
    word, keyword = (f"{label}({text})", "signatures") if flag == "-s" else (text, "inputs")
    quote = '"' if "'" in word else "'"
    raise ValueError(
        f"--batch fixed keeps the batch size of the first call, but nothing tells one of {label!r} "
        f"({spec_text.format_specs(specs)}); give it instead: {flag} {quote}{word}{quote} "
        f"(in Python: {keyword}={word!r})"
    )


def _sized(spec: Spec) -> Spec:
    free = spec.shape and spec.shape[0] is None
    return spec._replace(shape=(_EXAMPLE_BATCH, *spec.shape[1:])) if free and spec.shape else spec


_EXAMPLE_BATCH = 5
