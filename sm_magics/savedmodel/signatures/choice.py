"""Which functions of an object are served: as asked, or by the rules of the contract (S04-S24)."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import capture, frames, tf_private
from sm_magics.savedmodel.diagnostics import ExportError, finding
from sm_magics.savedmodel.signatures import endpoints, functions, keras_models, spec_text
from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError
from sm_magics.savedmodel.signatures.keras_models import DEFAULT_KEY, NotBuiltError, any_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.signatures import Signature, Spec
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

FORWARD = ("call", "__call__", "forward")
"""How a person may call the forward pass of a Keras model."""

_ITSELF = "function"
"""What a bare tf.function is called as the root of an export."""

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


def candidates(obj: Any) -> list[str]:
    """Return what a person can type to serve something of the object, the likeliest first."""
    known = capture.describe(obj).functions if capture.kind_of(obj) else ()
    nested = [path for path in known if not path.isidentifier()]
    found = functions.own_functions(obj)
    found |= {path: functions.resolve(path, obj) for path in nested}
    return [
        f"-s {path}" if _is_typed(function) else f"-s '{path}{_proposal(function)}'"
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


def _default(obj: Any, inputs: Sequence[Spec] | None, wishes: Wishes) -> list[Endpoint]:
    if functions.is_function(obj):
        return [_of(DEFAULT_KEY, obj, inputs, _ITSELF, wishes, "the function itself")]
    if loaded := getattr(obj, "signatures", None):
        return [
            endpoints.of_concrete(key, concrete, key, why="the signatures that were loaded")
            for key, concrete in loaded.items()
        ]
    own = functions.own_functions(obj)
    ready = {
        name: function
        for name, function in own.items()
        if _is_typed(function) and (wishes.flatten or unnameable(function) is None)
    }
    if len(ready) == 1:
        ((name, function),) = ready.items()
        return [
            _of(
                DEFAULT_KEY,
                function,
                None,
                name,
                wishes,
                f"the only servable tf.function{_others(own, name)}",
            )
        ]
    if keras_models.is_model(obj):
        try:
            return [_forward(obj, inputs, DEFAULT_KEY, wishes)]
        except NotBuiltError as error:
            raise ExportError([_not_built(obj, error)]) from None
    if inputs and len(own) == 1:
        ((name, function),) = own.items()
        return [
            _of(
                DEFAULT_KEY,
                function,
                inputs,
                name,
                wishes,
                "the only tf.function, for the inputs given",
            )
        ]
    return []


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
            raise ExportError([_bad_key(key)])
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
                raise ExportError([_not_built(value, error)]) from None
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
            raise ExportError([_not_built(obj, error)]) from None
    if keras_models.is_model(function):
        label = f"{path}.call"
        try:
            return keras_models.forward(function, specs, key=key, label=label, batch=wishes.batch)
        except NotBuiltError as error:
            raise ExportError([_not_built(function, error)]) from None
    return _of(key, function, specs, path, wishes)


def _forward(obj: Any, inputs: Sequence[Spec] | None, key: str, wishes: Wishes) -> Endpoint:
    _refuse_names(inputs or (), "call", None)
    try:
        return keras_models.forward(
            obj, inputs, key=key, batch=wishes.batch, flatten=wishes.flatten
        )
    except UnnamedOutputError as error:
        raise ExportError([_unnamed(error, "call", obj.call)]) from error


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
            raise ExportError([_no_such(path, obj)]) from None
        function = namespace[root]
        if root != path:
            try:
                function = functions.resolve(path[len(root) + 1 :], function)
            except (LookupError, SyntaxError):
                raise ExportError([_no_such(path, obj)]) from None
    if functions.is_function(function) or keras_models.is_model(function):
        return function
    if path in FORWARD and keras_models.is_model(obj):
        return None
    raise ExportError([_no_such(path, obj)])


def _of(  # noqa: PLR0913, PLR0917, what a signature is made of
    key: str,
    function: Any,
    specs: Sequence[Spec] | None,
    label: str,
    wishes: Wishes,
    why: str = "",
) -> Endpoint:
    if found := _gone(function, label):
        raise ExportError([found])
    try:
        return _made(key, function, specs, label, wishes, why)
    except UnnamedOutputError as error:
        raise ExportError([_unnamed(error, label, function)]) from error


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
        raise ExportError([_no_input_signature(key, function, label)])
    if not concrete:
        _refuse_names(_declared(function), label, function)
    if wishes.flatten and unnameable(function) is not None:
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
            raise ExportError([_bad_name(spec.name, label, function)])


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


def _is_typed(function: Any) -> bool:
    return functions.is_concrete(function) or function.input_signature is not None


def _proposal(function: Any) -> str:
    """Return specs from the traces that a function already has, or a form to fill in."""
    made = [] if functions.is_concrete(function) else tf_private.traces(function)
    return (
        f"({spec_text.format_specs(endpoints.specs_of(made[0])) if made else 'x: float32[None]'})"
    )


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


def wrong_guess(signature: Signature, reason: str) -> Diagnostic:
    """Return the finding that a model rejects the dtypes that Keras says it takes."""
    text = spec_text.format_specs(signature.inputs)
    return finding(
        "SM102",
        f"Keras kept no record of the dtypes that the model takes; {reason}",
        f"say what it takes, with the right dtypes: --input '{text}' (in Python: inputs='{text}')",
        function=signature.key,
    )


def _unnamed(error: UnnamedOutputError, label: str, function: Any) -> Diagnostic:
    try:
        names = ", ".join(endpoints.flat_outputs(error.outputs))
        offer = f"--flatten (flatten=True) names them {names}; or "
    except UnnamedOutputError:
        offer = ""
    return finding(
        "SM205",
        f"{label!r} can't be served: {error}",
        f"{offer}return one tensor, a flat list of tensors, or a dict of tensors by name",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def _bad_name(name: str, label: str, function: Any) -> Diagnostic:
    good = re.sub(r"[^A-Za-z0-9_.]", "_", name).lstrip("_") or "x"
    good = f"{good}_" if good == "self" or keyword.iskeyword(good) else good
    return finding(
        "SM203",
        f"{name!r} can't be the name of an input of {label!r}: a graph's names are letters, "
        "digits and _ . / > -, start with a letter, a digit or a dot, and are no word of Python's",
        f"name it otherwise, such as {good!r}",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def _gone(function: Any, label: str) -> Diagnostic | None:
    if not tf_private.owner_is_gone(function):
        return None
    return finding(
        "SM105",
        f"{label!r} is a method of an object that was deleted, so it can't be traced",
        "keep the object: give it a name (`m = M()`), and export that or `m.f`",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def _not_built(obj: Any, error: NotBuiltError) -> Diagnostic:
    names = keras_models.input_parameters(obj)
    example = f"{names[0] if names else 'x'}: float32[None, 4]"
    return finding(
        "SM102",
        f"nothing could be served of the {type(obj).__name__}: {error}",
        f"call it once on real data, or say what it takes: --input '{example}' "
        f"(in Python: inputs='{example}')",
    )


def _no_input_signature(key: str, function: Any, label: str) -> Diagnostic:
    if label == _ITSELF:
        inputs = _proposal(function)[1:-1]
        what, hint = "the function", f"--input '{inputs}' (in Python: inputs='{inputs}')"
    else:
        text = f"{key}={label}{_proposal(function)}"
        what, hint = repr(label), f"-s '{text}' (in Python: signatures='{text}')"
    return finding(
        "SM202",
        f"{what} has no input_signature, so the signature {key!r} can't be made of it",
        f"spell the inputs out: {hint}",
        function=label,
        **frames.where(frames.of_function(function)),
    )


def _no_such(path: str, obj: Any) -> Diagnostic:
    choices = candidates(obj) + (["-s call"] if keras_models.is_model(obj) else [])
    return finding(
        "SM202",
        f"{path!r} is no tf.function of the {type(obj).__name__}",
        f"choose one: {'; '.join(choices)}" if choices else "decorate a method with @tf.function",
        function=path,
    )


def _bad_key(key: Any) -> Diagnostic:
    return finding(
        "SM209",
        f"{key!r} can't be the key of a signature: "
        + ("TensorFlow uses it for itself" if isinstance(key, str) else "keys are strings"),
        f"name it otherwise, such as {DEFAULT_KEY!r}",
    )
