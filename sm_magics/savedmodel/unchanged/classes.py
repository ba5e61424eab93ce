"""How a class is read: a library's by which attributes it has, the author's by what they are."""

from __future__ import annotations

import abc
import enum
from types import FunctionType
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.unchanged import trust

if TYPE_CHECKING:
    from sm_magics.savedmodel.unchanged.walk import Row, Walk

_BOOKKEEPING = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__doc__",
        "__module__",
        "__annotations__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__abstractmethods__",
        "_abc_impl",
        "__firstlineno__",
        "__static_attributes__",
        "__orig_bases__",
        "__parameters__",
        "__dataclass_params__",
        "__dataclass_fields__",
    }
)
"""What Python leaves on a class for itself."""
_METACLASSES = (type, abc.ABCMeta, enum.EnumMeta)
_CODE = (FunctionType, property, staticmethod, classmethod)


def read_class(walk: Walk, number: int, cls: type) -> Row:
    """Read a class: what it defines itself, and its bases."""
    if trust.is_trusted_class(cls):
        # Which functions it has; a patched one is another. Their code is taken as constant.
        return _read_library_class(walk, number, cls)
    if not is_made_in_python(cls):
        raise walk.refuse(number, "is a class of C code that is not known")
    if type(cls) not in _METACLASSES and not trust.is_trusted_class(type(cls)):
        raise walk.refuse(number, "is a class with a metaclass of its own")
    own = {"(bases)": static.mro(cls)[1:]}
    for name, value in static.class_dict(cls).items():
        if name in _BOOKKEEPING:
            continue
        unused = name in tf_private.TRAINING_METHODS and type(value) in _CODE
        if not unused or name in walk.named:
            own[name] = value
    walk.set_aside(number, static.class_dict(cls), tf_private.TRAINING_METHODS)
    walk.kept.append(cls)
    kind, labels, types, values = walk.row(number, "class", tuple(own), own.values())
    return (kind, labels, types, (*values, id(cls)))


def _read_library_class(walk: Walk, number: int, cls: type) -> Row:
    """Read a library's class: which attributes it has. The code of its own is constant."""
    if walk.parents[number][1] != "__class__" and (impure := trust.impure_class(cls)):
        raise walk.refuse(number, f"is {impure}, which gives something else each time")
    found = {n: value for n, value in static.class_dict(cls).items() if n not in _BOOKKEEPING}
    walk.kept.append((cls, tuple(found.values())))
    patched = {name: value for name, value in found.items() if _is_authors(value)}
    kind, labels, types, values = walk.row(number, "class", tuple(patched), tuple(patched.values()))
    return (kind, labels, types, (*values, id(cls), *map(id, found.values())))


def _is_authors(value: Any) -> bool:
    """Tell whether an attribute of a library's class is a function that the author put there."""
    value = value.fget if type(value) is property else value
    value = value.__func__ if type(value) in (staticmethod, classmethod) else value
    return type(value) is FunctionType and not trust.is_trusted_file(value.__code__.co_filename)


_HEAP, _IMMUTABLE = 1 << 9, 1 << 8  # Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_IMMUTABLETYPE


def is_made_in_python(cls: type) -> bool:
    """Tell whether a class was not made by C code: it can be changed, and lies on the heap."""
    return cls.__flags__ & (_HEAP | _IMMUTABLE) == _HEAP
