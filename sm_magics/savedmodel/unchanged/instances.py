"""How an object is read of which nothing is known but its class: by its instance dict and slots."""

from __future__ import annotations

import functools
from types import MemberDescriptorType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.unchanged import trust
from sm_magics.savedmodel.unchanged.walk import sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sm_magics.savedmodel.unchanged.walk import Reader, Row, Walk

_WORD = 8
_CONTENTS: tuple[tuple[type, Callable[[Any], Iterable[Any]]], ...] = (
    (list, list.__iter__),
    (tuple, tuple.__iter__),
    (set, set.__iter__),
    (frozenset, frozenset.__iter__),
    (str, lambda obj: (str.__str__(obj),)),
    (bytes, lambda obj: (bytes.__add__(obj, b""),)),
    (float, lambda obj: (float.__repr__(obj),)),
    (int, lambda obj: (int.__int__(obj),)),
)
OURS = "_sm_magics_last_export"
"""The attribute under which an object keeps what its last export left: no trace reads it."""

_LAZY = frozenset({"_ThreadLocalData", "local"})


def instance_reader(cls: type, walk: Walk, number: int) -> Reader:
    """Return what reads the objects of a class that a class statement made.

    Raises
    ------
    UnreadableError
        If the objects hold something that only C code sees.
    """
    base = next((kind for kind in (dict, *dict(_CONTENTS)) if static.derives(cls, kind)), object)
    if cls is not SimpleNamespace and _is_hidden(cls, base):
        raise walk.refuse(number, f"is {_a(cls)}, whose state can't be read")
    iterate = dict(_CONTENTS).get(base)
    if cls.__name__ in tf_private.KEPT_CONTENT and cls.__module__ == "keras.src.utils.tracking":
        return _content_reader(cls, base, walk, number)
    walk.number(cls, number, "__class__")
    fields_of = static.dict_reader(cls)
    if cls is SimpleNamespace:
        fields_of = None
    slots = _slots(cls)
    if not slots and fields_of is None and base in (list, tuple, set, frozenset):
        return lambda walk, number, obj: sequence(walk, number, list(dict(_CONTENTS)[base](obj)))
    aside = _aside(cls)
    named = walk.named
    made = tf_private.MADE_WHEN_ASKED

    def read(walk: Walk, number: int, obj: Any) -> Row:
        fields = vars(obj) if cls is SimpleNamespace else static.members(obj, fields_of)
        if OURS in fields:
            fields = {name: value for name, value in fields.items() if name != OURS}
        if aside:
            walk.set_aside(number, fields, aside)
            left_out = aside - named if named else aside
            fields = {name: value for name, value in fields.items() if name not in left_out}
            for name in fields.keys() & made.keys():
                if fields[name] is made[name]:
                    del fields[name]
        if slots or base is not object:
            fields = dict(fields)
            for name, slot in slots.items():
                try:
                    fields[name] = slot.__get__(obj)
                except AttributeError:
                    continue  # not assigned yet
            if base is dict:
                fields["(items)"] = dict.copy(obj) if cls else {}
                fields["(default)"] = getattr(obj, "default_factory", None) if trusted else None
            elif iterate is not None:
                fields["(items)"] = tuple(iterate(obj))
        return walk.row(number, "fields", tuple(fields), fields.values())

    trusted = any(one.__name__ == "defaultdict" for one in static.mro(cls))
    return read


def _content_reader(cls: type, base: type, walk: Walk, number: int) -> Reader:
    from sm_magics.savedmodel.unchanged.readers import read_dict

    walk.number(cls, number, "__class__")
    if base is dict:
        return read_dict
    iterate = dict(_CONTENTS)[base]
    return lambda walk, number, obj: sequence(walk, number, list(iterate(obj)))


def _slots(cls: type) -> dict[str, MemberDescriptorType]:
    found: dict[str, MemberDescriptorType] = {}
    for base in static.mro(cls):
        for name, value in static.class_dict(base).items():
            if type(value) is MemberDescriptorType and name not in ("__dict__", "__weakref__"):
                found.setdefault(name, value)
    return found


def _is_hidden(cls: type, base: type) -> bool:
    """Tell whether objects of a class are larger than their base, slots and dict explain."""
    count = sum(
        type(value) is MemberDescriptorType and name not in ("__dict__", "__weakref__")
        for one in static.mro(cls)
        if one is not base
        for name, value in static.class_dict(one).items()
    )
    own = cls.__weakrefoffset__ > 0 and not base.__weakrefoffset__
    offset = cls.__dictoffset__
    # An object with a dict that Python manages has it in front of itself.
    inside = offset > 0 or (offset < -1 and cls.__itemsize__ > 0)
    return cls.__basicsize__ - base.__basicsize__ != _WORD * (count + own + inside)


@functools.cache
def _known_aside() -> dict[tuple[str, str], frozenset[str]]:
    return tf_private.SET_ASIDE


def _aside(cls: type) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for base in static.mro(cls):
        module = static.class_dict(base).get("__module__")
        if isinstance(module, str):
            found |= _known_aside().get((module, static.class_name(base)), frozenset())
    return found


def _a(cls: type) -> str:
    name = f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")
    return f"a {name}" if trust.is_trusted_class(cls) else f"of the class {name}"
