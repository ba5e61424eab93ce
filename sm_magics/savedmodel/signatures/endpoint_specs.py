"""What a ConcreteFunction takes, argument by argument: names as wanted and as written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class ArgumentTensor:
    """A tensor of an argument.

    Attributes
    ----------
    path : str
        The expression in the function's body: ``"x['a']"``.
    wanted, written : str
        The name that its author's spec gives it, and the one that a signature has.
    proposal : str
        A name that nothing would change.
    composite : bool
        Whether it is a part of a ragged or sparse tensor.
    """

    path: str
    wanted: str
    written: str
    proposal: str
    composite: bool = False


def argument_tensors(concrete: Any) -> list[ArgumentTensor] | None:
    """Return the tensors of all arguments in order; None where their structure is unknown."""
    import tensorflow as tf

    names = tf_private.input_names(concrete)
    leaves = list(_leaves(concrete))
    if not leaves:
        return None
    found, at = [], 0
    for path, leaf in leaves:
        parts = tf.nest.flatten(leaf, expand_composites=True)
        composite = not isinstance(leaf, tf.TensorSpec)
        for part in parts:
            if at >= len(names):
                return None
            written = names[at]
            wanted = (None if composite else part.name) or written
            proposal = _identifier(path)
            found.append(ArgumentTensor(path, wanted, written, proposal, composite))
            at += 1
    return found if at == len(names) else None


def is_misrouted(concrete: Any) -> bool:
    """Tell whether an input is called like a parameter of the function that it is not for.

    TensorFlow hands the inputs of a signature on by name: to parameters first.
    """
    parts = argument_tensors(concrete)
    if parts is None or tf_private.is_restored_trace(concrete):
        return False
    if any(part.wanted != part.written and not part.composite for part in parts):
        return False  # names that are TensorFlow's own: SM204
    parameters = tf_private.parameters(concrete)
    return any(part.written in parameters and part.written != part.path for part in parts)


def is_all_fixed(concrete: Any) -> bool:
    """Tell whether all sizes of the inputs are numbers, and the inputs have no names of their own.

    An author who names a tf.TensorSpec says what it takes.
    """
    parts = argument_tensors(concrete)
    if not parts or tf_private.is_restored_trace(concrete):
        return False
    return all(part.written == part.path for part in parts) and all(
        tensor.shape.rank and tensor.shape.is_fully_defined() for _, tensor in _leaves(concrete)
    )


def composites(concrete: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each ragged or sparse argument: what it is called, its kind, the names of its parts."""
    kinds: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    leaves = dict(_leaves(concrete))
    for tensor in argument_tensors(concrete) or ():
        if tensor.composite:
            kinds[tensor.path] = leaves[tensor.path].value_type.__name__
            parts.setdefault(tensor.path, []).append(tensor.written)
    for path, kind in kinds.items():
        yield path, kind, parts[path]


def python_arguments(concrete: Any) -> dict[str, Any]:
    """Return the arguments of a trace that are no tensors, by parameter; None is left out."""
    import tensorflow as tf

    return {
        path: leaf
        for path, leaf in arguments(concrete)
        if isinstance(leaf, bool | int | float | str) and not isinstance(leaf, tf.TypeSpec)
    }


def _leaves(concrete: Any) -> Iterator[tuple[str, Any]]:
    import tensorflow as tf

    for name, argument in arguments(concrete):
        for path, leaf in _steps(name, argument):
            if isinstance(leaf, tf.TypeSpec):
                yield path, leaf


def arguments(concrete: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arguments of a trace by the names of their parameters."""
    structure = concrete.structured_input_signature
    if structure is None:
        return
    positional, by_name = structure
    names = tf_private.parameters(concrete)
    for index, argument in enumerate(positional):
        yield names[index] if index < len(names) else f"args[{index}]", argument
    yield from by_name.items()


def _steps(path: str, part: Any) -> Iterator[tuple[str, Any]]:
    # In the order of tf.nest: dicts by sorted key.
    if isinstance(part, dict):
        for key in sorted(part, key=str):
            yield from _steps(f"{path}[{key!r}]", part[key])
    elif hasattr(part, "_asdict"):
        for key, inner in part._asdict().items():
            yield from _steps(f"{path}.{key}", inner)
    elif isinstance(part, list | tuple):
        for index, inner in enumerate(part):
            yield from _steps(f"{path}[{index}]", inner)
    else:
        yield path, part


def _identifier(path: str) -> str:
    text = "".join(char if char.isalnum() and char.isascii() else "_" for char in path)
    return "_".join(part for part in text.split("_") if part)
