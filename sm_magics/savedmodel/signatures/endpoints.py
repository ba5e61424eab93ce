"""A function that will be served: what TensorFlow saves, and what the live object does."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures import Signature, Spec
from sm_magics.savedmodel.signatures.functions import is_concrete, parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Feeds = Mapping[str, Any]


class UnnamedOutputError(ValueError):
    """A function returns what a signature can't name.

    Attributes
    ----------
    outputs
        What it returns, symbolic.
    """

    def __init__(self, message: str, outputs: Any) -> None:
        super().__init__(message)
        self.outputs = outputs


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One signature on its way into an export.

    Attributes
    ----------
    signature : Signature
        What a client will see.
    function : tf.function or ConcreteFunction
        What `tf.saved_model.save` gets.
    concrete : ConcreteFunction
        The graph that the checks look at.
    live : callable
        Runs the live object: tensors by input name -> tensors by output name.
    assumed : bool
        Whether the dtypes of the inputs are a guess.
    fixed_batch : str
        Why dimension 0 of the inputs has the size of one call; empty where it is free, or the
        user's own wish.
    maker : tf.function or None
        The function whose trace `concrete` is, where that is not `function`.
    """

    signature: Signature
    function: Any
    concrete: Any
    live: Callable[[Feeds], dict[str, Any]]
    assumed: bool = False
    fixed_batch: str = ""
    maker: Any = None

    @property
    def traced_by(self) -> Any:
        """The function whose trace `concrete` is: to save it writes no other trace."""
        return self.function if self.maker is None else self.maker


def of_concrete(key: str, concrete: Any, label: str, *, why: str = "") -> Endpoint:
    """Serve a ConcreteFunction as it is."""
    return Endpoint(
        _signature(key, label, concrete, why),
        concrete,
        concrete,
        lambda feeds: named_outputs(_call(concrete, concrete, feeds)),
    )


def of_function(key: str, function: Any, label: str, *, why: str = "") -> Endpoint:
    """Serve a tf.function that has an input_signature; its body is stored once."""
    concrete = function.get_concrete_function()
    return Endpoint(
        _signature(key, label, concrete, why),
        function,
        concrete,
        lambda feeds: named_outputs(_call(function, concrete, feeds)),
    )


def of_specs(  # noqa: PLR0913, what a signature is made of
    key: str,
    function: Any,
    specs: Sequence[Spec],
    label: str,
    *,
    why: str = "",
    name_outputs: Callable[[Any], dict[str, Any]] | None = None,
) -> Endpoint:
    """Serve a tf.function for inputs that a person spelled out.

    Where the names are the function's own parameters they go there, else in the order given.
    `name_outputs` makes a dict of nested outputs; see `flat_outputs`.
    """
    names = [spec.name for spec in specs]
    by_name = set(names) <= set(parameters_of(function))
    name_outputs = name_outputs or (lambda outputs: outputs)

    def call(feeds: Feeds) -> Any:
        if by_name:
            return name_outputs(function(**{name: feeds[name] for name in names}))
        return name_outputs(function(*(feeds[name] for name in names)))

    served = named_function(
        lambda *tensors: call(dict(zip(names, tensors, strict=True))), specs, label
    )
    concrete = served.get_concrete_function()
    return Endpoint(
        _signature(key, label, concrete, why),
        served,
        concrete,
        lambda feeds: named_outputs(call(whole(feeds, specs, concrete))),
    )


def whole(feeds: Feeds, specs: Sequence[Spec], concrete: Any) -> Feeds:
    """Return tensors by the names of `specs`, from what a signature takes: ragged ones in parts."""
    if not any(spec.kind for spec in specs):
        return feeds
    import tensorflow as tf

    structure, _ = concrete.structured_input_signature
    parts = [feeds[name] for name in tf_private.input_names(concrete)]
    tensors = tf.nest.pack_sequence_as(structure, parts, expand_composites=True)
    return {spec.name: tensor for spec, tensor in zip(specs, tensors, strict=True)}


def wrapped(
    key: str,
    function: Any,
    label: str,
    *,
    why: str = "",
    name_outputs: Callable[[Any], dict[str, Any]] | None = None,
) -> Endpoint:
    """Serve a function through another one that hands its inputs on in their order.

    So the names of its inputs mean nothing to TensorFlow, and its outputs may get names.

    Parameters
    ----------
    key, label, why : str
        As in `Signature`.
    function : tf.function with an input_signature, or ConcreteFunction
    name_outputs : callable, optional
        Makes a dict of nested outputs; see `flat_outputs`.
    """
    concrete = function if is_concrete(function) else function.get_concrete_function()
    specs = specs_of(concrete)
    names = [spec.name for spec in specs]
    make_names = name_outputs or named_outputs

    def call(feeds: Feeds) -> dict[str, Any]:
        return make_names(_call(function, concrete, feeds))

    served = named_function(
        lambda *tensors: call(dict(zip(names, tensors, strict=True))), specs, label
    )
    traced = served.get_concrete_function()
    return Endpoint(_signature(key, label, traced, why), served, traced, call)


