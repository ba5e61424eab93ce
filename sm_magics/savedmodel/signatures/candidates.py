"""What of an object can be served, and what a person would type for it."""

from __future__ import annotations

import re
import shlex
from typing import Any

from sm_magics.savedmodel import capture, saved
from sm_magics.savedmodel.signatures import endpoints, functions, proposals, spec_text
from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError
from sm_magics.savedmodel.signatures.keras_inputs import NotBuiltError, is_a, known


def candidates(obj: Any) -> list[str]:
    """Return what a person can type to serve something of the object, the likeliest first."""
    offers = [
        offer
        for path, function in (functions.own_functions(obj) | nested(obj)).items()
        if functions.is_function(function)
        and can_be_typed(path)
        and unnameable(function) is None
        and (offer := offered(path, function))
    ]
    for path, model in models(obj).items():
        specs = "" if _is_known(model) else f"({proposals.of_model(model)})"
        offers.append(f"-s {quoted(path + specs)}")
    return offers


def nested(obj: Any) -> dict[str, Any]:
    """Return the tf.functions of an object's parts, by path."""
    paths = capture.describe(obj).functions if capture.kind_of(obj) else ()
    return {path: functions.resolve(path, obj) for path in paths if not path.isidentifier()}


def models(obj: Any) -> dict[str, Any]:
    """Return the Keras models that an object holds by path, but those within another."""
    found: dict[str, Any] = {}
    if is_a(obj, "Layer") or not capture.kind_of(obj):
        return found
    inside: list[str] = []
    for path, node in saved.look(obj, trace=False).nodes.items():
        if not path or path.startswith(tuple(inside)) or not is_a(node, "Layer"):
            continue
        inside += [f"{path}.", f"{path}["]
        try:
            same = functions.resolve(path, obj) is node
        except (LookupError, SyntaxError):
            continue
        if same and can_be_typed(path) and not is_a(node, "Metric"):
            found[path] = node
    return found


def _is_known(model: Any) -> bool:
    try:
        known(model)
    except NotBuiltError:
        return False
    return True


def can_be_typed(path: str) -> bool:
    """Tell whether a text can name what is at a path."""
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


def offered(path: str, function: Any) -> str | None:
    """Return the option that serves a function; None where no text can say what it takes."""
    if is_typed(function):
        return f"-s {quoted(path)}"
    specs = proposals.of_function(function)
    return None if specs is None else f"-s {quoted(f'{path}({specs})')}"


def quoted(text: str) -> str:
    """Return a text as a word of a magic's line."""
    if re.fullmatch(r"[\w.\[\]=]+", text):
        return text
    if "'" not in text:
        return f"'{text}'"
    return shlex.quote(text) if re.search(r'["\\]', text) else f'"{text}"'
