"""Type -> what it is to us. Decided by the MRO against classes that are already imported."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.capture import static

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sm_magics.savedmodel.capture.static import DictReader

KINDS = frozenset(
    {
        "functional",
        "sequential",
        "subclassed",
        "layer",
        "module",
        "checkpoint",
        "function",
        "loaded",
    }
)
CONTAINERS = frozenset({"list", "tuple", "dict", "proxy", "storage"})
_BUILTIN_CONTAINERS: tuple[tuple[type, str, Callable[[Any], Iterable[Any]]], ...] = (
    (list, "list", list.__iter__),
    (tuple, "tuple", tuple.__iter__),
    (dict, "dict", dict.values),
)
_TRACKABLE = ("trackable", "TensorFlow")
_FRAMEWORKS = ("tensorflow", "keras", "tf_keras")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a model is: its `name` (see `Model.kind`) and `framework` (see `Model.framework`)."""

    name: str
    framework: str


@dataclass(frozen=True, slots=True)
class Sort:
    """What the instances of a class are, models or not.

    Attributes
    ----------
    cls : type
        The class.
    role : str
        One of `KINDS`, of `CONTAINERS`, or ``variable``, ``seed``, ``metric``, ``optimizer``,
        ``input layer``, ``trackable``; ``plain`` for other Python objects with an instance dict,
        ``opaque`` for what can't be looked into.
    framework : str
        As in `Model.framework`; empty for what is no framework's.
    reader : descriptor or None
        Reads the instance dict.
    kind : Kind or None
        None unless its instances are models.
    indexable : bool
        Whether ``obj[key]`` gives the element that is stored under `key`.
    read : callable or None
        Reads the elements of a builtin container.
    """

    cls: type
    role: str
    framework: str
    reader: DictReader | None
    kind: Kind | None
    indexable: bool = False
    read: Callable[[Any], Iterable[Any]] | None = None

    def members(self, obj: object) -> dict[str, Any]:
        """Return the genuine instance dict of an instance."""
        return static.members(obj, self.reader)

    def container(self, obj: object) -> object:
        """Return the builtin container that TensorFlow wrapped, or `obj` if it is none such."""
        if self.role == "proxy":
            # TensorFlow's own proxies: this finds wrapt's descriptor, no code of the user.
            return object.__getattribute__(obj, "__wrapped__")
        if self.role == "storage":
            fields = self.members(obj)
            names = (name for name in tf_private.STORAGE_FIELDS if name in fields)
            return next((fields[name] for name in names), ())
        return obj


class Sorts:
    """The sort of each class that a look at objects meets, decided once per look.

    Not kept between looks: Keras changes the bases of classes when the first functional instance
    is made, and users define their classes anew.

    Attributes
    ----------
    known : dict of int to Sort
        The sorts met so far by the id of the class: for loops to which a call of `of` is dear.
    dull : set of int
        The ids of the classes met so far that are neither models nor containers.
    no_models : set of int
        The ids of the classes met so far that are no models.
    """

    def __init__(self) -> None:
        self._roles = _class_roles()
        self._tensorflow = _TRACKABLE in self._roles.values()
        self.known: dict[int, Sort] = {}
        self._functions: dict[int, dict[str, Any]] = {}
        self.dull: set[int] = set()
        self.no_models: set[int] = set()

    @property
    def any_model(self) -> bool:
        """Whether a model can exist at all: False as long as TensorFlow is not imported."""
        return self._tensorflow

    def of(self, obj: object) -> Sort:
        """Return the sort of an object, by its real type."""
        cls = type(obj)
        # By id: a hash of the class would run its metaclass. The sort keeps the class alive.
        sort = self.known.get(id(cls))
        if sort is None:
            sort = self.known[id(cls)] = self._decide(cls)
            if sort.kind is None:
                self.no_models.add(id(cls))
                if sort.role not in CONTAINERS:
                    self.dull.add(id(cls))
        return sort

    def all_dull(self, objects: Iterable[Any]) -> bool:
        """Tell whether all objects are surely neither models nor containers.

        Most containers hold many objects of few types, and C compares the types; a type that was
        not met before counts as not dull.
        """
        return self.dull.issuperset(map(id, map(type, objects)))

    def class_functions(self, cls: type) -> dict[str, Any]:
        """Return the tf.functions that a class and its bases define, by name."""
        names = self._functions.get(id(cls))
        if names is None:
            names = self._functions[id(cls)] = self._find_functions(cls)
        return names

    def _decide(self, cls: type) -> Sort:
        role, framework = self._role(cls)
        kind = None
        if role in KINDS:
            kind = Kind(role, framework)
        elif role == "input layer":
            kind = Kind("layer", framework)
        reader = static.dict_reader(cls)
        if role == "opaque" and reader is not None and not _is_closed(cls):
            role = "plain"
        indexable, read = role in CONTAINERS, None
        for builtin, name, iterate in _BUILTIN_CONTAINERS:
            if role == name:
                read = iterate
                indexable = static.lookup(cls, "__getitem__") is vars(builtin)["__getitem__"]
        return Sort(cls, role, framework, reader, kind, indexable, read)

    def _role(self, cls: type) -> tuple[str, str]:
        fallback = ("opaque", "")
        for base in static.mro(cls):
            found = self._roles.get(id(base))
            if found == _TRACKABLE:
                # Keras 3 optimizers have it before their own base class.
                fallback = ("loaded", "TensorFlow") if _is_revived(cls) else found
            elif found is not None:
                return found
        return fallback

    def _find_functions(self, cls: type) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for base in static.mro(cls):
            if _module(base).partition(".")[0] in _FRAMEWORKS:
                continue
            for name, value in static.class_dict(base).items():
                # The first along the MRO decides: an override may be no tf.function.
                found.setdefault(name, value.__func__ if type(value) is staticmethod else value)
        return {name: value for name, value in found.items() if self.of(value).role == "function"}


def kind_of(obj: object) -> Kind | None:
    """Return what kind of model an object is; None if it is none.

    Decided by the real type alone. Classes, optimizers, metrics, losses, variables and datasets
    are no models.
    """
    return Sorts().of(obj).kind


def _class_roles() -> dict[int, tuple[str, str]]:
    found = {id(builtin): (name, "") for builtin, name, _ in _BUILTIN_CONTAINERS}
    for (module_name, name), role in tf_private.CLASS_ROLES.items():
        module = sys.modules.get(module_name)
        if module is not None:
            cls = vars(module).get(name)
            if cls is not None:
                found[id(cls)] = role
    return found


def _is_closed(cls: type) -> bool:
    # A tensor's attributes hold no models; neither do those of Python modules, for our purpose.
    return static.derives(cls, ModuleType) or _module(cls).startswith("tensorflow.")


def _is_revived(cls: type) -> bool:
    return (_module(cls), static.class_name(cls)) == tf_private.REVIVED_CLASS


def _module(cls: type) -> str:
    module = static.class_dict(cls).get("__module__")
    return module if type(module) is str else ""
