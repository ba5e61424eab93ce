"""What a function that Python can call after a load was traced with: its arguments, trace by trace.

A trace's arguments are a StructuredValue, a pair of positional and named ones; the names of the
positional ones are those of the Python function's parameters, in its function_spec. Sources:
TensorFlow's `struct.proto`, `saved_object_graph.proto`, `nested_structure_coder.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.inspection import protos
from sm_magics.savedmodel.inspection.contents import Argument
from sm_magics.savedmodel.signatures import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SELF = "self"
_POSITIONAL_AND_NAMED = 2


def of(node: Any, written: Any) -> tuple[tuple[Argument, ...], ...]:
    """Return the arguments of each trace, sorted by their text; those of its traces that tell.

    Parameters
    ----------
    node : SavedObject
        A function, or a trace of one.
    written : dict of str to SavedConcreteFunction
        All traces of the SavedModel by name.
    """
    if node.WhichOneof("kind") == "function":
        names = node.function.concrete_functions
        parameters, rest = _parameters(node.function.function_spec)
    else:
        bare = node.bare_concrete_function
        names = [bare.concrete_function_name]
        parameters, rest = _parameters(bare.function_spec)
        parameters = parameters or list(bare.argument_keywords)
    told = [written[name].canonicalized_input_signature for name in names if name in written]
    found = [
        tuple(_arguments(signature, parameters, rest))
        for signature in told
        if len(signature.tuple_value.values) == _POSITIONAL_AND_NAMED
    ]
    if len(found) > 1:  # most have one, whose text nobody asks for yet
        found.sort(key=lambda trace: [*map(str, trace)])
    return tuple(found)


def _parameters(function_spec: Any) -> tuple[list[str], str]:
    """Return the names of the positional parameters without self, and that of ``*args``."""
    told = {one.key: one.value for one in function_spec.fullargspec.named_tuple_value.values}
    if "args" not in told:
        return [], ""
    names = [one.string_value for one in told["args"].list_value.values]
    if function_spec.is_method or names[:1] == [_SELF]:
        del names[:1]
    return names, told["varargs"].string_value if "varargs" in told else ""


def _arguments(signature: Any, parameters: list[str], rest: str) -> Iterator[Argument]:
    positional, named = signature.tuple_value.values
    values = positional.tuple_value.values
    further = [f"{rest}_{number}" if rest else "" for number in range(len(values))]
    for number, (name, value) in enumerate(zip([*parameters, *further], values, strict=False)):
        spec = _spec(value)
        # One of ``*args`` has no name but its placeholder's.
        own = spec.name if spec and number >= len(parameters) else ""
        yield Argument(own or name, spec or _told(value, name))
    for name, value in sorted(named.dict_value.fields.items()):
        yield Argument(name, _spec(value) or _told(value, name))


def _spec(value: Any) -> Spec | None:
    kind = value.WhichOneof("kind")
    if kind not in ("tensor_spec_value", "bounded_tensor_spec_value"):
        return None
    told = getattr(value, kind)
    return Spec(told.name, protos.dtype_name(told.dtype), protos.shape(told.shape))


def _told(value: Any, place: str, key: str = "") -> str:
    """Return a Python value as text.

    A tensor in it has a name of its own unless that is its key, or what TensorFlow makes of its
    `place`.
    """
    spec = _spec(value)
    if spec is not None:
        name = key if spec.name == key else place
        return str(Argument(name, spec)).removeprefix(f"{name}: ")
    kind = value.WhichOneof("kind") or "none_value"
    if kind not in _TOLD:
        return f"a {kind.removesuffix('_value')}"
    return _TOLD[kind](getattr(value, kind), place)


def _sequence(told: Any, place: str) -> str:
    return ", ".join(_told(one, f"{place}_{number}") for number, one in enumerate(told.values))


def _list(told: Any, place: str) -> str:
    return f"[{_sequence(told, place)}]"


def _tuple(told: Any, place: str) -> str:
    return f"({_sequence(told, place)}{',' * (len(told.values) == 1)})"


def _dict(told: Any, place: str) -> str:
    fields = sorted(told.fields.items())
    parts = [f"{key!r}: {_told(one, f'{place}_{key}', key)}" for key, one in fields]
    return f"{{{', '.join(parts)}}}"


def _named_tuple(told: Any, place: str) -> str:
    fields = [(one.key, one.value) for one in told.values]
    parts = [f"{key}={_told(one, f'{place}_{key}', key)}" for key, one in fields]
    return f"{told.name}({', '.join(parts)})"


def _type_spec(told: Any, _: str) -> str:
    state = _told(told.type_state, "")
    return f"{told.type_spec_class_name}({state.removeprefix('(').removesuffix(')')})"


def _shape(told: Any, _: str) -> str:
    return str(Spec("", "", protos.shape(told))).removeprefix(": ")


def _plain(told: Any, _: str) -> str:
    return repr(told)


_TOLD: dict[str, Callable[[Any, str], str]] = {
    "none_value": lambda _, __: "None",
    "bool_value": _plain,
    "int64_value": _plain,
    "float64_value": _plain,
    "string_value": _plain,
    "tensor_dtype_value": lambda told, _: protos.dtype_name(told),
    "tensor_shape_value": _shape,
    "list_value": _list,
    "tuple_value": _tuple,
    "dict_value": _dict,
    "named_tuple_value": _named_tuple,
    "type_spec_value": _type_spec,
}
