"""Tells whether a written function is the traced one: node by node, and what they call too.

A save adds to what it writes (shapes), leaves out what is the default, and may trace a tf.function
again, so that names differ. All of that changes nothing that is computed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.inspection import protos

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    Reference = tuple[object, ...]

# What a save adds, or a trace numbers; a consumer computes the same with another value of these.
_NAMES_OF_A_TRACE = frozenset(
    {
        "_gradient_op_type",
        "_class",
        "_collective_manager_ids",
        "_construction_context",
        "_forward_func_name",
        "_input_shapes",
        "_output_shapes",
        "_user_specified_name",
        "api_implements",
        "backward_function_name",
        "config_proto",
        "forward_function_name",
        "output_shapes",
        "token",
    }
)


class Library:
    """Functions by name, without what a save adds to them or leaves out.

    Parameters
    ----------
    functions : iterable of FunctionDef
        They are left as they are; what is asked for is copied.
    """

    def __init__(self, functions: Iterable[Any]) -> None:
        self._functions = {one.signature.name: one for one in functions}
        self._plain: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Return a function; None if there is none of that name."""
        if name not in self._functions:
            return None
        if name not in self._plain:
            whole = self._functions[name].SerializeToString()
            plain = protos.message("FunctionDef").FromString(whole)
            for node in plain.node_def:
                _strip(node)
            self._plain[name] = plain
        return self._plain[name]


class Functions:
    """Written functions and traced ones, to be compared in pairs.

    Parameters
    ----------
    written, traced : Library
    """

    def __init__(self, written: Library, traced: Library) -> None:
        self._written, self._traced = written, traced
        self._found: dict[tuple[str, str], str] = {}

    def difference(self, written: str, traced: str) -> str:
        """Return what tells two functions apart, for a person; ``""`` if nothing does."""
        pair = (written, traced)
        if pair not in self._found:
            self._found[pair] = ""  # while it is compared: a function may call itself
            ours, theirs = self._written.get(written), self._traced.get(traced)
            if ours is not None and theirs is not None:
                self._found[pair] = self._compared(ours, theirs)
            elif written != traced:
                self._found[pair] = f"{written} is not {traced}"
        return self._found[pair]

    def _compared(self, written: Any, traced: Any) -> str:
        name = traced.signature.name
        ours, theirs = written.signature, traced.signature
        for what, a, b in (
            ("arguments", ours.input_arg, theirs.input_arg),
            ("outputs", ours.output_arg, theirs.output_arg),
        ):
            if [one.type for one in a] != [one.type for one in b]:
                return f"{name} has other {what}"
        if len(written.node_def) != len(traced.node_def):
            return f"{name} has {len(written.node_def)} nodes, and {len(traced.node_def)} traced"
        if said := _unequal(written.attr, traced.attr):
            return f"{name}: {said}"
        places = _Places(written, traced)
        for a, b in zip(written.node_def, traced.node_def, strict=True):
            if a != b and (said := self._node(a, b, places)):
                return f"the node {b.name!r} of {name} {said}"
            for attribute in _functions_of(b.op):
                if said := self._called(a.attr[attribute], b.attr[attribute]):
                    return said
        return places.outputs(name)

    def _node(self, written: Any, traced: Any, places: _Places) -> str:
        if written.op != traced.op:
            # In the way of TF 1 the op is the function that is called.
            calls = self._written.get(written.op) and self._traced.get(traced.op)
            if not calls:
                return f"is {written.op}, and {traced.op} in the trace"
            if said := self.difference(written.op, traced.op):
                return f"calls another function: {said}"
        if written.device != traced.device:
            return f"is on {written.device!r}, and on {traced.device!r} in the trace"
        if not places.same_inputs(written, traced):
            return "has other inputs than in the trace"
        return _unequal(written.attr, traced.attr, _functions_of(traced.op))

    def _called(self, written: Any, traced: Any) -> str:
        """Return what tells the functions apart that two attributes name."""
        ours, theirs = _names(written), _names(traced)
        if len(ours) != len(theirs):
            return f"{len(ours)} functions are called, and {len(theirs)} in the trace"
        return next(filter(None, map(self.difference, ours, theirs)), "")