def flat_outputs(outputs: Any) -> dict[str, Any]:
    """Return the leaves of nested outputs by their paths: ``a.b.0``; what is None is left out.

    Raises
    ------
    UnnamedOutputError
        If two leaves would have one name, or there is none.
    """
    found: dict[str, Any] = {}

    def walk(path: str, part: Any) -> None:
        part = part._asdict() if hasattr(part, "_asdict") else part
        if hasattr(part, "items"):
            steps = list(part.items())
        elif isinstance(part, list | tuple):
            steps = list(enumerate(part))
        else:
            if path in found:
                raise UnnamedOutputError(f"two outputs would be called {path!r}", outputs)
            if part is not None:
                found[path] = part
            return
        for name, inner in steps:
            walk(f"{path}.{name}" if path else str(name), inner)

    if hasattr(outputs, "items") or hasattr(outputs, "_asdict"):
        walk("", outputs)
    else:
        flat = outputs if isinstance(outputs, list | tuple) else [outputs]
        for index, output in enumerate(flat):
            walk(f"output_{index}", output)
    return named_outputs(found)


def named_function(python_function: Callable[..., Any], specs: Sequence[Spec], name: str) -> Any:
    """Return a tf.function of positional tensors whose inputs are called as the specs say.

    Its graph function is called after `name`.
    """
    import tensorflow as tf

    python_function.__name__ = re.sub(r"\W+", "_", name)
    if any(spec.kind for spec in specs):
        # A ragged or sparse spec has no name: its parts are called after the parameter.
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(spec.name, kind) for spec in specs]
        python_function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return tf.function(
        python_function,
        input_signature=[spec.tensor_spec for spec in specs],
        # The body calls functions that have been through autograph already.
        autograph=False,
    )


def named_outputs(outputs: Any) -> dict[str, Any]:
    """Return a function's outputs by the names that a signature gives them.

    A mapping names its own, a namedtuple by its fields, everything else is numbered
    (``output_0``); this is the rule of `tf.saved_model.save`.

    Raises
    ------
    UnnamedOutputError
        A ValueError, if an output has no name or is no tensor.
    """
    import tensorflow as tf

    if hasattr(outputs, "_asdict"):
        outputs = outputs._asdict()
    if not hasattr(outputs, "items"):
        flat = outputs if isinstance(outputs, list | tuple) else [outputs]
        outputs = {f"output_{index}": output for index, output in enumerate(flat)}
    if not outputs:
        raise UnnamedOutputError("it returns no tensor at all", outputs)
    for name, output in outputs.items():
        if not isinstance(name, str):
            raise UnnamedOutputError(f"the output {name!r} is not named by a string", outputs)
        if not (tf.is_tensor(output) or isinstance(output, tf.TypeSpec)):
            raise UnnamedOutputError(
                f"the output {name!r} is no tensor, but {type(output).__name__}", outputs
            )
    return dict(outputs)


def specs_of(concrete: Any) -> tuple[Spec, ...]:
    """Return the inputs of a ConcreteFunction as a signature made of it names them."""
    import tensorflow as tf

    structure = concrete.structured_input_signature
    tensors = (
        concrete.inputs
        if structure is None
        else [
            leaf
            for leaf in tf.nest.flatten(structure, expand_composites=True)
            if isinstance(leaf, tf.TensorSpec)
        ]
    )
    names = tf_private.input_names(concrete)
    return tuple(as_spec(name, tensor) for name, tensor in zip(names, tensors, strict=False))


def as_spec(name: str, tensor: Any) -> Spec:
    """Describe a tensor, symbolic or not, or a `tf.TensorSpec`."""
    shape = tensor.shape
    return Spec(name, tensor.dtype.name, None if shape.rank is None else tuple(shape.as_list()))


def _signature(key: str, label: str, concrete: Any, why: str) -> Signature:
    outputs = named_outputs(concrete.structured_outputs)
    return Signature(
        key,
        label,
        specs_of(concrete),
        tuple(as_spec(name, tensor) for name, tensor in outputs.items()),
        why,
    )


def _call(function: Any, concrete: Any, feeds: Feeds) -> Any:
    import tensorflow as tf

    structure = concrete.structured_input_signature
    if structure is None:
        return function(**feeds)
    names: Iterable[str] = iter(tf_private.input_names(concrete))
    leaves = [
        feeds[next(names)] if isinstance(leaf, tf.TensorSpec) else leaf  # type: ignore[call-overload]
        for leaf in tf.nest.flatten(structure, expand_composites=True)
    ]
    args, kwargs = tf.nest.pack_sequence_as(structure, leaves, expand_composites=True)
    return function(*args, **kwargs)
