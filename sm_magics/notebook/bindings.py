"""The names that a cell binds, from its syntax tree."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def bound_names(source: str) -> dict[str, int]:
    """Return the names that a cell binds at module level and where it last does.

    Not seen: star imports, `globals()`, `global` in functions, `%run`.

    Parameters
    ----------
    source : str
        Python source; IPython syntax is already transformed.

    Returns
    -------
    dict of str to int
        Name -> 1-based line, in the order of the first binding. A name that the cell surely
        deletes afterwards is left out. Empty for what is no Python.
    """
    try:
        return names_in(_parse(source), walrus=":=" in source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def names_in(tree: ast.Module, *, walrus: bool = True) -> dict[str, int]:
    """Return what `bound_names` does for a cell that is parsed already.

    Parameters
    ----------
    tree : ast.Module
        The cell.
    walrus : bool
        Whether expressions are searched for ``:=``; False saves time where there is none.
    """
    found: dict[str, int] = {}
    _visit(tree.body, found, walrus=walrus, surely=True)
    return found


def _parse(source: str) -> ast.Module:
    if "\\" not in source:
        return ast.parse(source)
    # Python warns of invalid escapes while it parses; the cell itself does so already.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _visit(body: Sequence[ast.AST], found: dict[str, int], *, walrus: bool, surely: bool) -> None:
    for node in body:
        if walrus:
            found.update(_walruses(node))
        if surely and isinstance(node, ast.Delete):
            for target in node.targets:
                for name, _ in _targets(target):
                    found.pop(name, None)
        kind = type(node).__name__
        bindings = _BINDINGS.get(kind)
        if bindings is not None:
            found.update(bindings(node))
        for block in _BLOCKS.get(kind, ()):
            straight = surely and kind in _STRAIGHT
            _visit(getattr(node, block), found, walrus=walrus, surely=straight)


def _assigned(node: Any) -> Iterator[tuple[str, int]]:
    for target in node.targets:
        yield from _targets(target)


def _annotated(node: Any) -> Iterator[tuple[str, int]]:
    if node.value is not None:
        yield from _targets(node.target)


def _single(node: Any) -> Iterator[tuple[str, int]]:
    yield from _targets(node.target)


def _defined(node: Any) -> Iterator[tuple[str, int]]:
    yield node.name, node.lineno


def _imported(node: Any) -> Iterator[tuple[str, int]]:
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        if name != "*":
            yield name, alias.lineno


def _entered(node: Any) -> Iterator[tuple[str, int]]:
    for item in node.items:
        if item.optional_vars is not None:
            yield from _targets(item.optional_vars)


def _caught(node: Any) -> Iterator[tuple[str, int]]:
    if node.name is not None:
        yield node.name, node.lineno


def _matched(node: Any) -> Iterator[tuple[str, int]]:
    for pattern in ast.walk(node.pattern):
        if isinstance(pattern, ast.MatchAs | ast.MatchStar) and pattern.name is not None:
            yield pattern.name, pattern.lineno
        elif isinstance(pattern, ast.MatchMapping) and pattern.rest is not None:
            yield pattern.rest, pattern.lineno


def _aliased(node: Any) -> Iterator[tuple[str, int]]:
    yield from _targets(node.name)


_STRAIGHT = frozenset({"With", "AsyncWith"})
# The blocks of statements that are no scopes of their own.
_BLOCKS = {
    "If": ("body", "orelse"),
    "For": ("body", "orelse"),
    "AsyncFor": ("body", "orelse"),
    "While": ("body", "orelse"),
    "With": ("body",),
    "AsyncWith": ("body",),
    "Try": ("body", "handlers", "orelse", "finalbody"),
    "TryStar": ("body", "handlers", "orelse", "finalbody"),
    "ExceptHandler": ("body",),
    "Match": ("cases",),
    "match_case": ("body",),
}
# By the name of the node's class: `TypeAlias` (`type A = ...`) is new in Python 3.12.
_BINDINGS: dict[str, Callable[[Any], Iterator[tuple[str, int]]]] = {
    "Assign": _assigned,
    "AnnAssign": _annotated,
    "AugAssign": _single,
    "For": _single,
    "AsyncFor": _single,
    "FunctionDef": _defined,
    "AsyncFunctionDef": _defined,
    "ClassDef": _defined,
    "Import": _imported,
    "ImportFrom": _imported,
    "With": _entered,
    "AsyncWith": _entered,
    "ExceptHandler": _caught,
    "match_case": _matched,
    "TypeAlias": _aliased,
}


def _targets(target: ast.expr) -> Iterator[tuple[str, int]]:
    if isinstance(target, ast.Name):
        yield target.id, target.lineno
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _targets(element)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value)


def _walruses(statement: ast.AST) -> Iterator[tuple[str, int]]:
    # Statements of inner blocks have their own turn; the bodies of functions, classes and lambdas
    # are scopes of their own, but their decorators, defaults and bases are not.
    queue: list[ast.AST] = [statement]
    while queue:
        node = queue.pop(0)
        if isinstance(node, ast.NamedExpr):
            yield node.target.id, node.target.lineno
        inside = node.body if isinstance(node, _SCOPES) else ()
        hidden = [inside] if isinstance(inside, ast.AST) else list(inside)
        queue.extend(
            child
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
            and child not in hidden
        )
