"""SM103, SM105, SM108: what the functions use, against what TensorFlow will save for them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel.capture import owners
from sm_magics.savedmodel.diagnostics import Place, finding
from sm_magics.savedmodel.signatures import candidates, functions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sm_magics.savedmodel.capture.owners import Holder
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.saved import Saved
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

_RESOURCES = ("resource", "variant")


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
        *_deleted(saved),
        *_untracked(saved, {name: obj} | dict(namespace or {})),
        *_never_traced(saved, served),
    ]


def _deleted(saved: Saved) -> Iterator[Diagnostic]:
    for label, traces in saved.traces.items():
        for trace in traces:
            try:
                _ = trace.variables
            except AssertionError:
                yield finding(
                    "SM105",
                    f"{label!r} uses a variable that was deleted",
                    "keep the variable where the function can find it, such as `self.v = v` on "
                    "the object that is exported",
                    function=label,
                    **frames.where(frames.of_concrete(trace)),
                )
                break


def _untracked(saved: Saved, namespace: Mapping[str, Any]) -> list[Diagnostic]:
    tracked = saved.handles()
    found: dict[int, Diagnostic] = {}
    for label, traces in saved.traces.items():
        for trace in traces:
            for captured, inner in trace.graph.captures:
                if captured.dtype.name not in _RESOURCES or id(captured) in tracked:
                    continue
                if id(captured) not in found:
                    found[id(captured)] = _names(captured, inner, label, trace, saved, namespace)
    return list(found.values())


def _names(  # noqa: PLR0913, PLR0917, what a sentence needs
    captured: Any,
    inner: Any,
    label: str,
    trace: Any,
    saved: Saved,
    namespace: Mapping[str, Any],
) -> Diagnostic:
    what = "variable" if tf_private.variable_dtype(captured) is not None else "table"
    function = saved.functions.get(label)
    holder = owners.holder(captured, namespace) or owners.holder(captured, _scope(function))
    used = next(
        (frame for op in inner.consumers() if (frame := frames.of_op(op)) is not None),
        frames.of_concrete(trace),
    )
    called = f"`{holder.path}`" if holder is not None else "that no name reaches"
    attribute = holder.name.strip("[]'\"") if holder is not None else what
    return finding(
        "SM103",
        f"the {what} {called} is used by {label!r}, but the exported object does not track it",
        _how_to_track(holder, attribute, what),
        function=label,
        related=_made(holder),
        **frames.where(used),
    )


def _how_to_track(holder: Holder | None, attribute: str, what: str) -> str:
    if holder is None:
        return f"make it in `__init__` as an attribute of the exported object: `self.{what} = ...`"
    if holder.owner is None:
        return f"assign it to the exported object: `self.{attribute} = {holder.path}`"
    return (
        f"{type(holder.owner).__name__} objects are not tracked: derive the class from tf.Module, "
        f"or assign it to the exported object: `self.{attribute} = {holder.path}`"
    )


def _made(holder: Holder | None) -> tuple[Place, ...]:
    if holder is None:
        return ()
    frame = frames.of_attribute(holder.owner, holder.name) if holder.owner is not None else None
    if frame is None:
        return (Place(what="made", name=holder.path),)
    return (Place(what="made", file=frame.file, line=frame.line),)


def _scope(function: Any) -> dict[str, Any]:
    """Return the names that a function's body sees: globals of its module, and its closure."""
    python = getattr(function, "python_function", None)
    python = inspect.unwrap(python) if python is not None else None
    python = getattr(python, "__func__", python)
    if not inspect.isfunction(python):
        return {}
    closure = inspect.getclosurevars(python)
    return {**closure.globals, **closure.nonlocals}


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
