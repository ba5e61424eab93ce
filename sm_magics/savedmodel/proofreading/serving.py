"""What is wrong with the texts of signatures and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.proofreading import offers
from sm_magics.savedmodel.proofreading.lookup import UntoldError, target
from sm_magics.savedmodel.signatures import (
    candidates,
    choice,
    functions,
    keras_models,
    making,
    refusals,
    spec_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sm_magics.savedmodel.signatures import Spec

_LISTED = 5


def signatures(
    texts: Sequence[str], obj: Any, namespace: Mapping[str, Any], inputs: Sequence[str] = ()
) -> list[str]:
    """Return what is wrong with each text that `-s` takes.

    Parameters
    ----------
    texts : sequence of str
        Such as ``"serve"``, ``"KEY=serve"`` and ``"KEY=serve(x: float32[None, 3])"``.
    obj : Trackable, tf.function or None
        What is to be exported; None judges the texts alone.
    namespace : mapping
        Where functions that the object lacks are looked up.
    inputs : sequence of str
        What `--input` was given: it holds for the functions whose text has no specs.
    """
    given = _readable(inputs)
    taken: set[str] = set()
    found = []
    for text in texts:
        try:
            key, path, specs = choice.read(text, taken)
        except (ValueError, ExportError) as error:
            found.append(_said(error))
            continue
        taken.add(key)
        if specs is not None and (wrong := _names(specs)):
            found.append(wrong)
        else:
            found.append("" if obj is None else _asked(key, path, specs or given, obj, namespace))
    return found


def inputs(texts: Sequence[str]) -> list[str]:
    """Return what is wrong with each text that `--input` takes; each may hold several specs."""
    earlier: list[Spec] = []
    found = []
    for text in texts:
        try:
            specs = spec_text.parse_specs(text)
        except ValueError as error:
            found.append(str(error))
            continue
        twice = [spec.name for spec in specs if spec.name in {one.name for one in earlier}]
        earlier += [spec for spec in specs if spec.name not in twice]
        found.append(
            f"an input above is called {twice[0]!r} already"
            if twice
            else _names(specs) or _twins(earlier, specs)
        )
    return found


def _readable(texts: Sequence[str]) -> tuple[Spec, ...]:
    found: list[Spec] = []
    for text in texts:
        try:
            found += spec_text.parse_specs(text)
        except ValueError:
            continue  # `inputs` tells of it
    return tuple(found)


def _asked(
    key: str, path: str, specs: tuple[Spec, ...], obj: Any, namespace: Mapping[str, Any]
) -> str:
    try:
        found = target(path, obj, namespace)
    except UntoldError:
        return ""
    except LookupError:
        return _no_such(path, obj)
    try:
        if functions.is_function(found):
            return _of_function(key, path, found, specs)
        return _of_model(path, found, specs)
    except (ExportError, ValueError) as error:
        return _said(error)


def _no_such(path: str, obj: Any) -> str:
    there = offers.functions(obj)
    more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
    what = f"there is {', '.join(there[:_LISTED])}{more}" if there else "it has none"
    return f"{path!r} is no tf.function of the {type(obj).__name__}; {what}"


def _of_function(key: str, path: str, function: Any, specs: tuple[Spec, ...]) -> str:
    if specs or candidates.is_typed(function):
        making.refuse(key, function, specs, path)
        return ""
    if found := refusals.gone(function, path):
        return found.message
    offer = offers.of_target(function)
    what = (
        f"type {path}({spec_text.format_specs(offer)})"
        if offer
        else "no text can name its arguments: give it an input_signature"
    )
    return f"{path!r} does not say what it takes; {what}"


def _of_model(path: str, model: Any, specs: tuple[Spec, ...]) -> str:
    if specs:
        making.refuse_names([spec.name for spec in specs], path, None)
        keras_models.given(model, specs)
        return ""
    try:
        keras_models.known(model)
    except keras_models.NotBuiltError as error:
        offer = offers.of_target(model) or ()
        return (
            f"nobody knows what {path!r} takes: {error}; call it once, or type "
            f"{path}({spec_text.format_specs(offer)})"
        )
    return ""


def _names(specs: Sequence[Spec]) -> str:
    try:
        making.refuse_names([spec.name for spec in specs], "model", None)
    except ExportError as error:
        return _said(error)
    return _twins(specs, specs)


def _twins(specs: Sequence[Spec], own: Sequence[Spec]) -> str:
    """Tell of names that differ in case alone, if one of a text's `own` is among them."""
    for spec in own:
        alike = {one.name for one in specs if one.name.lower() == spec.name.lower()}
        if len(alike) > 1:
            return refusals.twins(sorted(alike), "model", None).message
    return ""


def _said(error: Exception) -> str:
    return error.findings[0].message if isinstance(error, ExportError) else str(error)
