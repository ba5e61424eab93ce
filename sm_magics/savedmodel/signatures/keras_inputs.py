"""What a Keras model takes: as its Input layers, its first call or a person say."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures import Spec, spec_text
from sm_magics.savedmodel.signatures.endpoints import as_spec
from sm_magics.savedmodel.signatures.input_names import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Arguments = Callable[[Mapping[str, Any]], tuple[list[Any], dict[str, Any]]]

_GIVEN = "the forward pass, for the inputs given"


class NotBuiltError(ValueError):
    """The model's inputs are not known, and none were given; the message says why.

    Attributes
    ----------
    known : dict of str to Spec
        What is known of the parameters of `call` nevertheless.
    """

    def __init__(self, message: str, known: Mapping[str, Spec] | None = None) -> None:
        super().__init__(message)
        self.known = dict(known or {})


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a model takes.

    Attributes
    ----------
    specs : tuple of Spec
    arguments : callable
        Tensors by name -> the arguments of a call.
    why : str
        Where the names come from.
    assumed : bool
        Whether the dtypes are a guess.
    """

    specs: tuple[Spec, ...]
    arguments: Arguments
    why: str
    assumed: bool = False


def known(model: Any) -> Inputs:
    """Return what a model takes by its Input layers or its first call.

    Raises
    ------
    NotBuiltError
        If neither says it.
    """
    if _has_input_layers(model):
        return _from_input_layers(model)
    if not model.built:
        raise NotBuiltError("it was never built: it has no weights yet")
    recorded = tf_private.save_spec(model)
    if recorded is None:
        raise NotBuiltError("it is built, but Keras kept no record of what it takes")
    positional, by_name, source = recorded
    return _from_first_call(model, _by_parameter(model, positional, by_name), source)


def _has_input_layers(model: Any) -> bool:
    is_graph = is_a(model, "Functional", "Sequential")
    return bool(is_graph and model.built and getattr(model, "inputs", None))


def _from_input_layers(model: Any) -> Inputs:
    import tensorflow as tf

    # A Sequential model has one input, and `input` raises where it was built by a call.
    sequential = is_a(model, "Sequential")
    structure = model.inputs[0] if sequential else model.input
    tensors = tf.nest.flatten(structure)
    names = [tf_private.history_name(tensor) or tensor.name for tensor in tensors]
    if isinstance(structure, dict):
        # An author who keyed the inputs but named no layer means the keys.
        keys = sorted(structure)
        if len(keys) == len(names) and all(
            re.fullmatch(r"input(_layer)?(_\d+)?", n) for n in names
        ):
            names = keys
    names = unique(names)
    specs = tuple(_of_tensor(name, t) for name, t in zip(names, tensors, strict=True))
    return Inputs(
        specs,
        lambda feeds: ([tf.nest.pack_sequence_as(structure, [feeds[n] for n in names])], {}),
        "the forward pass; names from the Input and output layers",
        assumed=sequential and tf_private.input_is_inferred(model),
    )


def _of_tensor(name: str, tensor: Any) -> Spec:
    """Describe a symbolic Keras tensor: `tf_keras` has a type of it, Keras 3 has flags."""
    import tensorflow as tf

    kind = _kind(getattr(tensor, "type_spec", None)) or next(
        (kind for kind in spec_text.KINDS if getattr(tensor, kind, None) is True), ""
    )
    return Spec(name, tf.as_dtype(tensor.dtype).name, tuple(tensor.shape), kind)


def _kind(spec: Any) -> str:
    return {"RaggedTensorSpec": "ragged", "SparseTensorSpec": "sparse"}.get(type(spec).__name__, "")


