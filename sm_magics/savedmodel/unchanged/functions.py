"""How functions are read: the author's by code, closure, defaults and the globals they name."""

from __future__ import annotations

import builtins
import itertools
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.unchanged import trust
from sm_magics.savedmodel.unchanged.code_reads import reads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sm_magics.savedmodel.unchanged.walk import Row, Walk

_NOWHERE = "(not there)"


def read_function(walk: Walk, number: int, function: FunctionType) -> Row:
    """Read a Python function."""
    code = function.__code__
    if trust.is_trusted_file(code.co_filename):
        _refuse_function(walk, number, function)
        if trust.is_named_constant(function) or not function.__closure__:
            walk.kept.append(function)
            return ("library", (), (), (id(function),))
        # One that a library made around something of the author's.
        found = {"code": code, **_cells(function)}
        return walk.row(number, "function", tuple(found), found.values())
    cells = _cells(function)
    modules = {name: cell for name, cell in cells.items() if _is_module(cell)}
    found = {
        "code": code,
        "defaults": function.__defaults__,
        "kwdefaults": function.__kwdefaults__,
        **{name: cell for name, cell in cells.items() if name not in modules},
        **function.__dict__,
    }
    read = reads(code)
    if "__dict__" in read.names:
        raise walk.refuse(number, "reads a __dict__, and so can read anything")
    if outside := read.names & trust.OUTSIDE:
        raise walk.refuse(number, f"calls {min(outside)}, which may read what changes elsewhere")
    names = function.__globals__
    for chain, value in itertools.chain(
        _resolved(walk, number, read.chains, names, read.names),
        _resolved(walk, number, read.closures, modules, read.names, only=True),
        _imported(walk, number, read.imports, read.names),
    ):
        found[chain] = value
    walk.name(read.names)
    return walk.row(number, "function", tuple(found), found.values())


def _cells(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            found[name] = _NOWHERE
    return found


def _resolved(  # noqa: PLR0913, one more than five
    walk: Walk,
    number: int,
    chains: tuple[tuple[str, ...], ...],
    scope: Mapping[str, Any],
    names: frozenset[str],
    *,
    only: bool = False,
) -> Iterator[tuple[str, Any]]:
    """Yield what chains of names stand for, up to the first that is no module."""
    for root, *attributes in chains:
        if root in scope:
            value = scope[root]
        elif only:
            continue
        else:
            value = vars(builtins).get(root, _NOWHERE)
            if value is not _NOWHERE and trust.impurity("builtins", root):
                raise walk.refuse(number, f"calls {root}, which can read anything")
        path = root
        for attribute in attributes:
            if not _is_module(value):
                break
            path = f"{path}.{attribute}"
            value = _member(walk, number, value, attribute)
        if _is_module(value):
            _refuse_impure(walk, number, value, names)
            yield path, _which(walk, value)
        else:
            yield path, _checked(walk, number, value)


def _member(walk: Walk, number: int, module: ModuleType, name: str) -> Any:
    """Return what a module has under a name, without asking it to make that."""
    members = vars(module)
    called = str(members.get("__name__", ""))
    impure = trust.impurity(called) or trust.impurity(called, name)
    if impure:
        raise walk.refuse(number, f"reads {impure}, which gives something else each time")
    if name in members:
        return members[name]
    if not trust.is_trusted_module(called) and "__getattr__" in members:
        raise walk.refuse(number, f"reads {called}.{name}, which the module makes when asked")
    return _NOWHERE


def _refuse_impure(walk: Walk, number: int, module: ModuleType, names: frozenset[str]) -> None:
    """Refuse a module that code hands on as it is, unless nothing that it gives can change."""
    called = str(vars(module).get("__name__", ""))
    if not trust.is_trusted_module(called):
        raise walk.refuse(number, f"hands on the module {called!r}, whose use can't be told")
    for name in ("", *sorted(names)):
        if impure := trust.impurity(called, name):
            raise walk.refuse(number, f"reads {impure}, which gives something else each time")


def _is_module(value: Any) -> bool:
    return static.derives(type(value), ModuleType)


def _which(walk: Walk, module: ModuleType) -> int:
    walk.kept.append(module)
    return id(module)


def _checked(walk: Walk, number: int, value: Any) -> Any:
    """Return a value that code names; refuse a function of a library that is not pure."""
    if static.derives(type(value), type):
        own = trust.module_of(value)
        name = static.class_name(value)
        impure = trust.is_trusted_module(own) and trust.impurity(own, name)
        if impure and own != "builtins":
            raise walk.refuse(number, f"reads {impure}, which gives something else each time")
    return value


def _refuse_function(walk: Walk, number: int, function: Any) -> None:
    """Refuse a function of a library that is not pure, or of C code that is not known."""
    module = function.__module__ or ""
    if not trust.is_trusted_module(module):
        if type(function) is FunctionType:
            return  # a library's wrapper, called like what it wraps
        raise walk.refuse(number, f"is the function of C code {module}.{function.__name__}")
    if impure := trust.impurity(module, function.__name__):
        raise walk.refuse(number, f"is {impure}, which gives something else each time")


def _imported(
    walk: Walk, number: int, imports: tuple[str, ...], names: frozenset[str]
) -> Iterator[tuple[str, Any]]:
    for name in imports:
        module = sys.modules.get(name)
        if module is None:
            raise walk.refuse(number, f"imports {name or 'from its own package'} when it runs")
        parts = [sys.modules[part] for part in _parents(name) if part in sys.modules]
        for part in parts:
            called = str(vars(part).get("__name__", ""))
            if trust.is_trusted_module(called):
                _refuse_impure(walk, number, part, names)
                yield f"import {called}", _which(walk, part)
                continue
            for attribute in sorted(names & vars(part).keys()):
                value = vars(part)[attribute]
                if _is_module(value):
                    _refuse_impure(walk, number, value, names)
                    value = _which(walk, value)
                yield f"{called}.{attribute}", value


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def read_method(walk: Walk, number: int, method: Any) -> Row:
    """Read a bound method."""
    labels = ("__func__", "__self__")
    return walk.row(number, "fields", labels, (method.__func__, method.__self__))


def read_builtin(walk: Walk, number: int, function: Any) -> Row:
    """Read a function of C, with the object that it is bound to."""
    owner = function.__self__
    if function.__module__ is not None or owner is None:
        _refuse_function(walk, number, function)
        walk.kept.append(function)
        return ("library", (), (), (id(function),))
    labels = ("__name__", "__self__")
    return walk.row(number, "fields", labels, (function.__name__, owner))


def read_property(walk: Walk, number: int, obj: Any) -> Row:
    """Read a property by its functions; it is not evaluated."""
    return walk.row(number, "fields", ("fget", "fset", "fdel"), (obj.fget, obj.fset, obj.fdel))


def read_wrapped(walk: Walk, number: int, obj: Any) -> Row:
    """Read a static method or class method by its function."""
    return walk.row(number, "fields", ("__func__",), (obj.__func__,))
