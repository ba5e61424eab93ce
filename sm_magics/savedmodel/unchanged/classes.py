"""How a class is read: a library's by which attributes it has, the author's by what they are."""

from __future__ import annotations

import abc
import enum
from types import FunctionType
from typing import TYPE_CHECKING

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
        found = static.class_dict(cls).items()
        attributes = tuple(value for name, value in found if name not in _BOOKKEEPING)
        walk.kept.append((cls, attributes))
        return ("library class", (), (), (id(cls), *map(id, attributes)))
    if type(cls) not in _METACLASSES and not trust.is_trusted_class(type(cls)):
        raise walk.refuse(number, "is a class with a metaclass of its own")
    own = {"(bases)": static.mro(cls)[1:]}
    for name, value in static.class_dict(cls).items():
        if name in _BOOKKEEPING:
            continue
        unused = name in tf_private.TRAINING_METHODS and isinstance(value, _CODE)
        if not unused or name in walk.named:
            own[name] = value
    walk.set_aside(number, static.class_dict(cls), tf_private.TRAINING_METHODS)
    walk.kept.append(cls)
    kind, labels, types, values = walk.row(number, "class", tuple(own), own.values())
    return (kind, labels, types, (*values, id(cls)))


def read_bases(walk: Walk, number: int, cls: type) -> None:
    """Have a class looked at, because an object of it is."""
    walk.number(cls, number, "__class__")
