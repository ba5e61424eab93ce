"""Which line of the author's made something: of graph ops, of functions, of attributes."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import sysconfig
import textwrap
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of code: the file that the code object names, and a 1-based line of it.

    `function` is what the code object is called; empty where it is not known.
    """

    file: str
    line: int
    function: str = field(default="", compare=False)


def is_authors(file: str) -> bool:
    """Tell whether a file is the author's: neither a library's nor Python's own."""
    return not file.startswith(("<frozen", *_foreign()))


@functools.cache
def _foreign() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    ours = str(PurePath(__file__).parent.parent)
    # Where packages lie although they are not installed: a checkout, for example.
    packages = [
        module.__path__[0]
        for name in ("tensorflow", "keras", "tf_keras", "IPython", "ipykernel", "autograph")
        if (module := sys.modules.get(name)) is not None and getattr(module, "__path__", None)
    ]
    return (*(paths[k] for k in ("stdlib", "purelib", "platlib")), ours, *packages)


def where(frame: Frame | None) -> dict[str, Any]:
    """Return a frame as the fields of a finding."""
    return {} if frame is None else {"file": frame.file, "line": frame.line}


def of_op(op: Any) -> Frame | None:
    """Return the innermost line of the author's that made a graph op; None if there is none."""
    found = stack(op)
    return found[0] if found else None


def stack(op: Any) -> list[Frame]:
    """Return the author's lines on the way to a graph op, the innermost first."""
    return [
        Frame(frame.filename, frame.lineno, frame.name)
        for frame in reversed(op.traceback or ())
        if is_authors(frame.filename)
    ]


def of_function(function: Any) -> Frame | None:
    """Return where a tf.function or Python function is defined: the line of its ``def``."""
    python = getattr(function, "python_function", function)
    python = inspect.unwrap(getattr(python, "func", python))
    code = getattr(getattr(python, "__func__", python), "__code__", None)
    if code is None or not is_authors(code.co_filename):
        return None
    return Frame(code.co_filename, code.co_firstlineno + _decorator_lines(code))


def of_concrete(concrete: Any) -> Frame | None:
    """Return where the function behind a ConcreteFunction is defined, by the first op it made."""
    for op in concrete.graph.get_operations():
        if op.type != "Placeholder" and (frame := of_op(op)) is not None:
            return frame
    return None


def of_attribute(owner: Any, name: str) -> Frame | None:
    """Return the line ``self.<name> = ...`` in the class of an object; None if none shows."""
    for cls in type(owner).__mro__:
        for function in vars(cls).values():
            code = getattr(function, "__code__", None)
            if code is None or name not in code.co_names or not is_authors(code.co_filename):
                continue
            for line in _assignments(parsed(code), name):
                return Frame(code.co_filename, code.co_firstlineno + line - 1)
    return None


def _decorator_lines(code: Any) -> int:
    for node in ast.walk(parsed(code)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return node.lineno - 1
    return 0


def _assignments(tree: ast.AST, name: str) -> Iterable[int]:
    for node in ast.walk(tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign | ast.AugAssign)
            else []
        )
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == name:
                yield node.lineno  # type: ignore[attr-defined]  # a statement has a line


def parsed(code: Any) -> ast.AST:
    """Return the syntax tree of a code object; an empty one where its source is unknown."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, SyntaxError, TypeError, ValueError):
        return ast.Module([], [])
