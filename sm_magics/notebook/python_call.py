"""A call of a Python function as text, laid out as `black` does."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH = 88
_INDENT = "    "


class Expression(str):
    """A text that stands for itself: Python, not a literal."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Bracket:
    opened: str
    items: tuple[str | _Bracket, ...]
    closed: str


def written(function: str, positional: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    """Return the call of a function.

    Parameters
    ----------
    function : str
        What is called.
    positional, keywords
        Texts, booleans, lists and dicts of these; and every `Expression` as it stands.

    Raises
    ------
    ValueError
        If an `Expression` is none.
    """
    items = [_node("", value) for value in positional]
    items += [_node(f"{name}=", value) for name, value in keywords.items()]
    return "\n".join(_lines(_Bracket(f"{function}(", tuple(items), ")"), "", ""))


def _node(start: str, value: Any) -> str | _Bracket:
    if isinstance(value, Expression):
        return start + _argument(value)
    if isinstance(value, str):
        return start + _literal(value)
    if isinstance(value, dict):
        items = [_node(f"{_literal(key)}: ", one) for key, one in value.items()]
        return _Bracket(f"{start}{{", tuple(items), "}")
    if isinstance(value, list):
        return _Bracket(f"{start}[", tuple(_node("", one) for one in value), "]")
    return start + repr(value)


def _literal(text: str) -> str:
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text else plain


def _argument(expression: str) -> str:
    """Return an expression as it can stand among arguments."""
    text = expression.strip()
    try:
        meant = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        raise ValueError(f"{expression!r} is no Python expression") from None
    one_line = len(text.splitlines()) == 1
    forms = [text, f"({text})"] if one_line else []
    # A comment would swallow what comes after it.
    return next((f for f in forms if _stands_for(f, meant)), f"({ast.unparse(meant)})")


def _stands_for(text: str, meant: ast.expr) -> bool:
    try:
        call = ast.parse(f"f({text}, 0)", mode="eval").body
    except SyntaxError:
        return False
    same = isinstance(call, ast.Call) and len(call.args) == 2 and not call.keywords  # noqa: PLR2004, it and the 0
    return same and ast.dump(call.args[0]) == ast.dump(meant)  # type: ignore[attr-defined]


def _lines(node: str | _Bracket, indent: str, end: str) -> list[str]:
    line = f"{indent}{_flat(node)}{end}"
    if isinstance(node, str) or len(line) <= _WIDTH:
        return [line]
    inner = indent + _INDENT
    together = inner + ", ".join(map(_flat, node.items))
    if node.closed == ")" and len(together) <= _WIDTH:
        body = [together]
    else:
        body = [line for item in node.items for line in _lines(item, inner, ",")]
    return [indent + node.opened, *body, f"{indent}{node.closed}{end}"]


def _flat(node: str | _Bracket) -> str:
    if isinstance(node, str):
        return node
    return node.opened + ", ".join(map(_flat, node.items)) + node.closed
