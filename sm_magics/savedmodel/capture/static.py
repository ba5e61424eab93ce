"""Read objects without running any of their code.

`obj.x`, `isinstance`, `len` and iteration all run what the class of `obj` says. Here the real type,
its MRO, the instance dict and the elements of builtin containers are read through the descriptors
of `type`, `list`, `tuple` and `dict` themselves.
"""

from __future__ import annotations

from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DictReader = GetSetDescriptorType | MemberDescriptorType

_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_name: Callable[[type], str] = type.__dict__["__name__"].__get__
_class_dict: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
_READERS: tuple[tuple[type, Callable[[Any], Iterator[Any]]], ...] = (
    (list, list.__iter__),
    (dict, lambda obj: iter(dict.values(obj))),
    (tuple, tuple.__iter__),
)


class _Plain:
    """What a class statement makes, to compare with."""


# A member descriptor reads memory and nothing else. A getset of a C class (such as a proxy) may
# answer with whatever it likes; the one that a class statement makes is told by its docstring.
_GENUINE_DOC = _Plain.__dict__["__dict__"].__doc__


def mro(cls: type) -> tuple[type, ...]:
    """Return the method resolution order, whatever the metaclass says."""
    return _mro(cls)


def derives(cls: type, base: type) -> bool:
    """Tell whether a class is or derives from another, without asking any metaclass."""
    return any(one is base for one in _mro(cls))


def class_name(cls: type) -> str:
    """Return the name of a class, whatever the metaclass says."""
    return _name(cls)


def class_dict(cls: type) -> Mapping[str, Any]:
    """Return the attributes that a class itself defines."""
    return _class_dict(cls)


def lookup(cls: type, name: str) -> object:
    """Return the raw class attribute that `name` finds along the MRO; None if there is none."""
    for base in _mro(cls):
        attributes = _class_dict(base)
        if name in attributes:
            return attributes[name]
    return None


def dict_reader(cls: type) -> DictReader | None:
    """Return the descriptor of the instance dict; None if a class has none that can be trusted.

    A property called ``__dict__`` is passed over.
    """
    for base in _mro(cls):
        descriptor = _class_dict(base).get("__dict__")
        if type(descriptor) is MemberDescriptorType:
            return descriptor
        if type(descriptor) is GetSetDescriptorType and descriptor.__doc__ == _GENUINE_DOC:
            return descriptor
    return None


def members(obj: object, reader: DictReader | None) -> dict[str, Any]:
    """Return the instance dict by the reader of its class; empty where there is none."""
    if reader is None:
        return {}
    try:
        found = reader.__get__(obj)
    except (AttributeError, ValueError):  # a proxy that was never initialised
        return {}
    return found if type(found) is dict else {}


def items(obj: object, limit: int | None = None) -> list[tuple[Any, Any]]:
    """Return (index or key, element) of a list, tuple or dict, at most `limit` of them.

    Overridden iteration of subclasses is not run. The result is made in one go, so that another
    thread that changes the container does no harm.
    """
    if type(obj) is dict or derives(type(obj), dict):
        return list(islice(dict.items(obj), limit))  # type: ignore[arg-type]
    return list(enumerate(values(obj, limit)))


def values(obj: object, limit: int | None = None) -> list[Any]:
    """Return the elements of a list, a tuple or the values of a dict, as `items` does."""
    for builtin, read in _READERS:
        if type(obj) is builtin or derives(type(obj), builtin):
            return list(islice(read(obj), limit))
    return []


def literal(key: object) -> str | None:
    """Return the source text of a key that a person could type; None if there is none."""
    if key is None or type(key) in (str, int, bool, bytes):
        return repr(key)
    if type(key) is tuple:
        parts = [literal(part) for part in key]
        if all(part is not None for part in parts):
            return repr(key)
    return None
