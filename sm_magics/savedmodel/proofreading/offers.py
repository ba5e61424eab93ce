"""What a person can type as a function, and as what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import capture
from sm_magics.savedmodel.proofreading.lookup import UntoldError, target
from sm_magics.savedmodel.signatures import (
    candidates,
    keras_models,
    proposals,
    spec_text,
)
from sm_magics.savedmodel.signatures import functions as functions_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sm_magics.savedmodel.signatures import Spec


def functions(obj: Any, names: Sequence[str] = ()) -> list[str]:
    """Return what can be typed as FUNCTION, the likeliest first.

    Those of an object that say what they take come before the forward pass of a Keras model, those
    of its parts and the Keras models that it holds come after.

    Parameters
    ----------
    obj : Trackable or tf.function
    names : sequence of str
        What the notebook calls it: a bare tf.function goes by the first one.
    """
    if functions_of.is_function(obj):
        return [name for name in names[:1] if candidates.can_be_typed(name)]
    own = functions_of.own_functions(obj)
    typed = [name for name, function in own.items() if candidates.is_typed(function)]
    nested = capture.describe(obj).functions if capture.kind_of(obj) else ()
    found = [
        *typed,
        *(["call"] if keras_models.is_model(obj) else []),
        *own,
        *nested,
        *candidates.models(obj),
    ]
    return [path for path in dict.fromkeys(found) if candidates.can_be_typed(path)]


def proposal(path: str, obj: Any, namespace: Mapping[str, Any]) -> tuple[Spec, ...] | None:
    """Return specs to offer for a function that does not say what it takes.

    They come from its traces or its first call, else from the names of its parameters. None where
    it says so itself, where there is no such function, or where no text can tell.
    """
    try:
        return of_target(target(path, obj, namespace))
    except (LookupError, SyntaxError, ValueError, UntoldError):
        return None


def of_target(found: Any) -> tuple[Spec, ...] | None:
    """Return what `proposal` does, of the function, model or layer itself."""
    if functions_of.is_function(found):
        text = None if candidates.is_typed(found) else proposals.of_function(found)
        return None if text is None else spec_text.parse_specs(text)
    try:
        keras_models.known(found)
    except keras_models.NotBuiltError as error:
        return spec_text.parse_specs(proposals.of_model(found, error.known))
    return None
