"""SM2xx: the signatures, and whether anything will be served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel.diagnostics import Severity, finding
from sm_magics.savedmodel.signatures import (
    candidates,
    dtype_guesses,
    endpoint_specs,
    functions,
    input_names,
    keras_models,
    refusals,
    spec_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.saved import Saved
    from sm_magics.savedmodel.signatures import Spec
    from sm_magics.savedmodel.signatures.endpoints import Endpoint


_SPELL = "give one an input_signature, @tf.function(input_signature=[...]); "


def check(obj: Any, chosen: Sequence[Endpoint]) -> list[Diagnostic]:
    """Return SM201 if no signature would be written, with the flag that picks each candidate."""
    if chosen:
        return []
    own = {} if functions.is_function(obj) else functions.own_functions(obj)
    is_model = keras_models.is_model(obj)
    lines = candidates.candidates(obj) + (["-s call"] if is_model else [])
    typed = [n for n, f in own.items() if candidates.is_typed(f) and not candidates.unnameable(f)]
    if is_model or len(typed) == 1:
        left = "its forward pass" if is_model else f"its tf.function {typed[0]!r}"
        what = f"the signatures asked for are empty, which leaves out {left}"
    elif len(own) > 1:
        what = f"it has {len(own)} tf.functions ({', '.join(own)}) and nothing says which to serve"
    elif own:
        ((name, function),) = own.items()
        why = candidates.unnameable(function) or "it has no input_signature"
        what = f"its tf.function {name!r} can't be served as it is: {why}"
    else:
        what = "it has no tf.function of its own"
    known = not own or any(map(candidates.is_typed, own.values()))
    return [
        finding(
            "SM201",
            f"no signature would be written for the {type(obj).__name__}: {what}",
            (f"choose: {'; '.join(lines)}; " if lines else "" if known else _SPELL)
            + "--allow-no-signature exports it for Python only",
        )
    ]


def unwritable(written: Saved) -> list[Diagnostic]:
    """Return SM205 for each function of the export that TensorFlow could not write."""
    return [
        refusals.unwritable(label, function, why)
        for label, function in written.functions.items()
        if (why := next(filter(None, map(tf_private.encoding_error, written.traces[label])), None))
    ]


def traced(endpoints: Sequence[Endpoint], obj: Any) -> list[Diagnostic]:
    """Return what the traces tell about the signatures: SM204, SM206 to SM208, SM210, odd names."""
    found: list[Diagnostic] = []
    for endpoint in endpoints:
        found += _renamed(endpoint, obj)
        found += _fixed_batch(endpoint)
        found += _baked(endpoint, obj)
        found += _in_parts(endpoint)
        found += _guessed(endpoint)
        found += _odd_outputs(endpoint)
    return found


def _renamed(endpoint: Endpoint, obj: Any) -> Iterator[Diagnostic]:
    """Yield SM204 where TensorFlow numbers or renames what the author did not name (S14)."""
    concrete, signature = endpoint.concrete, endpoint.signature
    parts = endpoint_specs.argument_tensors(concrete)
    if parts is None or tf_private.is_restored_trace(concrete):
        return
    if all(part.composite or part.wanted == part.written for part in parts):
        return
    mapping = ", ".join(f"{part.path} is {part.written!r}" for part in parts)
    proposal = ", ".join(
        f"{part.path}: {part.proposal!r}" for part in parts if part.wanted != part.written
    )
    yield finding(
        "SM204",
        f"the inputs of {signature.function!r} have no names of their own, so TensorFlow makes "
        f"some up: {mapping}",
        f"name each one: tf.TensorSpec(shape, dtype, name=...), such as {proposal}",
        function=signature.function,
        **_place(endpoint, obj),
    )


def _fixed_batch(endpoint: Endpoint) -> Iterator[Diagnostic]:
    if endpoint.fixed_batch:
        sizes = ", ".join(str(spec) for spec in endpoint.signature.inputs)
        yield finding(
            "SM206",
            f"the batch size of {endpoint.signature.key!r} is fixed ({sizes}): "
            f"{endpoint.fixed_batch}",
            (
                "trace it with a free dimension, tf.TensorSpec([None, ...])"
                if functions.is_concrete(endpoint.function)
                else "make the body work for any size (such as tf.shape(x)[0])"
            )
            + ", or say --batch fixed (batch='fixed') if it is meant",
            function=endpoint.signature.function,
        )


def _baked(endpoint: Endpoint, obj: Any) -> Iterator[Diagnostic]:
    if not functions.is_concrete(endpoint.function):
        return
    defaults = functions.defaults(functions.maker(endpoint.function, obj))
    for name, value in endpoint_specs.python_arguments(endpoint.concrete).items():
        if name not in defaults or defaults[name] != value:
            yield finding(
                "SM207",
                f"{name}={value!r} is baked into the signature {endpoint.signature.key!r}",
                "pass a tensor to let clients set it",
                function=endpoint.signature.function,
                **_place(endpoint, obj),
            )


def _in_parts(endpoint: Endpoint) -> Iterator[Diagnostic]:
    for name, kind, parts in endpoint_specs.composites(endpoint.concrete):
        yield finding(
            "SM208",
            f"the {kind} {name!r} becomes several tensors: {', '.join(parts)}",
            "clients feed each part by its name",
            function=endpoint.signature.function,
        )


def _guessed(endpoint: Endpoint) -> Iterator[Diagnostic]:
    """Yield SM210 where a guessed dtype is not what the body tells of."""
    if not endpoint.assumed:
        return
    declared = endpoint.signature.inputs
    told = dtype_guesses.told(endpoint.concrete, declared)
    text = spec_text.format_specs(told)
    hint = f"say what it takes: --input '{text}' (in Python: inputs='{text}')"
    names = [s.name for s, old in zip(told, declared, strict=True) if _is_number(s) and s != old]
    if names:
        yield finding(
            "SM210",
            f"Keras kept no record of the dtype of {', '.join(map(repr, names))}: it is declared "
            "as float32, but the model turns it into integers",
            hint,
            function=endpoint.signature.function,
        )
    found = [str(spec) for spec in declared if spec.dtype in dtype_guesses.GUESSES]
    if found:
        yield finding(
            "SM210",
            "Keras kept no record of the dtypes that the model takes, and it refuses float32: "
            f"{', '.join(found)} is a guess that it takes",
            hint,
            function=endpoint.signature.function,
        )


def _is_number(spec: Spec) -> bool:
    # What is cast to a string fails, and tells so.
    return spec.dtype != "string"


def _odd_outputs(endpoint: Endpoint) -> Iterator[Diagnostic]:
    odd = [s.name for s in endpoint.signature.outputs if not input_names.NAME.fullmatch(s.name)]
    if odd:
        yield finding(
            "SM205",
            f"outputs of {endpoint.signature.function!r} have odd names: "
            f"{', '.join(map(repr, odd))}",
            "name them with letters, digits and underscores, as clients in any language can type",
            severity=Severity.WARNING,
            function=endpoint.signature.function,
        )


def _place(endpoint: Endpoint, obj: Any) -> dict[str, Any]:
    function = functions.maker(endpoint.function, obj)
    frame = frames.of_function(function) if function is not None else None
    return frames.where(frame or frames.of_concrete(endpoint.concrete))
