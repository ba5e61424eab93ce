"""Which functions of an object are served: as asked, or by the rules of the contract (S04-S24)."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.signatures import (
    candidates,
    endpoints,
    functions,
    keras_models,
    refusals,
    spec_text,
)
from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError
from sm_magics.savedmodel.signatures.keras_models import DEFAULT_KEY, NotBuiltError, any_batch
from sm_magics.savedmodel.signatures.refusals import ITSELF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.signatures import Spec
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

FORWARD = ("call", "__call__", "forward")
"""How a person may call the forward pass of a Keras model."""

NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
"""What a graph's names are made of (S13)."""

_RESERVED = frozenset({"__saved_model_init_op", "__saved_model_train_op"})


@dataclass(frozen=True, slots=True)
class Wishes:
    """How signatures are to be made.

    `flatten` names the leaves of nested outputs; `batch` is ``"free"``, ``"fixed"`` or None, which
    frees dimension 0 of a forward pass where its body allows it.
    """

    flatten: bool = False
    batch: str | None = None


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
        If a signature is no function.
    """
    wishes = wishes or Wishes()
    if signatures is None:
        return _default(obj, inputs, wishes)
    return [
        _asked(key, value, obj, inputs, namespace or {}, wishes)
        for key, value in signatures.items()
    ]


def _default(obj: Any, inputs: Sequence[Spec] | None, wishes: Wishes) -> list[Endpoint]:
    if functions.is_function(obj):
        return [_of(DEFAULT_KEY, obj, inputs, ITSELF, wishes, "the function itself")]
    if loaded := getattr(obj, "signatures", None):
        return [
            endpoints.of_concrete(key, concrete, key, why="the signatures that were loaded")
            for key, concrete in loaded.items()
        ]
    own = functions.own_functions(obj)
    is_model = keras_models.is_model(obj)
    name, why = _lone(own, wishes, inputs, is_model=is_model)
    if name is not None:
        specs = None if candidates.is_typed(own[name]) else inputs
        return [_of(DEFAULT_KEY, own[name], specs, name, wishes, why)]
    if not is_model:
        return []
    try:
        return [_forward(obj, inputs, DEFAULT_KEY, wishes)]
    except NotBuiltError as error:
        raise ExportError([refusals.not_built(obj, error)]) from None


def _lone(
    own: Mapping[str, Any], wishes: Wishes, inputs: Sequence[Spec] | None, *, is_model: bool
) -> tuple[str | None, str]:
    """Return the function of an object that nothing but itself can be meant by, and why so."""
    typed = [name for name, function in own.items() if candidates.is_typed(function)]
    ready = [n for n in typed if wishes.flatten or candidates.unnameable(own[n]) is None]
    if len(ready) == 1:
        return ready[0], f"the only servable tf.function{_others(own, ready[0])}"
    if is_model:
        return None, ""
    if len(typed) == 1:
        return typed[0], ""  # which tells why it can't be served, and offers names
    if inputs and len(own) == 1:
        return next(iter(own)), "the only tf.function, for the inputs given"
    return None, ""


def _others(own: Mapping[str, Any], chosen: str) -> str:
    rest = [name for name in own if name != chosen]
    return f"; {', '.join(rest)} without input_signature" if rest else ""


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
            key, path, specs = spec_text.parse_signature(text)
            if (key or DEFAULT_KEY) in found:
                raise ValueError(
                    f"two signatures are called {key or DEFAULT_KEY!r}; name one KEY=…"
                )
            found[key or DEFAULT_KEY] = (path, specs)
    elif functions.is_function(signatures):
        found = {DEFAULT_KEY: signatures}
    else:
        raise ValueError(
            f"signatures is a {type(signatures).__name__}; pass a tf.function with an "
            "input_signature, a ConcreteFunction, a dict of these by key, or texts such as "
            "'KEY=serve(x: float32[None, 3])'"
        )
    for key in found:
        if not isinstance(key, str) or key in _RESERVED:
            raise ExportError([refusals.bad_key(key)])
    return found


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
    if not isinstance(value, tuple):
        if functions.is_function(value):
            value = _maker(value, obj) or value
            return _of(key, value, None, _label(value, obj), wishes)
        if keras_models.is_model(value):
            label = "call" if value is obj else f"{value.name}.call"
            try:
                return keras_models.forward(
                    value, inputs, key=key, label=label, batch=wishes.batch, flatten=wishes.flatten
                )
            except NotBuiltError as error:
                raise ExportError([refusals.not_built(value, error)]) from None
        raise ValueError(
            f"signature {key!r} is a {type(value).__name__}; pass a tf.function with an "
            "input_signature or a ConcreteFunction"
        )
    path, specs = value
    specs = specs or inputs
    function = find(path, obj, namespace)
    if function is None:
        try:
            return _forward(obj, specs, key, wishes)
        except NotBuiltError as error:
            raise ExportError([refusals.not_built(obj, error)]) from None
    if keras_models.is_model(function):
        label = f"{path}.call"
        try:
            return keras_models.forward(function, specs, key=key, label=label, batch=wishes.batch)
        except NotBuiltError as error:
            raise ExportError([refusals.not_built(function, error)]) from None
    made_by = None if specs else _maker(function, obj)
    return _of(key, made_by or function, specs, path, wishes)


def _forward(obj: Any, inputs: Sequence[Spec] | None, key: str, wishes: Wishes) -> Endpoint:
    _refuse_names(inputs or (), "call", None)
    try:
        return keras_models.forward(
            obj, inputs, key=key, batch=wishes.batch, flatten=wishes.flatten
        )
    except UnnamedOutputError as error:
        raise ExportError([refusals.unnamed(error, "call", obj.call)]) from error


def find(path: str, obj: Any, namespace: Mapping[str, Any]) -> Any:
    """Return the tf.function or Keras layer that a path means on an object, else in a namespace.

    None stands for the forward pass of a Keras model.

    Raises
    ------
    ExportError
        If there is none (SM202); the hint lists what there is.
    """
    try:
        function = functions.resolve(path, obj)
    except LookupError:
        root = re.split(r"[.\[]", path, maxsplit=1)[0]
        if path in FORWARD and keras_models.is_model(obj):
            return None
        if root not in namespace:
            raise ExportError([refusals.no_such(path, obj)]) from None
        function = namespace[root]
        if root != path:
            try:
                function = functions.resolve(path[len(root) + 1 :], function)
            except (LookupError, SyntaxError):
                raise ExportError([refusals.no_such(path, obj)]) from None
    if functions.is_function(function) or keras_models.is_model(function):
        return function
    if path in FORWARD and keras_models.is_model(obj):
        return None
    raise ExportError([refusals.no_such(path, obj)])


def _of(  # noqa: PLR0913, PLR0917, what a signature is made of
    key: str,
    function: Any,
    specs: Sequence[Spec] | None,
    label: str,
    wishes: Wishes,
    why: str = "",
) -> Endpoint:
    if found := refusals.gone(function, label):
        raise ExportError([found])
    try:
        return _made(key, function, specs, label, wishes, why)
    except UnnamedOutputError as error:
        raise ExportError([refusals.unnamed(error, label, function)]) from error


def _made(  # noqa: PLR0913, PLR0917, what a signature is made of
    key: str,
    function: Any,
    specs: Sequence[Spec] | None,
    label: str,
    wishes: Wishes,
    why: str,
) -> Endpoint:
    concrete = functions.is_concrete(function)
    if specs:
        _refuse_names(specs, label, function)
        specs = [any_batch(spec) for spec in specs] if wishes.batch == "free" else specs
        name_outputs = endpoints.flat_outputs if wishes.flatten else None
        return endpoints.of_specs(key, function, specs, label, why=why, name_outputs=name_outputs)
    if not concrete and function.input_signature is None:
        raise ExportError([refusals.no_input_signature(key, function, label)])
    if not concrete:
        _refuse_names(_declared(function), label, function)
    if wishes.flatten and candidates.unnameable(function) is not None:
        return endpoints.flattened(key, function, label, why=why)
    make = endpoints.of_concrete if concrete else endpoints.of_function
    endpoint = make(key, function, label, why=why)
    _refuse_fixed(endpoint, wishes, label)
    return endpoint


def _refuse_fixed(endpoint: Endpoint, wishes: Wishes, label: str) -> None:
    fixed = [spec for spec in endpoint.signature.inputs if spec.shape and spec.shape[0] is not None]
    if wishes.batch == "free" and fixed:
        text = spec_text.format_specs(tuple(any_batch(spec) for spec in endpoint.signature.inputs))
        raise ValueError(
            f"the trace of {label!r} has a fixed batch size ({fixed[0]}), which can't be freed "
            f"afterwards; give it the input_signature of {text}"
        )


def _declared(function: Any) -> list[Any]:
    """Return the named tensors of a tf.function's input_signature."""
    import tensorflow as tf

    return [
        spec
        for spec in tf.nest.flatten(function.input_signature)
        if isinstance(spec, tf.TensorSpec) and spec.name  # an empty one means the argument's
    ]


def _refuse_names(specs: Sequence[Any], label: str, function: Any) -> None:
    for spec in specs:
        if not NAME.fullmatch(spec.name) or spec.name == "self" or keyword.iskeyword(spec.name):
            raise ExportError([refusals.bad_name(spec.name, label, function)])


def _maker(concrete: Any, obj: Any) -> Any:
    """Return the object's own tf.function that can stand for a ConcreteFunction (S07).

    TensorFlow traces the object's tf.functions again for the export; a ConcreteFunction is stored
    besides, so that its body is there twice.
    """
    made = functions.maker(concrete, obj) if functions.is_concrete(concrete) else None
    return made if made is not None and made.input_signature is not None else None


def _label(function: Any, obj: Any) -> str:
    for name, own in functions.own_functions(obj).items() if not functions.is_function(obj) else ():
        if own is function:
            return name
    return str(getattr(function, "__name__", None) or function.name)
