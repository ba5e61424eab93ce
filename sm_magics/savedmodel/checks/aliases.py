"""SM211: aliases that would name no function of the export (S40)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import capture, frames, tf_private
from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.signatures import functions, keras_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.inspection import Inspection
    from sm_magics.savedmodel.saved import Saved
    from sm_magics.savedmodel.signatures.endpoints import Endpoint


def unknown(alias: str, path: str, obj: Any) -> Diagnostic:
    """Return SM211 for an alias of a path that leads to no tf.function."""
    if keras_models.is_model(obj) and path in ("call", "__call__", "forward"):
        what = f"the forward pass ({path!r}) of the {type(obj).__name__} is no tf.function"
    else:
        what = f"{path!r} is no tf.function of the {type(obj).__name__}"
    return finding("SM211", f"the alias {alias!r} would name nothing: {what}", _choices(alias, obj))


def check(
    options: Any, saved: Saved, endpoints: Sequence[Endpoint], obj: Any
) -> Iterator[Diagnostic]:
    """Yield SM211 for each alias that no function of the library will have.

    A tf.function needs a trace and a place below the root, or a caller that is saved. Traces that
    were made before are traced anew by the save, under other names.
    """
    given = getattr(options, "function_aliases", None) or {}
    if not given:
        return
    held = _held(saved) | {id(endpoint.function) for endpoint in endpoints}
    names = _names(saved, endpoints)
    for alias, function in given.items():
        if not functions.is_function(function):
            for one in function:
                yield from _of_trace(alias, one, names, saved, obj)
        elif functions.is_concrete(function):
            yield from _of_trace(alias, function, names, saved, obj)
        else:
            yield from _of_function(alias, function, names, held, obj)


def _of_function(
    alias: str, function: Any, names: set[str], held: set[int], obj: Any
) -> Iterator[Diagnostic]:
    traces = tf_private.traces(function)
    restored = tf_private.is_restored(function)
    if function.input_signature is None and not traces and not restored:
        yield finding(
            "SM211",
            f"the alias {alias!r} would name nothing: its function was never traced",
            "call the function once, or give it an input_signature",
            **frames.where(frames.of_function(function)),
        )
    elif id(function) not in held and not names & set(map(tf_private.name, traces)):
        yield finding(
            "SM211",
            f"the alias {alias!r} would name nothing: its function is no part of the "
            f"{type(obj).__name__}, and nothing that is exported calls it",
            f"assign it to an attribute of the object, or alias another: {_choices(alias, obj)}",
            **frames.where(frames.of_function(function)),
        )


def _of_trace(
    alias: str, concrete: Any, names: set[str], saved: Saved, obj: Any
) -> Iterator[Diagnostic]:
    name = tf_private.name(concrete)
    if name in names:
        return
    makers = [
        path
        for path, function in saved.functions.items()
        if not functions.is_concrete(function)
        and any(trace is concrete for trace in tf_private.traces(function))
    ]
    hint = (
        f"alias the tf.function that made it: --function-alias {alias}={makers[0]}"
        if makers
        else f"alias a tf.function: {_choices(alias, obj)}"
    )
    yield finding(
        "SM211",
        f"the alias {alias!r} would name nothing: the save traces anew, under another name than "
        f"that of the ConcreteFunction {name!r}",
        hint,
        **frames.where(frames.of_concrete(concrete)),
    )


def dangling(options: Any, written: Inspection) -> list[Diagnostic]:
    """Return SM211 for each alias that no function of the written library has."""
    there = {alias for graph in written.meta_graphs for alias in graph.aliases}
    return [
        finding(
            "SM211",
            f"the alias {alias!r} names no function of the export",
            "alias a tf.function of the object, not one of its ConcreteFunctions",
        )
        for alias in getattr(options, "function_aliases", None) or {}
        if alias not in there
    ]


def _held(saved: Saved) -> set[int]:
    """Return the ids of the functions that the save finds below the root."""
    found = {id(function) for function in saved.functions.values()}
    for path, node in saved.nodes.items():
        if path not in saved.unsavable:
            children = tf_private.checkpoint_children(node).values()
            found |= {id(child) for child in children if functions.is_function(child)}
    return found


def _names(saved: Saved, endpoints: Sequence[Endpoint]) -> set[str]:
    """Return what functions of the library are called for sure: those that are not traced anew."""
    whole = [f for f in saved.functions.values() if functions.is_concrete(f)]
    whole += [one.function for one in endpoints if functions.is_concrete(one.function)]
    names = set(map(tf_private.name, whole))
    for traces in saved.traces.values():
        for trace in traces:
            names |= tf_private.called_names(trace)
    return names


def _has_traces(function: Any) -> bool:
    return functions.is_concrete(function) or (
        function.input_signature is not None or bool(tf_private.traces(function))
    )


def _choices(alias: str, obj: Any) -> str:
    own = {} if functions.is_function(obj) else functions.own_functions(obj)
    known = capture.describe(obj).functions if capture.kind_of(obj) else ()
    found = own | {path: functions.resolve(path, obj) for path in known if path not in own}
    paths = [path for path, function in found.items() if _has_traces(function)]
    if not paths:
        return (
            "decorate a method with @tf.function(input_signature=[...]), and alias that: "
            f"--function-alias {alias}=METHOD"
        )
    return "; ".join(f"--function-alias {alias}={path}" for path in paths)
