"""From a line of the author's code to the statement or `with tf.device` that it stands in."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import devices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sm_magics.savedmodel.devices import Device
    from sm_magics.savedmodel.frames import Frame


@dataclass(frozen=True, slots=True)
class Span:
    """A statement, or the head of one that has a body.

    Attributes
    ----------
    file : str
        The file that the code object names.
    line, end_line : int
        1-based.
    column, end_column : int or None
        1-based; the last one is behind the last character. None where the source is not known.
    source : str or None
        Its first line, as it stands in the file; None where that is not known.
    scope : str
        If it is a ``with tf.device(...)``: all of its head on one line, without a comment.
    """

    file: str
    line: int
    end_line: int
    column: int | None = None
    end_column: int | None = None
    source: str | None = None
    scope: str = ""


def statement(frame: Frame) -> Span | None:
    """Return the statement at a line, or its lambda there; None where its source is not known."""
    source = _source(frame.file)
    if frame.line not in source.statements:
        source.statements[frame.line] = _statement(frame, source)
    return source.statements[frame.line]


def _statement(frame: Frame, source: _Source) -> Span | None:
    found: list[Any] = [node for node in source.nodes if _holds(node, frame.line, ast.stmt)]
    if not found:
        return None
    inner = max(found, key=lambda node: (node.lineno, node.col_offset))
    # A lambda on a line of its own says more than the statement that it stands in.
    below: list[Any] = [node for node in ast.walk(inner) if _holds(node, frame.line, ast.Lambda)]
    alone = len(below) == 1 and below[0].lineno > inner.lineno
    return _span(frame.file, source.lines, below[0] if alone else inner)


def _holds(node: Any, line: int, kind: Any) -> bool:
    return isinstance(node, kind) and node.lineno <= line <= (node.end_lineno or 0)


def line(frame: Frame) -> Span:
    """Return a line as the span that it is where nothing more is known."""
    return Span(frame.file, frame.line, frame.line)


def device_scope(frames: Iterable[Frame], device: Device) -> Span | None:
    """Return the ``with tf.device(...)`` that pins what these lines made.

    Parameters
    ----------
    frames : iterable of Frame
        The author's lines on the way to the op, the innermost first: a scope holds for what is
        called inside of it.
    device : Device
        What the op is pinned to; a scope that says another device is not the one.
    """
    for frame in frames:
        source = _source(frame.file)
        key = (frame.line, frame.function, device)
        if key not in source.scopes:
            around = _around(source, frame, device)
            inner = max(around, key=lambda node: node.lineno) if around else None
            source.scopes[key] = None if inner is None else _span(frame.file, source.lines, inner)
        if (found := source.scopes[key]) is not None:
            return found
    return None


def _around(source: _Source, frame: Frame, device: Device) -> list[Any]:
    """Return the scopes of a device that a line stands in."""
    named = [node for node in source.nodes if getattr(node, "name", "") == frame.function]
    functions = [node for node in named if isinstance(node, _FUNCTION)]
    if functions and not any(_holds(node, frame.line, _FUNCTION) for node in functions):
        # Autograph counts the lines of a wrapper from where begins what `functools.wraps` says it
        # wraps. So the line is another one; a function that has one scope only leaves no choice.
        scopes = [node for one in functions for node in _scopes(ast.walk(one), device)]
        return scopes if len(scopes) == 1 else []
    return [
        node
        for node in _scopes(source.nodes, device)
        if node.body[0].lineno <= frame.line <= (node.end_lineno or 0)
    ]


_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def _scopes(nodes: Iterable[ast.AST], device: Device) -> list[Any]:
    return [
        node
        for node in nodes
        if isinstance(node, ast.With | ast.AsyncWith)
        and any(_pins(item.context_expr, device) for item in node.items)
    ]


def _pins(expression: ast.expr, device: Device) -> bool:
    if not isinstance(expression, ast.Call):
        return False
    name = getattr(expression.func, "attr", getattr(expression.func, "id", ""))
    if "device" not in str(name).lower():
        return False
    given = expression.args[0] if expression.args else None
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        said = devices.parse(given.value)
        if device.is_elsewhere:
            return said.is_elsewhere  # whatever else says which device of that process
        return bool(said.type) and said.fits(device)
    return not isinstance(given, ast.Constant)  # `tf.device(None)` unpins


class _Source:
    """A file that was parsed once, with what was found in it by line."""

    def __init__(self, lines: list[str]) -> None:
        self.known = lines
        self.lines = tuple(lines)
        try:
            tree: ast.AST = ast.parse("".join(lines))
        except (SyntaxError, ValueError):
            tree = ast.Module([], [])
        kinds = (ast.stmt,)
        self.nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
        self.statements: dict[int, Span | None] = {}
        self.scopes: dict[tuple[int, str, Device], Span | None] = {}


_sources: dict[str, _Source] = {}


def _source(file: str) -> _Source:
    lines = linecache.getlines(file)
    found = _sources.get(file)
    # The same list as long as the file is the same: it is `linecache` that keeps it.
    if found is None or (found.known is not lines and found.known != lines):
        found = _sources[file] = _Source(lines)
    return found


def _span(file: str, lines: tuple[str, ...], node: Any) -> Span:
    end_line, end, scope = node.end_lineno, node.end_col_offset, ""
    body = getattr(node, "body", None)
    if isinstance(node, ast.With | ast.AsyncWith):
        end_line, end = _end_of_items(node, lines)
        one_line = end_line == node.lineno
        typed = _cut(lines[end_line - 1], end)[node.col_offset :]  # only blanks are before it
        scope = typed if one_line else f"with {', '.join(map(ast.unparse, node.items))}:"
    elif isinstance(body, list) and body:
        # The head alone: what is before the body, without blank lines and the colon's rest.
        end_line = max(node.lineno, body[0].lineno - 1)
        end = len(lines[end_line - 1].rstrip().encode())
        if body[0].lineno == node.lineno:
            end = body[0].col_offset
    return Span(
        file,
        node.lineno,
        end_line,
        _column(lines[node.lineno - 1], node.col_offset),
        _column(lines[end_line - 1], end),
        lines[node.lineno - 1].rstrip("\n"),
        scope,
    )


def _end_of_items(node: Any, lines: tuple[str, ...]) -> tuple[int, int]:
    """Return the line of the colon of a ``with``, and the byte behind it."""
    last = node.items[-1].optional_vars or node.items[-1].context_expr
    for line in range(last.end_lineno, node.body[0].lineno + 1):
        start = last.end_col_offset if line == last.end_lineno else 0
        colon = lines[line - 1].encode().find(b":", start)
        if colon >= 0:
            return line, colon + 1
    return last.end_lineno, last.end_col_offset


def _cut(line: str, end: int) -> str:
    return line.encode()[:end].decode(errors="ignore")


def _column(line: str, offset: int) -> int:
    # The syntax tree counts bytes.
    return len(_cut(line, offset)) + 1
