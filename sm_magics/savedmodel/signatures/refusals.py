"""Why a function can't be served: the findings, each with what to type instead."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.signatures import candidates, endpoints, keras_models, spec_text
from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError
from sm_magics.savedmodel.signatures.keras_models import DEFAULT_KEY

if TYPE_CHECKING:
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.signatures import Signature
    from sm_magics.savedmodel.signatures.keras_models import NotBuiltError

ITSELF = "function"
"""What a bare tf.function is called as the root of an export."""


def wrong_guess(signature: Signature, reason: str) -> Diagnostic:
    """Return the finding that a model rejects the dtypes that Keras says it takes."""
    text = spec_text.format_specs(signature.inputs)
    return finding(
        "SM102",
        f"Keras kept no record of the dtypes that the model takes; {reason}",
        f"say what it takes, with the right dtypes: --input '{text}' (in Python: inputs='{text}')",
        function=signature.key,
    )


def unnamed(error: UnnamedOutputError, label: str, function: Any) -> Diagnostic:
    """Return SM205: outputs that have no names, with those that `--flatten` would give."""
    try:
        names = ", ".join(endpoints.flat_outputs(error.outputs))
        offer = f"--flatten (flatten=True) names them {names}; or "
    except UnnamedOutputError:
        offer = ""
    return finding(
        "SM205",
        f"{label!r} can't be served: {error}",
        f"{offer}return one tensor, a flat list of tensors, or a dict of tensors by name",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def bad_name(name: str, label: str, function: Any) -> Diagnostic:
    """Return SM203: a name that no graph can hold (S13)."""
    good = re.sub(r"[^A-Za-z0-9_.]", "_", name).lstrip("_") or "x"
    good = f"{good}_" if good == "self" or keyword.iskeyword(good) else good
    return finding(
        "SM203",
        f"{name!r} can't be the name of an input of {label!r}: a graph's names are letters, "
        "digits and _ . / > -, start with a letter, a digit or a dot, and are no word of Python's",
        f"name it otherwise, such as {good!r}",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def gone(function: Any, label: str) -> Diagnostic | None:
    """Return SM105 if a function is the method of an object that was deleted."""
    if not tf_private.owner_is_gone(function):
        return None
    return finding(
        "SM105",
        f"{label!r} is a method of an object that was deleted, so it can't be traced",
        "keep the object: give it a name (`m = M()`), and export that or `m.f`",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def not_built(obj: Any, error: NotBuiltError) -> Diagnostic:
    """Return SM102: a Keras model of which nobody knows what it takes."""
    names = keras_models.input_parameters(obj)
    example = f"{names[0] if names else 'x'}: float32[None, 4]"
    return finding(
        "SM102",
        f"nothing could be served of the {type(obj).__name__}: {error}",
        f"call it once on real data, or say what it takes: --input '{example}' "
        f"(in Python: inputs='{example}')",
    )


def no_input_signature(key: str, function: Any, label: str) -> Diagnostic:
    """Return SM202: a function that does not say what it takes, with what its traces tell."""
    if label == ITSELF:
        inputs = candidates.proposal(function)[1:-1]
        what, hint = "the function", f"--input '{inputs}' (in Python: inputs='{inputs}')"
    else:
        text = f"{key}={label}{candidates.proposal(function)}"
        what, hint = repr(label), f"-s '{text}' (in Python: signatures='{text}')"
    return finding(
        "SM202",
        f"{what} has no input_signature, so the signature {key!r} can't be made of it",
        f"spell the inputs out: {hint}",
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
