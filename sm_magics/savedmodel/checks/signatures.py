"""SM2xx: the signatures, and whether anything will be served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.signatures import choice, functions, keras_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.signatures.endpoints import Endpoint


def check(obj: Any, chosen: Sequence[Endpoint]) -> list[Diagnostic]:
    """Return SM201 if no signature would be written, with the flag that picks each candidate."""
    if chosen:
        return []
    own = {} if functions.is_function(obj) else functions.own_functions(obj)
    lines = choice.candidates(obj)
    if len(own) > 1:
        what = f"it has {len(own)} tf.functions ({', '.join(own)}) and nothing says which to serve"
    elif own:
        ((name, function),) = own.items()
        why = choice.unnameable(function) or "it has no input_signature"
        what = f"its tf.function {name!r} can't be served as it is: {why}"
    elif keras_models.is_model(obj):
        what = "it has no forward pass that can be served"
    else:
        what = "it has no tf.function of its own"
    return [
        finding(
            "SM201",
            f"no signature would be written for the {type(obj).__name__}: {what}",
            (f"choose: {'; '.join(lines)}; " if lines else "")
            + "--allow-no-signature exports it for Python only",
        )
    ]
