"""What a path means on an object, as far as that is known without running the author's code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.capture.kinds import Sorts
from sm_magics.savedmodel.signatures import functions, paths

if TYPE_CHECKING:
    from collections.abc import Mapping

_FRAMEWORKS = frozenset({"keras", "tf_keras", "tensorflow"})
_BUILTIN = frozenset({"builtins", "collections"})


class UntoldError(Exception):
    """Only code of the author's tells what is there: a property, a ``__getattr__``."""


def target(path: str, obj: Any, namespace: Mapping[str, Any]) -> Any:
    """Return the tf.function, Keras model or layer that a path means, as `paths.find` would.

    The model itself stands for its forward pass.

    Raises
    ------
    LookupError
        If there is none.
    UntoldError
        If that can't be told.
    """
    found = paths.meant(path, obj, namespace, _followed)
    return obj if found is None else found


def _followed(path: str, obj: Any) -> Any:
    try:
        expression = ast.parse(path, mode="eval").body
    except ValueError:  # a null byte
        raise LookupError(path) from None
    return _walked(expression, obj)


def _walked(expression: ast.expr, obj: Any) -> Any:
    if isinstance(expression, ast.Name):
        return _attribute(obj, expression.id)
    if isinstance(expression, ast.Attribute):
        return _attribute(_walked(expression.value, obj), expression.attr)
    if isinstance(expression, ast.Subscript) and isinstance(expression.slice, ast.Constant):
        return _element(_walked(expression.value, obj), expression.slice.value)
    raise LookupError


def _attribute(obj: Any, name: str) -> Any:
    cls = type(obj)
    if _is_authors(_definer(cls, "__getattribute__")):
        raise UntoldError(name)
    members = static.members(obj, static.dict_reader(cls))
    definer = _definer(cls, name)
    of_class = None if definer is None else static.class_dict(definer)[name]
    if name in members and not _is_data(of_class):
        return members[name]
    if definer is None:
        if _is_authors(_definer(cls, "__getattr__")):
            raise UntoldError(name)
        raise LookupError(name)
    if type(of_class) is classmethod:
        raise UntoldError(name)
    plain = of_class.__func__ if type(of_class) is staticmethod else of_class
    if functions.is_function(plain) or (name == "layers" and _is_framework(definer)):
        return getattr(obj, name)
    if _is_data(of_class):
        raise UntoldError(name)
    return of_class


def _is_authors(definer: type | None) -> bool:
    known = definer is None or _is_framework(definer) or _root(definer) in _BUILTIN
    return not known


def _is_data(attribute: object) -> bool:
    """Tell whether a class attribute decides itself what an object has by its name."""
    return static.lookup(type(attribute), "__set__") is not None or (
        static.lookup(type(attribute), "__get__") is not None
        and not callable(attribute)
        and type(attribute) not in (staticmethod, classmethod)
    )


def _element(held: Any, key: Any) -> Any:
    obj: Any = Sorts().of(held).container(held)  # what TensorFlow wrapped
    definer = _definer(type(obj), "__getitem__")
    if definer is None:
        raise LookupError(key)
    if not (_is_framework(definer) or _root(definer) in _BUILTIN):
        raise UntoldError(key)
    try:
        return obj[key]
    except (LookupError, TypeError) as error:
        raise LookupError(key) from error


def _definer(cls: type, name: str) -> type | None:
    return next((one for one in static.mro(cls) if name in static.class_dict(one)), None)


def _is_framework(cls: type) -> bool:
    return _root(cls) in _FRAMEWORKS


def _root(cls: type) -> str:
    return str(static.class_dict(cls).get("__module__", "builtins")).partition(".")[0]
