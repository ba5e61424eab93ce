"""How an object of a class is read: which reader, and those of Python's and NumPy's own types."""

from __future__ import annotations

import collections
import datetime as dt
import functools
import hashlib
import itertools
import logging
import re
import types
import weakref
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.unchanged import classes, code_reads, functions, tensors, trust
from sm_magics.savedmodel.unchanged.instances import instance_reader
from sm_magics.savedmodel.unchanged.walk import LEAVES, flat_dict, sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from sm_magics.savedmodel.unchanged.walk import Reader, Row, Shorthand, Walk

BIGGEST = 64 * 2**20
"""How many bytes of arrays are looked at: hashing more would take as long as a save."""
_MARKS = ("lock", "RLock", "ufunc", "_ArrayFunctionDispatcher", "PyCapsule", "_tuplegetter")


def reader_of(cls: type, walk: Walk, number: int) -> Reader:
    """Return what reads the objects of a class.

    Raises
    ------
    UnreadableError
        If nothing does.
    """
    own = _READERS.get(id(cls)) or tensors.readers().get(id(cls)) or _numpy_readers().get(id(cls))
    if own is not None:
        return own
    if static.derives(cls, type):
        return classes.read_class
    if trust.is_trusted_class(cls):
        if static.class_name(cls) in _MARKS:
            return _read_mark
        if static.derives(cls, PurePath):
            return _read_path
    if any(trust.module_of(one) == "google.protobuf.message" for one in static.mro(cls)):
        return _read_message
    return instance_reader(cls, walk, number)


def shorthand() -> dict[int, Shorthand]:
    """Return, by the id of a class, what writes its objects into the rows of their owners."""
    return _SHORTHAND | tensors.shorthand()


def lists() -> frozenset[int]:
    """Return the ids of the classes whose objects are elements in an order, and nothing else."""
    return tensors.lists() | {id(list), id(tuple)}


def read_dict(walk: Walk, number: int, obj: Any) -> Row:
    """Read a dict; the order of its keys counts."""
    keys = tuple(dict.keys(obj))
    if all(type(key) is str for key in keys):
        return walk.row(number, "keys", keys, dict.values(obj))
    values = itertools.chain(keys, dict.values(obj))
    return walk.row(number, "items", range(2 * len(keys)), values)


def _read_set(walk: Walk, number: int, obj: Any) -> Row:
    # In the order in which a trace would meet the elements.
    return sequence(walk, number, list(obj))


def _read_mark(walk: Walk, _: int, obj: Any) -> Row:
    # Which one it is can't change what a trace gives: a lock, a function of C.
    walk.kept.append(obj)
    return ("library", (), (), (id(obj),))


def _read_scalar(_walk: Walk, _: int, obj: Any) -> Row:
    return ("value", ("value",), (type(obj),), (obj.tobytes(),))


def _read_path(walk: Walk, number: int, obj: Any) -> Row:
    return walk.row(number, "value", ("path",), (str(obj),))


def _read_message(walk: Walk, number: int, obj: Any) -> Row:
    return walk.row(number, "value", ("value",), (obj.SerializeToString(deterministic=True),))


def _read_text(_walk: Walk, _: int, obj: Any) -> Row:
    return ("value", ("value",), (type(obj),), (repr(obj),))


def _read_weak(walk: Walk, number: int, obj: Any) -> Row:
    return walk.row(number, "fields", ("referent",), (weakref.ref.__call__(obj),))


def _read_partial(walk: Walk, number: int, obj: Any) -> Row:
    labels = ("func", "args", "keywords")
    return walk.row(number, "fields", labels, (obj.func, obj.args, obj.keywords))


def _read_pattern(walk: Walk, number: int, obj: Any) -> Row:
    return walk.row(number, "fields", ("pattern", "flags"), (obj.pattern, obj.flags))


def _read_proxied_dict(walk: Walk, number: int, obj: Any) -> Row:
    return read_dict(walk, number, dict(obj))


def _read_ordered_dict(walk: Walk, number: int, obj: Any) -> Row:
    # Its order is its own, not that of the dict inside it.
    return read_dict(walk, number, dict(collections.OrderedDict.items(obj)))


def _read_default_dict(walk: Walk, number: int, obj: Any) -> Row:
    items = dict(dict.items(obj))
    return walk.row(number, "fields", ("default_factory", "(items)"), (obj.default_factory, items))


def _read_namespace(walk: Walk, number: int, obj: Any) -> Row:
    return walk.row(number, "fields", tuple(vars(obj)), vars(obj).values())


