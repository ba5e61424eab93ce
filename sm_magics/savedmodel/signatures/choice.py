"""Which functions of an object are served: as asked, or by the rules of the contract (S04-S24)."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.signatures import (
    candidates,
    endpoint_specs,
    endpoints,
    functions,
    keras_models,
    paths,
    refusals,
    spec_text,
)
from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError
from sm_magics.savedmodel.signatures.keras_models import DEFAULT_KEY, NotBuiltError
from sm_magics.savedmodel.signatures.making import Wishes, endpoint_of, refuse_names
from sm_magics.savedmodel.signatures.refusals import ITSELF

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sm_magics.savedmodel.signatures import Spec
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

__all__ = ["Wishes", "by_key", "choose", "read"]

_RESERVED = frozenset({"__saved_model_init_op", "__saved_model_train_op"})


def choose(
    obj: Any,
    signatures: Mapping[str, Any] | None = None,
    inputs: Sequence[Spec] | None = None,
    *,
    namespace: Mapping[str, Any] | None = None,
    wishes: Wishes | None = None,
) -> list[Endpoint]:
    """Choose and trace what will be served.

    Parameters
    ----------
    obj : Trackable, tf.function or ConcreteFunction
        The object to export.
    signatures : dict, optional
        From `by_key`. Without it, the rules of the contract choose.
    inputs : sequence of Spec, optional
        The inputs of an object that has no signature of its own.
    namespace : mapping, optional
        Where functions named in texts are looked up if the object has none of that name.
    wishes : Wishes, optional

    Returns
    -------
    list of Endpoint
        Empty if nothing can be served; that is for the caller to judge.

    Raises
    ------
    ExportError
        If what was asked for can't be served (SM102, SM105, SM202 to SM205).
    ValueError
        If a signature is no function, inputs are not those of the function that is served, or a
        batch size is to be fixed that nothing tells.
    """
    wishes = wishes or Wishes()
    if signatures is None:
        chosen = _default(obj, inputs, wishes)
    else:
        chosen = [
            _asked(key, value, obj, inputs, namespace or {}, wishes)
            for key, value in signatures.items()
        ]
    if wishes.batch == "fixed":
        return chosen
    return [_sized_by_a_call(endpoint, obj, namespace or {}) for endpoint in chosen]


def _default(obj: Any, inputs: Sequence[Spec] | None, wishes: Wishes) -> list[Endpoint]:
    if functions.is_function(obj):
        return [endpoint_of(DEFAULT_KEY, obj, inputs, ITSELF, wishes, "the function itself")]
    # Whatever else is called so is refused (SM104), or hidden by a dynamic attribute.
    loaded = inspect.getattr_static(obj, "signatures", None)
    if loaded and type(loaded).__name__ == "_SignatureMap":
        return [
            endpoints.of_concrete(key, concrete, key, why="the signatures that were loaded")
            for key, concrete in loaded.items()
        ]
    own = functions.own_functions(obj)
    is_model = keras_models.is_model(obj)
    name, why = _lone(own, wishes, inputs, is_model=is_model)
    if name is not None:
        typed = candidates.is_typed(own[name])
        if typed and inputs:
            _refuse_others(inputs, own[name], name, is_model=is_model)
        specs = None if typed else inputs
        return [endpoint_of(DEFAULT_KEY, own[name], specs, name, wishes, why)]
    return [_forward(obj, inputs, DEFAULT_KEY, "call", wishes)] if is_model else []


def _refuse_others(inputs: Sequence[Spec], function: Any, name: str, *, is_model: bool) -> None:
    """Refuse inputs that are not those of the function that is served by default."""
    concrete = function if functions.is_concrete(function) else function.get_concrete_function()
    own = endpoints.specs_of(concrete)
    if tuple(inputs) == own:
        return
    text = spec_text.format_specs(tuple(inputs))
    others = [f"{path}({text})" for path in ([name, "call"] if is_model else [name])]
    raise ValueError(
        f"--input '{text}' is not what {name!r} takes, which says so itself "
        f"('{spec_text.format_specs(own)}') and is what is served; leave --input (inputs) out, or "
        f"name the function: {' or '.join(f'-s {candidates.quoted(one)}' for one in others)} "
        f"(in Python: signatures={others[0]!r})"
    )


def _lone(
    own: Mapping[str, Any], wishes: Wishes, inputs: Sequence[Spec] | None, *, is_model: bool
) -> tuple[str | None, str]:
    """Return the function of an object that nothing but itself can be meant by, and why so."""
    typed = [name for name, function in own.items() if candidates.is_typed(function)]
    ready = [n for n in typed if wishes.flatten or candidates.unnameable(own[n]) is None]
    if len(ready) == 1:
        return ready[0], f"the only servable tf.function{_others(own, ready[0], typed)}"
    if is_model:
        return None, ""
    if len(typed) == 1:
        return typed[0], ""  # which tells why it can't be served, and offers names
    if inputs and len(own) == 1:
        return next(iter(own)), "the only tf.function, for the inputs given"
    return None, ""


def _others(own: Mapping[str, Any], chosen: str, typed: Sequence[str]) -> str:
    untyped = [name for name in own if name not in typed]
    unnamed = [name for name in typed if name != chosen]
    return (f"; {', '.join(untyped)} without input_signature" if untyped else "") + (
        f"; the outputs of {', '.join(unnamed)} have no names" if unnamed else ""
    )


def by_key(signatures: Any) -> dict[str, Any]:
    """Return what a person asked to serve by key; texts become (path, specs).

    Raises
    ------
    ExportError
        If a key can't be one (SM209).
    ValueError
        If `signatures` has none of the forms; the message lists them.
    """
    if isinstance(signatures, str):
        signatures = [signatures]
    if isinstance(signatures, Mapping):
        found = dict(signatures)
    elif isinstance(signatures, list | tuple) and all(isinstance(text, str) for text in signatures):
        found = {}
        for text in signatures:
            key, *served = read(text, found)
            found[key] = tuple(served)
    elif functions.is_function(signatures):
        found = {DEFAULT_KEY: signatures}
    else:
        raise ValueError(
            f"signatures is a {type(signatures).__name__}; pass a tf.function with an "
            "input_signature, a ConcreteFunction, a dict of these by key, or texts such as "
            "'KEY=serve(x: float32[None, 3])'"
        )
    for key in found:
        _refuse_key(key)
    return found


def read(text: str, taken: Collection[str] = ()) -> tuple[str, str, tuple[Spec, ...] | None]:
    """Return the key, path and specs of a text such as ``KEY=serve(x: float32[None, 3])``.

    Raises
    ------
    ExportError
        If the key can't be one (SM209).
    ValueError
        If the text has no such form, or its key is among those that are `taken`.
    """
    key, path, specs = spec_text.parse_signature(text)
    key = key or DEFAULT_KEY
    _refuse_key(key)
    if key in taken:
        raise ValueError(f"two signatures are called {key!r}; name one KEY=…")
    return key, path, specs


def _refuse_key(key: Any) -> None:
    if not isinstance(key, str) or key in _RESERVED:
        raise ExportError([refusals.bad_key(key)])


def _asked(  # noqa: PLR0913, PLR0917, what a signature is made of
    key: str,
    value: Any,
    obj: Any,
    inputs: Sequence[Spec] | None,
    namespace: Mapping[str, Any],
    wishes: Wishes,
) -> Endpoint:
    if isinstance(value, str):
        value = spec_text.parse_function(value)
    if type(value) is not tuple:  # a Spec is another kind of tuple
        if functions.is_function(value):
            label = _label(value, obj)
            function = _maker(value, obj)
            return endpoint_of(key, value if function is None else function, None, label, wishes)
        if keras_models.is_model(value):
            label = "call" if value is obj else f"{value.name}.call"
            return _forward(value, inputs, key, label, wishes)
        raise ValueError(
            f"signature {key!r} is a {type(value).__name__}; pass a tf.function with an "
            "input_signature or a ConcreteFunction"
        )
    path, specs = value
    specs = specs or inputs
    function = paths.find(path, obj, namespace)
    if function is None:
        return _forward(obj, specs, key, "call", wishes)
    if keras_models.is_model(function):
        label = path if path.rpartition(".")[2] in paths.FORWARD else f"{path}.call"
        return _forward(function, specs, key, label, wishes)
    made_by = None if specs else _maker(function, obj)
    return endpoint_of(key, made_by or function, specs, path, wishes)


def _forward(
    model: Any, inputs: Sequence[Spec] | None, key: str, label: str, wishes: Wishes
) -> Endpoint:
    refuse_names([spec.name for spec in inputs or ()], label, None)
    try:
        return keras_models.forward(
            model, inputs, key=key, label=label, batch=wishes.batch, flatten=wishes.flatten
        )
    except NotBuiltError as error:
        raise ExportError([refusals.not_built(model, error)]) from None
    except UnnamedOutputError as error:
        raise ExportError([refusals.unnamed(error, label, model.call)]) from error


def _maker(concrete: Any, obj: Any) -> Any:
    """Return the object's own tf.function that can stand for a ConcreteFunction (S07).

    TensorFlow traces the object's tf.functions again for the export; a ConcreteFunction is stored
    besides, so that its body is there twice.
    """
    made = functions.maker(concrete, obj) if functions.is_concrete(concrete) else None
    return made if made is not None and made.input_signature is not None else None


def _sized_by_a_call(endpoint: Endpoint, obj: Any, namespace: Mapping[str, Any]) -> Endpoint:
    """Return an endpoint that says so if it is a trace whose sizes nobody spelled out, it seems."""
    concrete = endpoint.function
    if not functions.is_concrete(concrete) or not endpoint_specs.is_all_fixed(concrete):
        return endpoint
    known = [*namespace.values(), *candidates.nested(obj).values()]
    made_by = functions.maker(concrete, obj) or functions.maker_among(concrete, known)
    if made_by is None or made_by.input_signature is not None:
        return endpoint
    return replace(endpoint, fixed_batch="it is the trace of a call with these sizes")


def _label(function: Any, obj: Any) -> str:
    made_by = functions.maker(function, obj)
    for name, own in functions.own_functions(obj).items() if not functions.is_function(obj) else ():
        if own is function or own is made_by:
            return name
    return tf_private.function_name(function)
