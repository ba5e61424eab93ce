"""Which expression on the author's own objects is a given function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import capture, tf_private
from sm_magics.savedmodel.program.text import Symbol, literal, quoted, tensor_spec, type_spec
from sm_magics.savedmodel.signatures import functions
from sm_magics.savedmodel.signatures.endpoints import as_spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class NoProgramError(ValueError):
    """An export can't be said as a program of its own; the argument says why."""


class Expressions:
    """Finds the expression by which a program reaches a function.

    Parameters
    ----------
    obj : Trackable, tf.function or ConcreteFunction
        What is exported.
    name : str
        The expression for it.
    namespace : mapping
        Where the author's other functions are.

    Attributes
    ----------
    others : dict
        The names outside `name` that expressions found so far start with.
    """

    def __init__(self, obj: Any, name: str, namespace: Mapping[str, Any]) -> None:
        self.obj = obj
        self.name = name
        self.others: dict[str, None] = {}
        self._namespace = namespace

    def find(self, function: Any, label: str = "") -> str | None:
        """Return the expression of a tf.function or ConcreteFunction; None if there is none.

        `label` is what a person called it, where somebody did.
        """
        for expression, known in self._reachable():
            if known is function:
                return expression
        return self._outside(function, label) or self._traced(function)

    def of_path(self, path: str, function: Any) -> str:
        """Return the expression that a path means: on the object if it has it, else outside."""
        if function is self.obj:
            return self.name
        try:
            if functions.resolve(path, self.obj) is function:
                return f"{self.name}.{path}"
        except LookupError:
            pass
        self.others[_root(path)] = None
        return path

    def of_layer(self, layer: Any) -> str | None:
        """Return the expression of a Keras layer or model; None if there is none."""
        if layer is self.obj:
            return self.name
        for name, value in vars(self.obj).items() if hasattr(self.obj, "__dict__") else ():
            if value is layer:
                return f"{self.name}.{name}"
            # Keras keeps lists of its own under names that it hides.
            if isinstance(value, list | tuple) and not name.startswith("_"):
                for index, item in enumerate(value):
                    if item is layer:
                        return f"{self.name}.{name}[{index}]"
        return self._outside(layer, "") or self._by_name(layer)

    def _by_name(self, layer: Any) -> str | None:
        try:
            found = self.obj.get_layer(layer.name)
        except (AttributeError, ValueError):  # no model, or it has no layer of that name
            return None
        return f"{self.name}.get_layer({quoted(layer.name)})" if found is layer else None

    def _reachable(self) -> Iterator[tuple[str, Any]]:
        if functions.is_function(self.obj):
            yield self.name, self.obj
            return
        for attribute, function in functions.own_functions(self.obj).items():
            yield f"{self.name}.{attribute}", function
        known = capture.describe(self.obj).functions if capture.kind_of(self.obj) else ()
        for path in known:
            try:
                yield f"{self.name}.{path}", functions.resolve(path, self.obj)
            except (LookupError, SyntaxError):
                continue
        for key, function in (_loaded_signatures(self.obj) or {}).items():
            yield f"{self.name}.signatures[{quoted(key)}]", function

    def _outside(self, function: Any, label: str) -> str | None:
        names = [name for name, value in self._namespace.items() if value is function]
        # IPython's `_`, `_3` and `Out` mean something else in the next cell.
        names = [name for name in names if not name.startswith("_")]
        if not names and _root(label) in self._namespace and "." in label:
            try:
                path = label.removeprefix(f"{_root(label)}.")
                if functions.resolve(path, self._namespace[_root(label)]) is function:
                    names = [label]
            except (LookupError, SyntaxError):
                names = []
        own = getattr(getattr(function, "python_function", None), "__globals__", {})
        own_name = str(getattr(function, "__name__", ""))
        if not names and own_name and own.get(own_name) is function:
            names = [own_name]
        if not names:
            return None
        self.others[_root(names[0])] = None
        return names[0]

    def _traced(self, concrete: Any) -> str | None:
        if not functions.is_concrete(concrete):
            return None
        for expression, function in self._reachable():
            made = [] if functions.is_concrete(function) else tf_private.traces(function)
            if any(trace is concrete for trace in made):
                return f"{expression}.get_concrete_function({_arguments(concrete)})"
        return None


def _loaded_signatures(obj: Any) -> Mapping[str, Any] | None:
    # Only what `tf.saved_model.load` returned has it: TensorFlow refuses it anywhere else.
    loaded = vars(obj).get("signatures") if hasattr(obj, "__dict__") else None
    return loaded if loaded is not None and hasattr(loaded, "items") else None


def _arguments(concrete: Any) -> str:
    import tensorflow as tf

    def spelled(leaf: Any) -> Any:
        if not isinstance(leaf, tf.TensorSpec):
            return Symbol(type_spec("", leaf)) if isinstance(leaf, tf.TypeSpec) else leaf
        if leaf.name is not None:
            return Symbol(tensor_spec(as_spec(leaf.name, leaf)))
        return Symbol(re.sub(r", name=.*\)$", ")", tensor_spec(as_spec("x", leaf))))

    try:
        args, kwargs = tf.nest.map_structure(spelled, concrete.structured_input_signature)
        parts = [literal(argument) for argument in args]
        parts += [f"{name}={literal(argument)}" for name, argument in kwargs.items()]
    except ValueError as error:
        raise NoProgramError(
            f"the ConcreteFunction {concrete.name} was traced with an argument that a program "
            f"can't spell out: {error}; serve its tf.function instead"
        ) from None
    return ", ".join(parts)


def _root(path: str) -> str:
    return re.split(r"[.\[(]", path, maxsplit=1)[0]