def _by_parameter(
    model: Any, positional: Sequence[Any], by_name: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what Keras recorded of a call, by the parameters of `call`; only what are tensors."""
    parameters = _positional_parameters(model)
    found = dict(zip(parameters, positional, strict=False))
    required = required_parameters(model)
    # An optional one that was passed by name stays at its default, as it does for Keras.
    found |= {name: spec for name, spec in by_name.items() if name in required}
    found = {name: structure for name, structure in found.items() if _is_of_tensors(structure)}
    missing = [name for name in required if name not in found]
    if missing:
        specs = {name: s for name, s in found.items() if not isinstance(s, dict | list | tuple)}
        raise NotBuiltError(
            f"Keras kept no record of its input {missing[0]!r}",
            {name: as_whole(name, spec) for name, spec in specs.items()},
        )
    if not found:
        raise NotBuiltError("it is built, but Keras kept no record of what it takes")
    return found


def _is_of_tensors(structure: Any) -> bool:
    import tensorflow as tf

    leaves = tf.nest.flatten(structure)
    return bool(leaves) and all(isinstance(leaf, tf.TypeSpec) for leaf in leaves)


def as_whole(name: str, leaf: Any) -> Spec:
    """Describe a `tf.TypeSpec` of a dense, ragged or sparse tensor."""
    return as_spec(name, leaf)._replace(kind=_kind(leaf))


def _from_first_call(model: Any, structures: dict[str, Any], source: str) -> Inputs:
    import tensorflow as tf

    names: list[str] = []
    for parameter, structure in structures.items():
        if isinstance(structure, dict):
            names += sorted(structure)
        else:
            count = len(tf.nest.flatten(structure))
            names += [parameter] if count == 1 else [f"{parameter}_{i}" for i in range(count)]
    names = unique(names)
    # In the order of the call, which tf.nest would sort.
    leaves = [leaf for structure in structures.values() for leaf in tf.nest.flatten(structure)]
    specs = tuple(as_whole(name, leaf) for name, leaf in zip(names, leaves, strict=True))

    def arguments(feeds: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        packed = tf.nest.pack_sequence_as(list(structures.values()), [feeds[n] for n in names])
        return _placed(model, dict(zip(structures, packed, strict=True)))

    note = (
        ""
        if source == "call"
        else f"; {specs[0].dtype} is assumed: say --input if it takes another"
    )
    return Inputs(
        specs,
        arguments,
        "the forward pass; inputs as in the first call" + note + _left_out(model, structures),
        assumed=source != "call",
    )


def _placed(model: Any, values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return arguments by position as far as there is no gap, the others by name."""
    args, kwargs = [], dict(values)
    for name in _positional_parameters(model):
        if name not in kwargs or name == "training":
            break
        args.append(kwargs.pop(name))
    return args, kwargs


def _left_out(model: Any, taken: Mapping[str, Any]) -> str:
    """Say which optional inputs the forward pass does without."""
    rest = [name for name in input_parameters(model) if name not in taken and name != "mask"]
    return f"; {', '.join(rest)} left at the default (--input takes them in)" if rest else ""


def given(model: Any, specs: tuple[Spec, ...]) -> Inputs:
    """Return what a model takes as a person spelled it out.

    Names that are the model's own go there. Others are taken in order where it is known what the
    model takes; where it is not, as a dict, or as a list if they are called ``t_0``, ``t_1``, ...

    Raises
    ------
    ValueError
        If the forward pass does not take as many; the message says what it takes.
    """
    parameters = input_parameters(model)
    names = [spec.name for spec in specs]
    by_name = set(names) <= set(parameters)
    try:
        own = known(model)
    except NotBuiltError:
        own = None
    if own is not None and {spec.name for spec in own.specs} == set(names):
        return replace(own, specs=specs, why=_GIVEN, assumed=False)
    if by_name and not _has_input_layers(model):
        missing = [name for name in required_parameters(model) if name not in names]
        if missing:
            _refuse(model, specs, f"it lacks {', '.join(missing)}")
        return Inputs(specs, lambda feeds: _placed(model, {n: feeds[n] for n in names}), _GIVEN)
    if own is not None and len(own.specs) != len(specs):
        _refuse(model, specs, f"it takes '{spec_text.format_specs(own.specs)}'")
    if own is not None:
        theirs = [spec.name for spec in own.specs]

        def in_order(feeds: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
            tensors = [feeds[name] for name in names]
            return own.arguments(dict(zip(theirs, tensors, strict=True)))

        return Inputs(specs, in_order, _GIVEN)
    return Inputs(specs, _unrecorded(model, specs), _GIVEN)


def _unrecorded(model: Any, specs: tuple[Spec, ...]) -> Arguments:
    """Return how tensors become arguments of a model of which only its `call` is known."""
    names = [spec.name for spec in specs]
    required = required_parameters(model) or input_parameters(model)[:1]
    if len(names) == len(required):
        return lambda feeds: ([feeds[name] for name in names], {})
    if len(required) > 1:
        _refuse(model, specs, f"it takes {', '.join(required)}")
    if required and names == [f"{required[0]}_{index}" for index in range(len(names))]:
        return lambda feeds: ([[feeds[name] for name in names]], {})
    return lambda feeds: ([{name: feeds[name] for name in names}], {})


def _refuse(model: Any, specs: tuple[Spec, ...], why: str) -> None:
    raise ValueError(
        f"the forward pass of the {type(model).__name__} does not take "
        f"'{spec_text.format_specs(specs)}': {why}"
    )


def input_parameters(model: Any) -> list[str]:
    """Return the names of what a model's `call` takes by position."""
    return [name for name in _positional_parameters(model) if name != "training"]


def _positional_parameters(model: Any) -> list[str]:
    return [
        name
        for name, parameter in _call_signature(model).parameters.items()
        if name != "self"
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]


def required_parameters(model: Any) -> list[str]:
    """Return the names of what a model's `call` can't do without."""
    parameters = _call_signature(model).parameters
    return [n for n in input_parameters(model) if parameters[n].default is inspect.Parameter.empty]


def takes_training(model: Any) -> bool:
    """Tell whether a model's `call` takes ``training``."""
    parameters = _call_signature(model).parameters
    return "training" in parameters or any(p.kind == p.VAR_KEYWORD for p in parameters.values())


def _call_signature(model: Any) -> inspect.Signature:
    return inspect.signature(getattr(model.call, "python_function", model.call))


def is_a(obj: Any, *names: str) -> bool:
    """Tell whether an object is of a Keras class of one of these names."""
    return any(
        cls.__name__ in names and cls.__module__.startswith(("keras.src.", "tf_keras."))
        for cls in type(obj).__mro__
    )
