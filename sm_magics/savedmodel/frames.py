"""Which line of the author's made something: of graph ops, of functions, of attributes."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import linecache
import sys
import sysconfig
import textwrap
from dataclasses import dataclass, field
from pathlib import PurePath
from types import FunctionType
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures.functions import is_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_OURS = str(PurePath(__file__).parent.parent)


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
    foreign = ("<frozen", *_foreign())
    return not file.startswith(foreign) and tf_private.AUTOGRAPH_FILE not in file


@functools.cache
def _foreign() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    # Where packages lie although they are not installed: a checkout, for example.
    packages = [
        folder
        for name in ("tensorflow", "keras", "tf_keras", "IPython", "ipykernel", "autograph")
        if (folder := _folder(name))
    ]
    return (*(paths[k] for k in ("stdlib", "purelib", "platlib")), _OURS, *packages)


def _folder(name: str) -> str:
    """Return where a package lies; empty if it is not imported.

    Not by its `__path__`: TensorFlow has those of others in front of its own.
    """
    file = getattr(sys.modules.get(name), "__file__", None)
    return str(PurePath(file).parent) if file else ""


def where(frame: Frame | None) -> dict[str, Any]:
    """Return a frame as the fields of a finding."""
    return {} if frame is None else {"file": frame.file, "line": frame.line}


def of_op(op: Any, codes: Iterable[Any] = ()) -> Frame | None:
    """Return the innermost line of the author's that made a graph op; None if there is none.

    Autograph takes equal code for the same, whatever file it is in: an op of a cell that was run
    again may carry the file of its first run. `codes` are the code objects that exist now.
    """
    found = [frame for frame in _called(op) if is_authors(frame.filename)]
    if not found:
        return None
    file = _file_now(found[0], codes)
    return Frame(file, found[0].lineno)


def stack(op: Any, codes: Iterable[Any] = ()) -> list[Frame]:
    """Return the author's lines on the way to a graph op, the innermost first; see `of_op`."""
    return [
        Frame(_file_now(frame, codes), frame.lineno, frame.name)
        for frame in _called(op)
        if is_authors(frame.filename)
    ]


def libraries(op: Any) -> list[Frame]:
    """Return the lines of libraries between the author's last one and TensorFlow, likewise."""
    found = [
        Frame(frame.filename, frame.lineno, frame.name)
        for frame in itertools.takewhile(lambda f: not is_authors(f.filename), _called(op))
    ]
    tensorflow = _folder("tensorflow")
    return [frame for frame in found if not frame.file.startswith(tensorflow)]


def _called(op: Any) -> Iterator[Any]:
    """Yield the frames that made a graph op, the innermost first.

    Where we ourselves called, the rest is the line that asked for an export: it made nothing.
    """
    return itertools.takewhile(
        lambda frame: not frame.filename.startswith(_OURS), reversed(op.traceback or ())
    )


def _file_now(frame: Any, codes: Iterable[Any]) -> str:
    known = [code for outer in codes for code in _nested(outer) if code.co_name == frame.name]
    if any(code.co_filename == frame.filename for code in known):
        return str(frame.filename)
    for code in known:
        lines = {line for part in _nested(code) for _, _, line in part.co_lines() if line}
        if frame.lineno in lines and all(
            linecache.getline(code.co_filename, line) == linecache.getline(frame.filename, line)
            for line in range(code.co_firstlineno, max(lines) + 1)
        ):
            return str(code.co_filename)
    return str(frame.filename)


def _nested(code: Any) -> Iterator[Any]:
    yield code
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _nested(constant)


def codes_of(obj: Any, functions: Iterable[Any] = ()) -> list[Any]:
    """Return the author's code of an object's methods, of tf.functions, and of what these see."""
    found = [value for cls in type(obj).__mro__ for value in vars(cls).values()]
    for function in functions:
        seen_globals, seen_nonlocals = scope(function)
        found += [function, *seen_globals.values(), *seen_nonlocals.values()]
    codes = [
        getattr(python_function(one), "__code__", None)
        for one in found
        if is_function(one) or isinstance(one, _METHODS)
    ]
    return [code for code in codes if code is not None and is_authors(code.co_filename)]


_METHODS = (FunctionType, staticmethod, classmethod, property)


def scope(function: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the names that a function's body sees: globals of its module, and its closure."""
    python = python_function(function)
    if python is None:
        return {}, {}
    try:
        seen = inspect.getclosurevars(python)
    except ValueError:  # a name of the closure that has no value yet
        return {}, {}
    return dict(seen.globals), dict(seen.nonlocals)


def python_function(function: Any) -> Any:
    """Return the Python function inside a tf.function, method or decorator; None if none shows."""
    if isinstance(function, property):
        function = function.fget
    python = getattr(function, "python_function", function)
    try:
        python = inspect.unwrap(getattr(python, "func", python))
    except ValueError:  # a cycle
        return None
    python = getattr(python, "__func__", python)
    return python if inspect.isfunction(python) else None


def of_function(function: Any) -> Frame | None:
    """Return where a tf.function or Python function is defined: the line of its ``def``."""
    code = getattr(python_function(function), "__code__", None)
    if code is None or not is_authors(code.co_filename):
        return None
    return Frame(code.co_filename, code.co_firstlineno + _decorator_lines(code))


def of_concrete(concrete: Any, codes: Iterable[Any] = ()) -> Frame | None:
    """Return where the function behind a ConcreteFunction is defined, by the first op it made."""
    for op in concrete.graph.get_operations():
        if op.type != "Placeholder" and (frame := of_op(op, codes)) is not None:
            return frame
    return None


def of_attribute(owner: Any, name: str) -> Frame | None:
    """Return the line ``self.<name> = ...`` in the class of an object; None if none shows."""
    for cls in type(owner).__mro__:
        for function in vars(cls).values():
            code = getattr(python_function(function), "__code__", None)
            if code is None or name not in code.co_names or not is_authors(code.co_filename):
                continue
            lines = _assignments(parsed(code), code.co_varnames[:1], name)
            if lines:
                return Frame(code.co_filename, code.co_firstlineno + min(lines) - 1)
    return None


def of_global(module: Any, name: str) -> Frame | None:
    """Return the line of a module that first binds one of its names; None if none shows."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, SyntaxError, TypeError, ValueError):
        return None
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name
    ]
    return Frame(module.__file__, min(lines)) if lines else None


def _decorator_lines(code: Any) -> int:
    for node in ast.walk(parsed(code)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return node.lineno - 1
    return 0


def _assignments(tree: ast.AST, receiver: tuple[str, ...], name: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and node.attr == name
        and isinstance(node.value, ast.Name)
        and node.value.id in receiver
    ]


def parsed(code: Any) -> ast.AST:
    """Return the syntax tree of a code object; an empty one where its source is unknown."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, SyntaxError, TypeError, ValueError):
        return ast.Module([], [])
