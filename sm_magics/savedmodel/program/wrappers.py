"""The tf.functions that a program defines: the forward pass of a Keras model, and text forms."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.program.text import Symbol, bracketed, entries, literal, tensor_spec
from sm_magics.savedmodel.signatures import functions, keras_models
from sm_magics.savedmodel.signatures.endpoints import named_function, named_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sm_magics.savedmodel.program.text import Names
    from sm_magics.savedmodel.signatures import Signature, Spec

    Arguments = Callable[[Mapping[str, Any]], tuple[list[Any], dict[str, Any]]]


def definition(  # noqa: PLR0913, each is a part of the text
    name: str,
    target: Any,
    expression: str,
    *,
    signature: Signature,
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
    signature : Signature
        The inputs and outputs that it is to have.
    given : sequence of Spec or None
        The inputs that the author spelled out, if so.
    names : Names
        The names of the program.
    """
    arguments = _arguments(target, given)
    parameters = {spec.name: names.new(spec.name) for spec in signature.inputs}
    args, kwargs = arguments({spec: Symbol(name) for spec, name in parameters.items()})
    parts = [literal(_plain(argument)) for argument in args]
    parts += [f"{keyword}={literal(_plain(value))}" for keyword, value in kwargs.items()]
    decorator = [
        bracketed("input_signature=[", list(map(tensor_spec, signature.inputs)), "]", depth=1),
        # The body calls what has been through AutoGraph already.
        "autograph=False",
    ]
    returned = _returned(
        bracketed(f"{expression}(", parts, ")", depth=1),
        _outputs(target, signature.inputs, arguments),
        [spec.name for spec in signature.outputs],
        names,
    )
    return "\n".join(
        [
            f"@{bracketed('tf.function(', decorator, ')')}",
            bracketed(f"def {name}(", list(parameters.values()), "):"),
            *(f"    {line}" for line in returned),
        ]
    )


def _arguments(target: Any, given: Sequence[Spec] | None) -> Arguments:
    if functions.is_function(target):
        # Names of the function's own say nothing where nobody typed them: they may be swapped.
        return lambda feeds: _to_function(target, feeds) if given else (list(feeds.values()), {})
    taken = keras_models.given(target, tuple(given)) if given else keras_models.known(target)
    training = {"training": False} if keras_models.takes_training(target) else {}

    def arguments(feeds: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        args, kwargs = taken.arguments(feeds)
        return args, kwargs | training

    return arguments


def _to_function(target: Any, feeds: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    # As `endpoints.of_specs`: by name where the names are the function's own, else in order.
    if functions.is_concrete(target):
        parameters = tf_private.input_names(target)
    else:
        parameters = [
            n for n in inspect.signature(target.python_function).parameters if n != "self"
        ]
    if list(feeds) == parameters[: len(feeds)] and not functions.is_concrete(target):
        return list(feeds.values()), {}
    if set(feeds) <= set(parameters):
        return [], dict(feeds)
    return list(feeds.values()), {}


def _outputs(target: Any, specs: Sequence[Spec], arguments: Arguments) -> Any:
    """Return the structure of what a call gives; only a trace knows it."""

    def body(*tensors: Any) -> Any:
        args, kwargs = arguments({s.name: t for s, t in zip(specs, tensors, strict=True)})
        return target(*args, **kwargs)

    return named_function(body, specs, "outputs").get_concrete_function().structured_outputs


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
