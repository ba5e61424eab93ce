"""From a line of the author's code to the statement or `with tf.device` that it stands in."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache
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
    scope : bool
        Whether it is a ``with tf.device(...)``.
    """

    file: str
    line: int
    end_line: int
    column: int | None = None
    end_column: int | None = None
    source: str | None = None
    scope: bool = False


def statement(frame: Frame) -> Span | None:
    """Return the statement at a line; None where its source is not known."""
    lines = tuple(linecache.getlines(frame.file))
    found = [
        node
        for node in ast.walk(_tree(lines))
        if isinstance(node, ast.stmt) and node.lineno <= frame.line <= (node.end_lineno or 0)
    ]
    if not found:
        return None
    return _span(frame.file, lines, max(found, key=lambda node: (node.lineno, node.col_offset)))


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
        lines = tuple(linecache.getlines(frame.file))
        around = [
            node
            for node in ast.walk(_tree(lines))
            if isinstance(node, ast.With | ast.AsyncWith)
            and node.body[0].lineno <= frame.line <= (node.end_lineno or 0)
            and any(_pins(item.context_expr, device) for item in node.items)
        ]
        if around:
            return _span(frame.file, lines, max(around, key=lambda node: node.lineno), scope=True)
    return None


def _pins(expression: ast.expr, device: Device) -> bool:
    if not isinstance(expression, ast.Call):
        return False
    name = getattr(expression.func, "attr", getattr(expression.func, "id", ""))
    if "device" not in str(name).lower():
        return False
    given = expression.args[0] if expression.args else None
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        return devices.parse(given.value).fits(device)
    return not isinstance(given, ast.Constant)  # `tf.device(None)` unpins


@lru_cache(maxsize=64)
def _tree(lines: tuple[str, ...]) -> ast.AST:
    try:
        return ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _span(file: str, lines: tuple[str, ...], node: Any, *, scope: bool = False) -> Span:
    end_line, end = node.end_lineno, node.end_col_offset
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
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


def _column(line: str, offset: int) -> int:
    # The syntax tree counts bytes.
    return len(line.encode()[:offset].decode(errors="ignore")) + 1