def _unequal(written: Any, traced: Any, apart: Collection[str] = ()) -> str:
    """Return what tells attributes apart, but for the names in `apart`."""
    for name in {*written, *traced} - _NAMES_OF_A_TRACE - {*apart}:
        if name not in written or name not in traced:
            return f"has {name} only {'as written' if name in written else 'in the trace'}"
        a, b = written[name], traced[name]
        # In bytes, NaN is itself.
        if a != b and a.SerializeToString() != b.SerializeToString():
            return f"has another {name} than in the trace"
    return ""


class _Places:
    """Says whether a tensor of one function has the place that a tensor of the other one has.

    By name first; by position where a second trace chose other names.
    """

    def __init__(self, written: Any, traced: Any) -> None:
        self._written, self._traced = written, traced
        self._positions: tuple[dict[str, Any], dict[str, Any]] | None = None

    def same_inputs(self, written: Any, traced: Any) -> bool:
        if len(written.input) != len(traced.input):
            return False
        ours, theirs = self._by_position()
        return bool(_canonical(written.input, ours) == _canonical(traced.input, theirs))

    def outputs(self, name: str) -> str:
        """Return what tells the outputs apart, and what has to run though nothing needs it."""
        written, traced = self._written, self._traced
        ours, theirs = self._by_position()
        for a, b in zip(written.signature.output_arg, traced.signature.output_arg, strict=True):
            if _reference(written.ret[a.name], ours) != _reference(traced.ret[b.name], theirs):
                return f"{name} returns another tensor as {b.name!r}"
        runs = {_reference(one, ours) for one in written.control_ret.values()}
        if runs != {_reference(one, theirs) for one in traced.control_ret.values()}:
            return f"{name} runs other nodes for their effects"
        return ""

    def _by_position(self) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._positions is None:
            self._positions = (_positions(self._written), _positions(self._traced))
        return self._positions


def traced(concrete: Any, rewrite: Callable[[Any], None] | None = None) -> Library:
    """Return a ConcreteFunction and what it calls, by name.

    Parameters
    ----------
    concrete : ConcreteFunction
    rewrite : callable, optional
        Changes a SavedModel as what was written has been changed after the save.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    functions = model.meta_graphs.add().graph_def.library.function
    functions.append(concrete.function_def)
    functions.extend(concrete.graph.as_graph_def().library.function)
    if rewrite is not None:
        rewrite(model)
    return Library(functions)


def _strip(node: Any) -> None:
    """Take out what a save adds, and what it leaves out."""
    attributes = node.attr
    for name, value in _defaults(node.op):
        if name in attributes and attributes[name] == value:
            del attributes[name]
    if "_output_shapes" in attributes:
        del attributes["_output_shapes"]
    node.ClearField("experimental_debug_info")
    node.ClearField("experimental_type")


@cache
def _defaults(op: str) -> tuple[tuple[str, Any], ...]:
    parse = protos.message("AttrValue").FromString
    return tuple(
        (name, parse(value.SerializeToString()))
        for name, value in tf_private.default_attributes(op).items()
    )


@cache
def _functions_of(op: str) -> tuple[str, ...]:
    return tf_private.function_attributes(op)


def _names(value: Any) -> list[str]:
    if value.WhichOneof("value") == "func":
        return [value.func.name]
    return [function.name for function in value.list.func]


def _positions(function: Any) -> dict[str, Any]:
    arguments = {one.name: -1 - place for place, one in enumerate(function.signature.input_arg)}
    return arguments | {node.name: place for place, node in enumerate(function.node_def)}


def _canonical(inputs: Iterable[str], places: Mapping[str, Any]) -> Any:
    found = [_reference(one, places) for one in inputs]
    data = [one for one in found if one[0] != "^"]
    return data, {one for one in found if one[0] == "^"}


def _reference(tensor: str, places: Mapping[str, Any]) -> Reference:
    if tensor.startswith("^"):
        return ("^", places.get(tensor[1:], tensor))
    name, _, rest = tensor.partition(":")
    return ("", places.get(name, name), rest)
