"""SM105, SM108: what the functions use, against what TensorFlow will save for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel.checks import untracked
from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.signatures import candidates, functions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.saved import Saved
    from sm_magics.savedmodel.signatures.endpoints import Endpoint


def check(
    saved: Saved,
    endpoints: Sequence[Endpoint],
    obj: Any,
    name: str,
    namespace: Mapping[str, Any] | None,
) -> list[Diagnostic]:
    """Return what keeps a function from being saved or from being called after a load.

    Parameters
    ----------
    saved : Saved
        What will be written.
    endpoints : sequence of Endpoint
        What is served.
    obj : Trackable
        The object, and `name`, what a person calls it.
    namespace : mapping or None
        The notebook's names, to tell where a variable is.
    """
    served = {id(endpoint.concrete): endpoint for endpoint in endpoints}
    return [
        *_deleted(saved, obj, name),
        *untracked.check(saved, obj, name, namespace),
        *_never_traced(saved, served),
    ]


def _deleted(saved: Saved, obj: Any, name: str) -> Iterator[Diagnostic]:
    bare = functions.is_function(obj)
    told = set()
    for label, traces in saved.traces.items():
        broken = next((trace for trace in traces if tf_private.deleted(trace)), None)
        if broken is None or id(broken) in told:
            continue
        told.add(id(broken))
        codes = frames.codes_of(obj, saved.functions.values())
        function = name if bare else label
        yield finding(
            "SM105",
            f"{function!r} uses a variable that was deleted",
            "make both anew, and keep the variable for as long as the function, by a name of its "
            "own or as an attribute"
            if bare
            else "keep the variable where the function can find it, such as `self.v = v` on the "
            "object that is exported",
            function=function,
            **frames.where(frames.of_concrete(broken, codes)),
        )


def _never_traced(saved: Saved, served: Mapping[int, Any]) -> Iterator[Diagnostic]:
    served_functions = {id(endpoint.function) for endpoint in served.values()}
    for label, function in saved.functions.items():
        if functions.is_concrete(function) or saved.traces.get(label):
            continue
        if tf_private.is_restored(function) or id(function) in served_functions:
            continue
        offer = candidates.offered(label, function)
        yield finding(
            "SM108",
            f"the tf.function {label!r} was never traced: after a load it can't be called",
            "call it once, or give it an input_signature"
            + (f"; to serve it: {offer}" if offer else ""),
            function=label,
            **frames.where(frames.of_function(function)),
        )
