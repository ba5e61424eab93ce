"""What a written signature calls: the function, and which tensors of the main graph it gets.

TensorFlow serves a function through a wrapper that hands its inputs and outputs on. Who follows
such wrappers comes to the function that the author wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


class UnfollowableError(ValueError):
    """A signature that is no call of a function; says what it is instead."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function, seen from the main graph.

    Attributes
    ----------
    name : str
        The function in the library.
    inputs : tuple of str
        The tensors of the main graph that it gets, in the order of its arguments.
    outputs : tuple of int
        Which of its outputs the signature gives, in the order of `output_names`.
    output_names : tuple of str
        The signature's names of these; a name stands for each part of a ragged tensor.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[int, ...]
    output_names: tuple[str, ...]


def calls(signature: Any, main: Mapping[str, Any], library: Mapping[str, Any]) -> Iterator[Call]:
    """Yield what a signature calls, then what that calls if it is a mere wrapper, and so on.

    Parameters
    ----------
    signature : SignatureDef
    main, library : mapping
        Nodes of the main graph, and functions, by name.

    Raises
    ------
    UnfollowableError
        If the signature is no call of one function.
    """
    named = [
        (name, tensor)
        for name, info in sorted(signature.outputs.items())
        for tensor in tensors(info)
    ]
    nodes = {tensor.partition(":")[0] for _, tensor in named}
    node = main.get(nodes.pop()) if len(nodes) == 1 else None
    if node is None or node.op not in _CALLS:
        raise UnfollowableError("its outputs are not those of one call")
    call: Call | None = Call(
        node.attr["f"].func.name,
        tuple(_data(node.input)),
        tuple(int(tensor.partition(":")[2] or 0) for _, tensor in named),
        tuple(name for name, _ in named),
    )
    while call is not None and call.name in library:
        yield call
        call = _inner(call, library[call.name])


def tensors(info: Any) -> list[str]:
    """Return the names of a TensorInfo's tensors, in the order in which tf.nest flattens them."""
    encoding = info.WhichOneof("encoding")
    if encoding == "coo_sparse":
        parts = info.coo_sparse
        return [
            parts.indices_tensor_name,
            parts.values_tensor_name,
            parts.dense_shape_tensor_name,
        ]
    if encoding == "composite_tensor":
        return [component.name for component in info.composite_tensor.components]
    return [info.name]


def _inner(call: Call, wrapper: Any) -> Call | None:
    """Return the one call in a function that does nothing else; None if that is more."""
    nodes = {node.name: node for node in wrapper.node_def}
    found = [node for node in nodes.values() if node.op in _CALLS]
    if len(found) != 1 or any(
        node.op not in (*_CALLS, "Identity", "NoOp") for node in nodes.values()
    ):
        return None
    node = found[0]
    given = dict(
        zip((argument.name for argument in wrapper.signature.input_arg), call.inputs, strict=False)
    )
    inputs = [given.get(_source(one, nodes)) for one in _data(node.input)]
    returned = [wrapper.ret[argument.name] for argument in wrapper.signature.output_arg]
    try:
        sources = [_source(returned[number], nodes) for number in call.outputs]
    except IndexError:
        return None
    places = [_place(source, node.name) for source in sources]
    if None in inputs or None in places:
        return None
    return Call(
        node.attr["f"].func.name,
        tuple(one for one in inputs if one is not None),
        tuple(place for place in places if place is not None),
        call.output_names,
    )


def _source(tensor: str, nodes: Mapping[str, Any]) -> str:
    """Return the tensor that identities hand on."""
    while (node := nodes.get(tensor.partition(":")[0])) is not None and node.op == "Identity":
        tensor = node.input[0]
    return tensor


def _place(tensor: str, call: str) -> int | None:
    """Return the number of an output of a call node, from ``name:output:2``."""
    node, _, place = tensor.partition(":")
    return int(place.rpartition(":")[2] or 0) if node == call else None


def _data(inputs: Sequence[str]) -> list[str]:
    return [one.removesuffix(":0") for one in inputs if not one.startswith("^")]