def _read_slice(walk: Walk, number: int, obj: Any) -> Row:
    return sequence(walk, number, (obj.start, obj.stop, obj.step))


def _read_alias(walk: Walk, number: int, obj: Any) -> Row:
    return walk.row(
        number, "fields", ("args",), ((getattr(obj, "__origin__", None), obj.__args__),)
    )


def _read_logger(walk: Walk, number: int, obj: Any) -> Row:
    labels = ("name", "level", "disabled")
    values = (obj.name, obj.getEffectiveLevel(), obj.disabled or obj.manager.disable)
    return walk.row(number, "fields", labels, values)


def _read_module(walk: Walk, number: int, obj: Any) -> Row:
    # As a value, not as a name in code: what of it is read can't be told.
    name = vars(obj).get("__name__", "")
    if not trust.is_trusted_module(name) or trust.impurity(name):
        raise walk.refuse(number, f"is the module {name!r}, whose contents can't be shown")
    return _read_mark(walk, number, obj)


def _read_array(walk: Walk, number: int, obj: Any) -> Row:
    import numpy as np

    if obj.dtype.hasobject:
        return walk.row(number, "array", ("shape", "elements"), (obj.shape, obj.tolist()))
    walk.bytes += obj.nbytes
    if walk.bytes > BIGGEST:
        size = f"{walk.bytes >> 20} MiB"
        raise walk.refuse(number, f"is an array with which there are {size}, too much to look at")
    contents = np.ascontiguousarray(obj).reshape(-1).view(np.uint8)
    digest = hashlib.blake2b(contents.data).digest()
    values = (repr(obj.dtype), repr(obj.shape), digest)
    return walk.row(number, "array", ("dtype", "shape", "contents"), values)


@functools.cache
def _numpy_readers() -> dict[int, Reader]:
    import numpy as np

    found: dict[int, Reader] = {id(np.ndarray): _read_array, id(np.memmap): _read_array}
    for scalar in np.sctypeDict.values():
        if scalar is not np.object_:
            found[id(scalar)] = _read_scalar
    for kind in {type(np.dtype(scalar)) for scalar in np.sctypeDict.values()}:
        found[id(kind)] = _read_text
    return found


def _of_types(reader: Callable[..., Row], *classes_: type) -> dict[int, Reader]:
    return {id(cls): reader for cls in classes_}


_TIMES = (
    dt.date,
    dt.datetime,
    dt.time,
    dt.timedelta,
    dt.timezone,
)
_READERS: dict[int, Reader] = {
    **_of_types(sequence, list, tuple),
    **_of_types(read_dict, dict),
    **_of_types(_read_set, set, frozenset),
    **_of_types(lambda walk, number, obj: sequence(walk, number, list(obj)), collections.deque),
    **_of_types(_read_ordered_dict, collections.OrderedDict),
    **_of_types(_read_default_dict, collections.defaultdict),
    **_of_types(_read_slice, slice),
    **_of_types(_read_namespace, types.SimpleNamespace),
    **_of_types(_read_alias, types.GenericAlias, types.UnionType),
    **_of_types(_read_logger, logging.Logger, logging.RootLogger),
    **_of_types(_read_proxied_dict, types.MappingProxyType),
    **_of_types(_read_text, range, Decimal, type(NotImplemented), *_TIMES),
    **_of_types(_read_pattern, re.Pattern),
    **_of_types(_read_partial, functools.partial),
    **_of_types(_read_weak, weakref.ref),
    **_of_types(_read_module, types.ModuleType),
    **_of_types(functions.read_function, types.FunctionType),
    **_of_types(functions.read_method, types.MethodType),
    **_of_types(functions.read_builtin, types.BuiltinFunctionType, types.MethodWrapperType),
    **_of_types(
        _read_mark,
        types.WrapperDescriptorType,
        types.MethodDescriptorType,
        types.ClassMethodDescriptorType,
        types.GetSetDescriptorType,
        types.MemberDescriptorType,
    ),
    **_of_types(functions.read_property, property),
    **_of_types(functions.read_wrapped, staticmethod, classmethod),
}
_SHORTHAND: dict[int, Shorthand] = {
    id(dict): flat_dict,
    id(float): repr,  # tells -0.0 from 0.0, and nan is nan
    id(complex): repr,
    id(types.CodeType): code_reads.digest,
}
assert not LEAVES & _READERS.keys()  # noqa: S101, a leaf has no row
