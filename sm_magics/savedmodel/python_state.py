"""The plain Python values that a function's body reads: a trace keeps them as they were then."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_magics.savedmodel.frames import Frame

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
FEW = 64
"""How many elements of an array or list are looked at."""
_DEEPEST = 4
"""How many calls of the author's own helpers are followed."""


@dataclass(frozen=True, slots=True)
class Read:
    """A plain value that a body reads.

    Attributes
    ----------
    path : str
        The expression in the body: ``"self.config.scale"``, or ``"scale"`` for a global.
    value
        What it is now: a number, a string, a small array, or a list or tuple of these.
    frame : Frame
        The line that reads it.
    """

    path: str
    value: Any
    frame: Frame


def reads(function: Any) -> list[Read]:
    """Return the plain values that the body of a tf.function or Python function reads.

    Those of the author's own helpers count, called as ``self.helper()`` or ``helper()``. No
    property is evaluated and nothing is called.
    """
    found: dict[str, Read] = {}
    _collect(_python(function), found, set(), 0)
    return list(found.values())


def _collect(python: Any, found: dict[str, Read], seen: set[Any], depth: int) -> None:
    plain = getattr(python, "__func__", python)
    code = getattr(plain, "__code__", None)
    if code is None or code in seen or depth > _DEEPEST or not frames.is_authors(code.co_filename):
        return
    seen.add(code)
    scope = _scope(python, plain)
    for node in _expressions(frames.parsed(code)):
        known, value = _value(node, scope)
        if not known:
            continue
        if is_plain(value):
            line = code.co_firstlineno + node.lineno - 1
            path = ast.unparse(node)
            found.setdefault(path, Read(path, value, frames.Frame(code.co_filename, line)))
        else:
            _collect(_python(value), found, seen, depth + 1)


def _python(function: Any) -> Any:
    """Return the Python function behind a tf.function, bound to its owner where it has one."""
    python = getattr(function, "python_function", function)
    python = inspect.unwrap(python) if callable(python) else python
    owner = tf_private.method_owner(function)
    return python if owner is None else python.__func__.__get__(owner)


def _scope(python: Any, plain: Any) -> dict[str, Any]:
    """Return what the names in a function's body stand for: its globals, closure and self."""
    names = {**plain.__globals__}
    for name, cell in zip(plain.__code__.co_freevars, plain.__closure__ or (), strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:
            continue  # not bound yet
    own = plain.__code__.co_varnames[: plain.__code__.co_argcount]
    for name in plain.__code__.co_varnames:
        names.pop(name, None)
    owner = getattr(python, "__self__", None)
    return names | ({own[0]: owner} if owner is not None and own else {})


def _expressions(tree: ast.AST) -> Iterator[Any]:
    """Yield the longest chains ``a.b.c`` that are read, and names that stand alone."""
    queue = [tree]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            yield node
        queue.extend(child for child in ast.iter_child_nodes(node) if child is not None)


def _value(node: ast.expr, scope: dict[str, Any]) -> tuple[bool, Any]:
    if isinstance(node, ast.Name):
        return node.id in scope, scope.get(node.id)
    if isinstance(node, ast.Attribute):
        known, owner = _value(node.value, scope)
        if known:
            return _attribute(owner, node.attr)
    return False, None


def _attribute(owner: Any, name: str) -> tuple[bool, Any]:
    try:
        value = inspect.getattr_static(owner, name)
    except AttributeError:
        return False, None
    if isinstance(value, staticmethod):
        return True, value.__func__
    if inspect.isfunction(value) and not isinstance(owner, type) and not inspect.ismodule(owner):
        return True, value.__get__(owner)
    # A property, or another descriptor, is not run.
    return not hasattr(type(value), "__get__") or inspect.isfunction(value), value


def is_plain(value: Any) -> bool:
    """Tell whether a trace turns a value into a constant, or into a choice of Python's."""
    import numpy as np

    if isinstance(value, list | tuple):
        return len(value) <= FEW and all(is_plain(one) for one in value)
    small = isinstance(value, np.ndarray) and value.size <= FEW
    return small or isinstance(value, (*_PLAIN, np.generic))
