"""How an object is read of which nothing is known but its class: by its instance dict and slots."""

from __future__ import annotations

from operator import itemgetter
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.unchanged import trust
from sm_magics.savedmodel.unchanged.classes import is_made_in_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sm_magics.savedmodel.unchanged.walk import Reader, Row, Walk

    Names = tuple[str, ...]

_CONTENTS: dict[type, Callable[[Any], Iterable[Any]]] = {
    dict: lambda obj: (dict(dict.items(obj)),),
    list: list.__iter__,
    tuple: tuple.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
    str: lambda obj: (str.__str__(obj),),
    bytes: lambda obj: (bytes.__add__(obj, b""),),
    float: lambda obj: (float.__repr__(obj),),
    int: lambda obj: (int.__int__(obj),),
}
"""What an object holds besides its attributes, by the builtin that its class derives from."""
OURS = "_sm_magics_last_export"
"""The attribute under which an object keeps what its last export left: no trace reads it."""

_PYTHONS_OWN = ("__dict__", "__weakref__")
_WORD = 8


def instance_reader(cls: type, walk: Walk, number: int) -> Reader:
    """Return what reads the objects of a class that a class statement made.

    Raises
    ------
    UnreadableError
        If the objects hold something that only C code sees.
    """
    base = next((kind for kind in _CONTENTS if static.derives(cls, kind)), object)
    if _is_hidden(cls, base):
        raise walk.refuse(number, f"is {_a(cls)}, whose state can't be read")
    walk.number(cls, number, "__class__")
    dict_reader, slots = static.dict_reader(cls), _slots(cls)
    contents = _CONTENTS.get(base)
    fields_of = _fields_reader(cls, walk)

    def read(walk: Walk, number: int, obj: Any) -> Row:
        fields = static.members(obj, dict_reader)
        if OURS in fields:
            fields = {name: value for name, value in fields.items() if name != OURS}
        names, values = fields_of(number, fields)
        if slots:
            own = {}
            for name, slot in slots.items():
                try:
                    own[name] = slot.__get__(obj)
                except AttributeError:
                    continue  # not assigned yet
            names, values = (*names, *own), (*values, *own.values())
        if contents is not None:
            names, values = (*names, "(contents)"), (*values, tuple(contents(obj)))
        return walk.row(number, "fields", names, values)

    return read


def _fields_reader(
    cls: type, walk: Walk
) -> Callable[[int, dict[str, Any]], tuple[Names, tuple[Any, ...]]]:
    """Return what splits an instance dict into names and values, without what is set aside."""
    aside = _aside(cls)
    if not aside:
        return lambda _, fields: (tuple(fields), tuple(fields.values()))
    made, named = tf_private.MADE_WHEN_ASKED, walk.named
    aside |= made.keys()
    # Layers of a class have the same fields: which of them are read is decided once for all.
    plans: dict[Names, tuple[Names, Callable[[dict[str, Any]], tuple[Any, ...]]]] = {}
    known = len(named)

    def split(number: int, fields: dict[str, Any]) -> tuple[Names, tuple[Any, ...]]:
        nonlocal known
        if len(named) != known:
            known = len(named)
            plans.clear()
        walk.set_aside(number, fields, aside)
        every = tuple(fields)
        if every not in plans:
            plans[every] = _plan([name for name in every if name not in aside or name in named])
        names, get = plans[every]
        values = get(fields)
        for name, value in made.items():
            if name in fields and fields[name] is not value and name not in named:
                names, values = (*names, name), (*values, fields[name])
        return names, values

    return split


def _plan(names: list[str]) -> tuple[Names, Callable[[dict[str, Any]], tuple[Any, ...]]]:
    if len(names) > 1:
        return tuple(names), itemgetter(*names)
    return tuple(names), lambda fields: tuple(fields[name] for name in names)


def _aside(cls: type) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for base in static.mro(cls):
        where = (trust.module_of(base), static.class_name(base))
        found |= tf_private.SET_ASIDE.get(where, frozenset())
    return found


def _slots(cls: type) -> dict[str, MemberDescriptorType]:
    found: dict[str, MemberDescriptorType] = {}
    for base in static.mro(cls):
        for name, value in static.class_dict(base).items():
            if type(value) is MemberDescriptorType and name not in _PYTHONS_OWN:
                found.setdefault(name, value)
    return found


def _is_hidden(cls: type, base: type) -> bool:
    """Tell whether a class was made in C, or its objects are larger than their fields explain."""
    count = 0
    for one in static.mro(cls)[:-1]:
        if one is base:
            continue
        if not is_made_in_python(one):
            return True
        count += sum(
            type(value) is MemberDescriptorType and name not in _PYTHONS_OWN
            for name, value in static.class_dict(one).items()
        )
    weak = cls.__weakrefoffset__ > 0 and not base.__weakrefoffset__
    # A dict that Python manages lies in front of the object.
    inside = cls.__dictoffset__ > 0 or (cls.__dictoffset__ < -1 and cls.__itemsize__ > 0)
    return cls.__basicsize__ - base.__basicsize__ != _WORD * (count + weak + inside)


def _a(cls: type) -> str:
    name = f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")
    return f"a {name}" if trust.is_trusted_class(cls) else f"of the class {name}"
