"""What of an object can be served, and what a person would type for it."""

from __future__ import annotations

from typing import Any

from sm_magics.savedmodel import capture, tf_private
from sm_magics.savedmodel.signatures import endpoints, functions, spec_text
from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError


def candidates(obj: Any) -> list[str]:
    """Return what a person can type to serve something of the object, the likeliest first."""
    known = capture.describe(obj).functions if capture.kind_of(obj) else ()
    nested = [path for path in known if not path.isidentifier()]
    found = functions.own_functions(obj)
    found |= {path: functions.resolve(path, obj) for path in nested}
    return [
        f"-s {path}" if is_typed(function) else f"-s '{path}{proposal(function)}'"
        for path, function in found.items()
        if functions.is_function(function) and _can_be_typed(path) and unnameable(function) is None
    ]


def _can_be_typed(path: str) -> bool:
    # An attribute may have any name: setattr(module, "my function", …).
    try:
        spec_text.parse_function(path)
    except ValueError:
        return False
    return True


def unnameable(function: Any) -> str | None:
    """Return why the outputs of a function can't be named; None if they can or aren't known."""
    if not functions.is_concrete(function):
        if function.input_signature is None:
            return None
        function = function.get_concrete_function()
    try:
        endpoints.named_outputs(function.structured_outputs)
    except UnnamedOutputError as error:
        return str(error)
    return None


def is_typed(function: Any) -> bool:
    """Tell whether a function says by itself what it takes."""
    return functions.is_concrete(function) or function.input_signature is not None


def proposal(function: Any) -> str:
    """Return specs from the traces that a function already has, or a form to fill in."""
    made = [] if functions.is_concrete(function) else tf_private.traces(function)
    return (
        f"({spec_text.format_specs(endpoints.specs_of(made[0])) if made else 'x: float32[None]'})"
    )
