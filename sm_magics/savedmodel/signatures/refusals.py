"""Why a function can't be served: the findings, each with what to type instead."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.signatures import (
    candidates,
    dtype_guesses,
    endpoints,
    functions,
    keras_models,
    proposals,
    spec_text,
)
from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError
from sm_magics.savedmodel.signatures.input_names import corrected, unique
from sm_magics.savedmodel.signatures.keras_models import DEFAULT_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.signatures import Spec
    from sm_magics.savedmodel.signatures.endpoints import Endpoint
    from sm_magics.savedmodel.signatures.fitting import Misfit
    from sm_magics.savedmodel.signatures.keras_models import NotBuiltError

ITSELF = "function"
"""What a bare tf.function is called as the root of an export."""


def wrong_guess(endpoint: Endpoint, reason: str) -> Diagnostic:
    """Return the finding that a model rejects the dtypes that Keras says it takes."""
    signature = endpoint.signature
    specs = dtype_guesses.told(endpoint.concrete, signature.inputs)
    if specs == signature.inputs:
        other = "string" if "string" in reason else "int32"
        specs = tuple(spec._replace(dtype=other) for spec in specs)
    text = spec_text.format_specs(specs)
    return finding(
        "SM102",
        f"Keras kept no record of the dtypes that the model takes; {reason}",
        f"say what it takes, with the right dtypes: --input '{text}' (in Python: inputs='{text}')",
        function=signature.key,
    )


def unnamed(error: UnnamedOutputError, label: str, function: Any) -> Diagnostic:
    """Return SM205: outputs that have no names, with those that `--flatten` would give."""
    offer = ""
    # TensorFlow writes the function too, with what it returns, wherever it is an attribute.
    if not functions.is_function(function) or not tf_private.structure_error(error.outputs):
        with contextlib.suppress(UnnamedOutputError):
            names = ", ".join(endpoints.flat_outputs(error.outputs))
            offer = f"--flatten (flatten=True) names them {names}; or "
    return finding(
        "SM205",
        f"{label!r} can't be served: {error}",
        f"{offer}return one tensor, a flat list of tensors, or a dict of tensors by name",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def unwritable(label: str, function: Any, why: str) -> Diagnostic:
    """Return SM205: a function that no SavedModel can hold, served or not."""
    return finding(
        "SM205",
        f"the tf.function {label!r}, which every export of the object holds, can't be written: "
        f"{why}",
        "use dicts whose keys are strings, and return tensors (a TensorArray as `.stack()`)",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def twins(names: Sequence[str], label: str, function: Any) -> Diagnostic:
    """Return SM204: inputs whose names differ in case alone, which TensorFlow takes for one."""
    proposal = ", ".join(unique(names))
    return finding(
        "SM204",
        f"the names of the inputs of {label!r} ({', '.join(names)}) differ in case alone; "
        "TensorFlow takes them for the same",
        f"name them {proposal}: tf.TensorSpec(shape, dtype, name=...), or in --input",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def bad_name(name: str, label: str, function: Any) -> Diagnostic:
    """Return SM203: a name that no graph can hold (S13)."""
    return finding(
        "SM203",
        f"{name!r} can't be the name of an input of {label!r}: a graph's names are letters, "
        "digits and _ . / > -, start with a letter, a digit or a dot, and are no word of Python's",
        f"name it otherwise, such as {corrected(name)!r}",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def gone(function: Any, label: str) -> Diagnostic | None:
    """Return SM105 if a function is the method of an object that was deleted."""
    if not tf_private.owner_is_gone(function):
        return None
    name = tf_private.function_name(function)
    return finding(
        "SM105",
        f"{name if label == ITSELF else label!r} is a method of an object that was deleted, so it "
        "can't be traced",
        f"keep the object: give it a name (`m = M()`), and export that or `m.{name}`",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def not_built(obj: Any, error: NotBuiltError) -> Diagnostic:
    """Return SM102: a Keras model of which nobody knows what it takes."""
    example = proposals.of_model(obj, error.known)
    return finding(
        "SM102",
        f"nothing could be served of the {type(obj).__name__}: {error}",
        ("" if obj.built else "call it once on real data, or ")
        + f"say what it takes: --input '{example}' (in Python: inputs='{example}')",
    )


def no_input_signature(key: str, function: Any, label: str) -> Diagnostic:
    """Return SM202: a function that does not say what it takes, with what its traces tell."""
    specs = proposals.of_function(function)
    if specs is None:
        hint = (
            "no text can name its arguments: give it an input_signature, "
            "@tf.function(input_signature=[...]), with a name for each tensor"
        )
    elif label == ITSELF:
        hint = f"spell the inputs out: --input '{specs}' (in Python: inputs='{specs}')"
    else:
        text = f"{key}={label}({specs})"
        word = candidates.quoted(text)
        hint = f"spell the inputs out: -s {word} (in Python: signatures={text!r})"
    return finding(
        "SM202",
        f"{'the function' if label == ITSELF else repr(label)} has no input_signature, so the "
        f"signature {key!r} can't be made of it",
        hint,
        function=label,
        **frames.where(frames.of_function(function)),
    )


def misfit(key: str, function: Any, specs: Sequence[Spec], label: str, found: Misfit) -> Diagnostic:
    """Return SM202: inputs that a function can't be called with, and some that it can."""
    own = candidates.is_typed(function)
    offer = spec_text.format_specs(found.offer)
    if label == ITSELF:
        hint = (
            "leave the inputs out: the function says itself what it takes"
            if own
            else f"spell them out so: --input '{offer}' (in Python: inputs='{offer}')"
        )
    else:
        text = label if own or not offer else f"{label}({offer})"
        text = text if key == DEFAULT_KEY else f"{key}={text}"
        word = candidates.quoted(text)
        lead = "leave the inputs out" if own else "spell them out so"
        hint = f"{lead}: -s {word} (in Python: signatures={text!r})"
    return finding(
        "SM202",
        f"{'the function' if label == ITSELF else repr(label)} can't be called with "
        f"'{spec_text.format_specs(tuple(specs))}': {found.reason}",
        hint,
        function=label,
        **frames.where(frames.of_function(function)),
    )


def no_such(path: str, obj: Any) -> Diagnostic:
    """Return SM202: a path that leads to no function, with those that do."""
    choices = candidates.candidates(obj) + (["-s call"] if keras_models.is_model(obj) else [])
    return finding(
        "SM202",
        f"{path!r} is no tf.function of the {type(obj).__name__}",
        f"choose one: {'; '.join(choices)}" if choices else "decorate a method with @tf.function",
        function=path,
    )


def bad_key(key: Any) -> Diagnostic:
    """Return SM209: a key that no signature can have (S45)."""
    return finding(
        "SM209",
        f"{key!r} can't be the key of a signature: "
        + ("TensorFlow uses it for itself" if isinstance(key, str) else "keys are strings"),
        f"name it otherwise, such as {DEFAULT_KEY!r}",
    )
