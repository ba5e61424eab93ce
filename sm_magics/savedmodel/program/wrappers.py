"""The tf.functions that a program defines: the forward pass of a Keras model, and text forms."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.program import parameters
from sm_magics.savedmodel.program.expressions import NoProgramError
from sm_magics.savedmodel.program.text import Symbol, bracketed, entries, literal, type_spec
from sm_magics.savedmodel.signatures.endpoints import named_outputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sm_magics.savedmodel.program.parameters import Parameters
    from sm_magics.savedmodel.program.text import Names
    from sm_magics.savedmodel.signatures import Spec
    from sm_magics.savedmodel.signatures.endpoints import Endpoint


def definition(  # noqa: PLR0913, each is a part of the text
    name: str,
    target: Any,
    expression: str,
    *,
    endpoint: Endpoint,
    given: Sequence[Spec] | None,
    names: Names,
) -> str:
    """Return the source of a tf.function that calls `target` as a signature says.

    Parameters
    ----------
    name : str
        What to call it.
    target : tf.function, ConcreteFunction or Keras model
        What it calls.
    expression : str
        How a program calls that.
    endpoint : Endpoint
        The signature: the inputs and outputs that it is to have.
    given : sequence of Spec or None
        The inputs that the author spelled out, if so.
    names : Names
        The names of the program.

    Raises
    ------
    NoProgramError
        If a program can't give the inputs their names.
    """
    taken = parameters.of(endpoint, target, given)
    bound = {name: _parameter(name, spec, names) for name, spec in taken.specs.items()}
    args, kwargs = taken.arguments({name: Symbol(symbol) for name, symbol in bound.items()})
    parts = [literal(_plain(argument)) for argument in args]
    parts += [f"{keyword}={literal(_plain(value))}" for keyword, value in kwargs.items()]
    specs = [type_spec(name, spec) for name, spec in taken.specs.items()]
    decorator = [
        bracketed("input_signature=[", specs, "]", depth=1),
        # The body calls what has been through AutoGraph already.
        "autograph=False",
    ]
    trace = _trace(target, taken, bound.values())
    parameters.check_names(taken, trace, endpoint)
    returned = _returned(
        bracketed(f"{expression}(", parts, ")", depth=1),
        trace.structured_outputs,
        [spec.name for spec in endpoint.signature.outputs],
        names,
    )
    return "\n".join(
        [
            f"@{bracketed('tf.function(', decorator, ')')}",
            bracketed(f"def {name}(", list(bound.values()), "):"),
            *(f"    {line}" for line in returned),
        ]
    )


def _parameter(name: str, spec: Any, names: Names) -> str:
    import tensorflow as tf

    symbol = names.new(name)
    if symbol != name and not isinstance(spec, tf.TensorSpec):
        # A TensorSpec carries its name; the parts of others are called after the parameter.
        raise NoProgramError(
            f"the input {name!r} is ragged or sparse, and a program needs that name for something "
            "else; give the input another one"
        )
    return symbol


def _trace(target: Any, taken: Parameters, bound: Iterable[str]) -> Any:
    """Return a trace of what will be defined; only that knows what a call gives."""
    import tensorflow as tf

    def body(*tensors: Any) -> Any:
        args, kwargs = taken.arguments(dict(zip(taken.specs, tensors, strict=True)))
        return target(*args, **kwargs)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    body.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(symbol, kind) for symbol in bound]
    )
    function = tf.function(body, input_signature=list(taken.specs.values()), autograph=False)
    return function.get_concrete_function()


def _returned(call: str, outputs: Any, wanted: Sequence[str], names: Names) -> list[str]:
    """Return the lines of a body that ends with the outputs under the names wanted."""
    if _names_itself(outputs, wanted):
        return [f"return {call}"]
    leaves = list(_leaves(outputs))
    if leaves == [((), "")]:
        return [bracketed("return {", entries({wanted[0]: call}), "}", depth=1)]
    # `endpoints.flat_outputs` calls them so.
    top = "" if hasattr(outputs, "items") or hasattr(outputs, "_asdict") else "output_"
    dotted = {top + ".".join(path): source for path, source in leaves}
    flat = [source for _, source in leaves]
    sources = [dotted[name] for name in wanted] if set(dotted) == set(wanted) else flat
    result = names.new("outputs")
    items = {name: result + source for name, source in zip(wanted, sources, strict=True)}
    return [f"{result} = {call}", bracketed("return {", entries(items), "}", depth=1)]


def _names_itself(outputs: Any, wanted: Sequence[str]) -> bool:
    try:
        return list(named_outputs(outputs)) == list(wanted)
    except ValueError:
        return False


def _leaves(outputs: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the path and the source of each leaf, in the order of `tf.nest.flatten`."""
    if hasattr(outputs, "_asdict"):
        steps = [(name, f".{name}", value) for name, value in outputs._asdict().items()]
    elif isinstance(outputs, dict):
        steps = [(str(key), f"[{literal(key)}]", outputs[key]) for key in sorted(outputs)]
    elif isinstance(outputs, list | tuple):
        steps = [(str(index), f"[{index}]", value) for index, value in enumerate(outputs)]
    else:
        yield (), ""
        return
    for name, source, value in steps:
        if value is None:
            continue
        for path, rest in _leaves(value):
            yield (name, *path), source + rest


def _plain(structure: Any) -> Any:
    """Return a structure without TensorFlow's and Keras's own wrappers of lists and dicts."""
    if isinstance(structure, dict):
        return {key: _plain(value) for key, value in structure.items()}
    if isinstance(structure, list):
        return [_plain(value) for value in structure]
    return tuple(map(_plain, structure)) if type(structure) is tuple else structure
