"""The tf.functions of an object: found statically, called as their author would."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.tf_private import KERAS_OWN_FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

_FUNCTIONS = "tensorflow.python.eager.polymorphic_function."
_KINDS = (("concrete_function", "ConcreteFunction"), ("polymorphic_function", "Function"))

_FRAMEWORKS = ("keras.src.", "tf_keras.", "tensorflow.python.")


def is_function(obj: Any) -> bool:
    """Tell whether an object is a tf.function or a ConcreteFunction."""
    return bool(_kind(type(obj)))


def is_concrete(obj: Any) -> bool:
    """Tell whether an object is a ConcreteFunction."""
    return _kind(type(obj)) == "ConcreteFunction"


# Weak: classes of cells go when their cell is run again.
_known: WeakKeyDictionary[type, str] = WeakKeyDictionary()


def _kind(cls: type) -> str:
    """Return which of the two the objects of a class are; it is asked of every attribute."""
    known = _known.get(cls)
    if known is None:
        names = {(base.__module__.removeprefix(_FUNCTIONS), base.__name__) for base in cls.__mro__}
        known = next((name for module, name in _KINDS if (module, name) in names), "")
        _known[cls] = known
    return known


def written_traces(function: Any) -> list[Any]:
    """Return the traces of a tf.function that TensorFlow saves; one with a signature is traced."""
    if is_concrete(function):
        return [function]
    if function.input_signature is not None:
        function.get_concrete_function()
    return tf_private.traces(function)


def own_functions(obj: Any) -> dict[str, Any]:
    """Return an object's own tf.functions by attribute name, inherited ones included.

    Class dicts and the instance dict are read; only attributes known to be tf.functions are then
    fetched, so that no property of the author's runs.
    """
    return Finder().own(obj)


class Finder:
    """Finds the own tf.functions of many objects: what a class alone tells is asked for once.

    It is of one walk only: authors change their classes.
    """

    def __init__(self) -> None:
        self._names: dict[type, tuple[str, ...]] = {}
        self._others: set[type] = set()

    def own(self, obj: Any) -> dict[str, Any]:
        """Return what `own_functions` does."""
        cls = type(obj)
        names = self._names.get(cls)
        if names is None:
            names = self._names[cls] = _of_class(cls)
        # An attribute of the object hides that of the class.
        found = {name: value for name in names if is_function(value := getattr(obj, name, None))}
        fields = getattr(obj, "__dict__", {})
        if self._others.issuperset(map(type, fields.values())):
            return found
        self._others.update(kind for kind in set(map(type, fields.values())) if not _kind(kind))
        return found | {
            name: value
            for name, value in fields.items()
            if type(value) not in self._others and name not in KERAS_OWN_FUNCTIONS
        }


def _of_class(cls: type) -> tuple[str, ...]:
    """Return the names of the tf.functions that a class and its bases define."""
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        if base is object or base.__module__.startswith(_FRAMEWORKS):
            continue  # what Keras makes for itself is of no use to a consumer
        # An override that is no tf.function hides the inherited one.
        for name, value in vars(base).items():
            if is_function(_unwrapped(value)) and name not in KERAS_OWN_FUNCTIONS:
                names[name] = None
            else:
                names.pop(name, None)
    return tuple(names)


def _unwrapped(attribute: Any) -> Any:
    return attribute.__func__ if isinstance(attribute, staticmethod) else attribute


def maker(function: Any, obj: Any) -> Any:
    """Return the object's own tf.function that made a ConcreteFunction; None if none did.

    A tf.function is its own maker.
    """
    if not is_concrete(function):
        return function
    return maker_among(function, () if is_function(obj) else own_functions(obj).values())


def maker_among(concrete: Any, known: Iterable[Any]) -> Any:
    """Return which of some objects is the tf.function that made a ConcreteFunction, or None."""
    for one in known:
        if not is_function(one) or is_concrete(one):
            continue
        if any(trace is concrete for trace in tf_private.traces(one)):
            return one
    return None


def defaults(function: Any) -> dict[str, Any]:
    """Return the defaults of a tf.function's parameters by name; none if it is None."""
    if function is None:
        return {}
    parameters = inspect.signature(function.python_function).parameters
    return {n: p.default for n, p in parameters.items() if p.default is not p.empty}


def parameters_of(function: Any) -> list[str]:
    """Return what a tf.function or ConcreteFunction can be given by name."""
    if is_concrete(function):
        return tf_private.input_names(function)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [name for name, p in signature_of(function).parameters.items() if p.kind in named]


def signature_of(function: Any) -> inspect.Signature:
    """Return what a tf.function is called with; of a method, without ``self``."""
    # The Python function of a loaded one takes anything.
    restored = tf_private.is_restored(function)
    full = function.function_type if restored else inspect.signature(function.python_function)
    return inspect.Signature(
        [
            inspect.Parameter(name, p.kind, default=p.default)
            for name, p in full.parameters.items()
            if name != "self"
        ]
    )


def resolve(path: str, obj: Any) -> Any:
    """Return what ``encoder.blocks[0].embed`` is on an object.

    Raises
    ------
    LookupError
        If the object has no such attribute or item.
    """
    return _walk(ast.parse(path, mode="eval").body, obj, path)


def _walk(expression: ast.expr, obj: Any, path: str) -> Any:
    try:
        if isinstance(expression, ast.Name):
            return getattr(obj, expression.id)
        if isinstance(expression, ast.Attribute):
            return getattr(_walk(expression.value, obj, path), expression.attr)
        if isinstance(expression, ast.Subscript) and isinstance(expression.slice, ast.Constant):
            return _walk(expression.value, obj, path)[expression.slice.value]
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise LookupError(f"no {path!r} there: {error}") from None
    raise LookupError(f"{path!r} is no path such as encoder.blocks[0].embed")
