"""A tf.function becomes an endpoint, as its author or a person says what it takes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.signatures import (
    candidates,
    endpoint_specs,
    endpoints,
    fitting,
    functions,
    proposals,
    refusals,
    spec_text,
)
from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError
from sm_magics.savedmodel.signatures.input_names import is_good
from sm_magics.savedmodel.signatures.proposals import any_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.signatures import Spec
    from sm_magics.savedmodel.signatures.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Wishes:
    """How signatures are to be made.

    `flatten` names the leaves of nested outputs; `batch` is ``"free"``, ``"fixed"`` or None, which
    frees dimension 0 of a forward pass where its body allows it.
    """

    flatten: bool = False
    batch: str | None = None


def endpoint_of(  # noqa: PLR0913, PLR0917, what a signature is made of
    key: str,
    function: Any,
    specs: Sequence[Spec] | None,
    label: str,
    wishes: Wishes,
    why: str = "",
) -> Endpoint:
    """Make an endpoint of a tf.function or ConcreteFunction, for the inputs given if there are any.

    Raises
    ------
    ExportError
        If it can't be served (SM105, SM202 to SM205).
    ValueError
        If a trace has a batch size that is to be free.
    """
    refuse(key, function, specs, label)
    try:
        return _made(key, function, specs, label, wishes, why)
    except UnnamedOutputError as error:
        raise ExportError([refusals.unnamed(error, label, function)]) from error


def refuse(key: str, function: Any, specs: Sequence[Spec] | None, label: str) -> None:
    """Raise ExportError for what can be told of a function without tracing it (SM105, SM202-4)."""
    if found := refusals.gone(function, label):
        raise ExportError([found])
    if specs:
        names = [spec.name for spec in specs]
        refuse_names(names, label, function)
        _refuse_twins(names, label, function)
        if misfit := fitting.misfit(function, specs):
            raise ExportError([refusals.misfit(key, function, specs, label, misfit)])
    elif not functions.is_concrete(function):
        if function.input_signature is None:
            raise ExportError([refusals.no_input_signature(key, function, label)])
        refuse_names([spec.name for spec in _declared(function)], label, function)
        _refuse_twins(_called(function), label, function)


def _made(  # noqa: PLR0913, PLR0917, what a signature is made of
    key: str,
    function: Any,
    specs: Sequence[Spec] | None,
    label: str,
    wishes: Wishes,
    why: str,
) -> Endpoint:
    if specs:
        specs = [any_batch(spec) for spec in specs] if wishes.batch == "free" else specs
        if wishes.batch == "fixed":
            proposals.refuse_unsized(tuple(specs), label)
        name_outputs = endpoints.flat_outputs if wishes.flatten else None
        return endpoints.of_specs(key, function, specs, label, why=why, name_outputs=name_outputs)
    if wishes.flatten and candidates.unnameable(function) is not None:
        flat = endpoints.flat_outputs
        endpoint = endpoints.wrapped(key, function, label, why=why, name_outputs=flat)
    else:
        endpoint = _served(key, function, label, why)
    _refuse_fixed(endpoint, wishes, label)
    if wishes.batch == "fixed":
        flag = "--input" if label == refusals.ITSELF else "-s"
        proposals.refuse_unsized(endpoint.signature.inputs, label, flag)
    return endpoint


def _served(key: str, function: Any, label: str, why: str) -> Endpoint:
    """Serve a function for what its author says that it takes."""
    make = endpoints.of_concrete if functions.is_concrete(function) else endpoints.of_function
    endpoint = make(key, function, label, why=why)
    if endpoint_specs.is_misrouted(endpoint.concrete):
        return endpoints.wrapped(key, function, label, why=why)
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


def _called(function: Any) -> list[str]:
    """Return the names of the tensors of a tf.function's input_signature, as its author sees them.

    Those of nested arguments that have none are left out: TensorFlow makes some up.
    """
    import tensorflow as tf

    parameters = [p for p in inspect.signature(function.python_function).parameters if p != "self"]
    unnamed = [
        name
        for name, spec in zip(parameters, function.input_signature, strict=False)
        if isinstance(spec, tf.TensorSpec) and not spec.name
    ]
    return [spec.name for spec in _declared(function)] + unnamed


def refuse_names(names: Sequence[str], label: str, function: Any) -> None:
    """Raise SM203 for a name that no input can have."""
    for name in names:
        if not is_good(name):
            raise ExportError([refusals.bad_name(name, label, function)])


def _refuse_twins(names: Sequence[str], label: str, function: Any) -> None:
    if len({name.lower() for name in names}) < len(set(names)):
        raise ExportError([refusals.twins(names, label, function)])
