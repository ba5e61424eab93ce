"""Whether the inputs that a person spelled out are those that a tf.function takes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures import Spec, endpoint_specs
from sm_magics.savedmodel.signatures.functions import is_concrete, parameters_of, signature_of
from sm_magics.savedmodel.signatures.keras_inputs import as_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why inputs do not fit a function.

    Attributes
    ----------
    reason : str
        Follows "it can't be called with these inputs:".
    offer : tuple of Spec
        Inputs that would fit, as far as that is known; empty where the function's own are all that
        it takes.
    """

    reason: str
    offer: tuple[Spec, ...]


def misfit(function: Any, specs: Sequence[Spec]) -> Misfit | None:
    """Return why a tf.function or ConcreteFunction can't be called with some inputs, or None.

    Where the names are the function's own parameters they go there, else in the order given.
    """
    if is_concrete(function):
        return _misfit_of_trace(function, specs)
    signature = signature_of(function)
    parameters = signature.parameters
    names = [spec.name for spec in specs]
    known = [name for name in names if name in parameters_of(function)]
    mixed = 0 < len(known) < len(names)
    if mixed and not _goes_in_order(parameters, names, known):
        unknown = [name for name in names if name not in known]
        reason = f"{_listed(unknown)} is no parameter of it, {_listed(known)} is"
        return Misfit(reason, _offer(function, parameters, specs))
    by_name = len(known) == len(names)
    try:
        bound = (
            signature.bind(**{spec.name: spec for spec in specs})
            if by_name
            else signature.bind(*specs)
        )
    except TypeError as error:
        return Misfit(str(error), _offer(function, parameters, specs))
    if function.input_signature is None:
        return None
    declared = dict(zip(parameters, function.input_signature, strict=False))
    return _clash(bound.arguments, declared)


def _misfit_of_trace(concrete: Any, specs: Sequence[Spec]) -> Misfit | None:
    taken = dict(endpoint_specs.arguments(concrete))
    if tf_private.is_restored_trace(concrete) or not all(map(_is_tensor, taken.values())):
        return None  # how its arguments are called is TensorFlow's own matter
    names = [spec.name for spec in specs]
    written = tf_private.input_names(concrete)
    taken = dict(zip(written, taken.values(), strict=True))
    known = [name for name in names if name in taken]
    if known and len(known) < len(names):
        unknown = [name for name in names if name not in taken]
        return Misfit(f"{_listed(unknown)} is no input of it, {_listed(known)} is", ())
    if len(names) != len(taken):
        return Misfit(f"it takes {_listed(written)}", ())
    places = names if len(known) == len(names) else written
    return _clash(dict(zip(places, specs, strict=True)), taken)


def _clash(given: Mapping[str, Any], declared: Mapping[str, Any]) -> Misfit | None:
    """Return the first input that is none of what the function's author declared it to be."""
    import tensorflow as tf

    for name, spec in given.items():
        if not isinstance(spec, Spec):
            continue  # what *args and **kwargs take
        if name not in declared:
            return Misfit(f"its input_signature has no {name!r}", ())
        own = declared[name]
        if not isinstance(own, tf.TypeSpec):
            return Misfit(f"its input_signature has a {type(own).__name__} for {name!r}", ())
        if not own.is_compatible_with(spec.tensor_spec):
            wanted = as_whole(name, own)
            return Misfit(f"its input_signature says '{wanted}', not '{spec}'", ())
    return None


def _is_tensor(argument: Any) -> bool:
    import tensorflow as tf

    return isinstance(argument, tf.TensorSpec)


def _goes_in_order(
    parameters: Mapping[str, inspect.Parameter], names: Sequence[str], known: Sequence[str]
) -> bool:
    """Tell whether ``*args`` takes what comes after the parameters that are named."""
    variadic = any(p.kind == p.VAR_POSITIONAL for p in parameters.values())
    count = len(known)
    return variadic and list(known) == list(names)[:count] == list(parameters)[:count]


def _offer(
    function: Any, parameters: Mapping[str, inspect.Parameter], specs: Sequence[Spec]
) -> tuple[Spec, ...]:
    """Return the inputs given, under the function's names, with what lacks and without the rest."""
    if function.input_signature is not None:
        return ()
    named = parameters_of(function)
    lacking = [
        name
        for name in named
        if parameters[name].default is inspect.Parameter.empty
        and name not in [spec.name for spec in specs]
    ]
    offer = []
    for spec in specs:
        if spec.name in named:
            offer.append(spec)
        elif lacking:
            offer.append(spec._replace(name=lacking.pop(0)))
    return (*offer, *(Spec(name, "float32", (None,)) for name in lacking))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
