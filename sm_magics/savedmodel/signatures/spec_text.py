"""The text form of specs and signatures that a person types, parsed with `ast` and `tokenize`.

>>> parse_function("encoder.embed(x: float32[None, 3])")
('encoder.embed', (Spec(name='x', dtype='float32', shape=(None, 3)),))
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from typing import Any

from sm_magics.savedmodel.signatures import Spec

# TensorFlow's own names; spelled out so that typing a spec needs no TensorFlow.
DTYPES = frozenset(
    {
        *("bool", "string", "bfloat16", "float16", "half", "float32", "float64", "double"),
        *("float8_e4m3fn", "float8_e5m2", "complex64", "complex128"),
        *("int4", "int8", "int16", "int32", "int64"),
        *("uint4", "uint8", "uint16", "uint32", "uint64"),
        *("qint8", "qint16", "qint32", "quint8", "quint16"),
    }
)

KINDS = ("ragged", "sparse")

# What Python's parser and tokenizer raise for texts that are no Python; deep nesting and null
# bytes included.
_UNPARSABLE = (SyntaxError, tokenize.TokenError, ValueError, RecursionError, MemoryError)
_MAX_SIZE = 2**63 - 1  # TensorFlow's sizes are int64


def parse_specs(text: str) -> tuple[Spec, ...]:
    """Parse ``"x: float32[None, 3], y: int32[]"``.

    ``[...]`` is an unknown rank, ``[]`` a scalar; ``ragged[...]`` and ``sparse[...]`` around the
    dtype take what their names say. A comment at the end may name the dimensions.

    Raises
    ------
    ValueError
        If the text is not a list of specs; the message shows the form.
    """
    try:
        arguments = _arguments(_uncommented(text))
    except _UNPARSABLE:
        raise _unreadable(text) from None
    specs = tuple(_spec(argument, text) for argument in arguments)
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two inputs in {text!r} are called {name!r}")
    return specs


def parse_function(text: str) -> tuple[str, tuple[Spec, ...] | None]:
    """Parse ``"encoder.embed(x: float32[None, 3])"`` or just ``"encoder.embed"``.

    Returns
    -------
    path : str
        The function, as an expression on the model.
    specs : tuple of Spec or None
        None where the text gives no specs.

    Raises
    ------
    ValueError
        If the text has neither form.
    """
    path, inner = _split_call(text)
    if not _is_path(path):
        raise ValueError(f"{path!r} names no function; type one such as encoder.embed")
    return path, None if inner is None else parse_specs(inner)


def parse_signature(text: str) -> tuple[str | None, str, tuple[Spec, ...] | None]:
    """Parse ``"KEY=FUNCTION(x: float32[None, 3])"``; key and specs may be left out.

    Returns
    -------
    key : str or None
    path : str
    specs : tuple of Spec or None

    Raises
    ------
    ValueError
        If the text has no such form.
    """
    text = _uncommented(text)
    key, equals, rest = text.partition("=")
    # `table["a=b"]` has no key, and neither has `table["a=b"](x: float32[])`.
    if not equals or "(" in key or _is_path(_split_call(text)[0]):
        return (None, *parse_function(text))
    if not key.strip():
        raise ValueError(f"{text!r} has no key before '='; type KEY=FUNCTION")
    return (key.strip(), *parse_function(rest))


def format_specs(specs: tuple[Spec, ...]) -> str:
    """Return the text that `parse_specs` reads back to the same specs."""
    return ", ".join(map(str, specs))


def _uncommented(text: str) -> str:
    """Return a text without the comments that name dimensions: ``x: float32[None, 3]  # batch``."""
    comments = [token for token in _tokens(text) if token.type == tokenize.COMMENT]
    lines = text.split("\n")
    for token in comments:
        row, column = token.start
        lines[row - 1] = lines[row - 1][:column]
    return " ".join(lines) if comments else text


def _split_call(text: str) -> tuple[str, str | None]:
    text = _uncommented(text).strip()
    for token in _tokens(text):
        if token.string == "(" and token.start[0] == 1:
            if not text.endswith(")"):
                raise ValueError(f"{text!r} lacks the closing parenthesis")
            return text[: token.start[1]].strip(), text[token.start[1] + 1 : -1]
    return text, None


def _parsed(source: str, mode: str) -> Any:
    with warnings.catch_warnings():
        # What Python finds odd in a text is of no use to whoever typed a spec.
        warnings.simplefilter("ignore")
        return ast.parse(source, mode=mode)


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    tokens: list[tokenize.TokenInfo] = []
    try:
        tokens.extend(tokenize.generate_tokens(io.StringIO(text).readline))
    except _UNPARSABLE:
        # An open bracket is found by whoever parses the text whole; what came before is enough.
        return tokens
    return tokens


def _arguments(text: str) -> list[ast.arg]:
    # `int32[]` is no Python: an empty subscript becomes the empty tuple that it means.
    source, previous, at = "", "", 0
    for token in _tokens(text):
        if token.string == "]" and previous == "[":
            source, at = source + text[at : token.start[1]] + "()", token.start[1]
        previous = token.string or previous
    source = f"def _({source + text[at:]}): pass"
    tree = _parsed(source, "exec")
    function = tree.body[0]
    # The text, one line, must be all that stands between the parentheses.
    if len(tree.body) != 1 or not isinstance(function, ast.FunctionDef) or function.returns:
        raise SyntaxError
    if function.body[0].end_col_offset != len(source.encode()):
        raise SyntaxError
    found = function.args
    if found.vararg or found.kwarg or found.kwonlyargs or found.posonlyargs or found.defaults:
        raise SyntaxError
    return found.args


def _spec(argument: ast.arg, text: str) -> Spec:
    note, kind = argument.annotation, ""
    outer = note.value if isinstance(note, ast.Subscript) else None
    if isinstance(note, ast.Subscript) and isinstance(outer, ast.Name) and outer.id in KINDS:
        note, kind = note.slice, outer.id
    if not (isinstance(note, ast.Subscript) and isinstance(note.value, ast.Name)):
        raise _unreadable(text)
    if note.value.id not in DTYPES:
        raise ValueError(
            f"{note.value.id!r} in {text!r} is no dtype; the dtypes are {', '.join(sorted(DTYPES))}"
        )
    dtype = {"half": "float16", "double": "float64"}.get(note.value.id, note.value.id)
    shape = _shape(note.slice, text)
    if kind == "ragged" and not (shape and None in shape[1:]):
        raise ValueError(
            f"{argument.arg!r} in {text!r} is not ragged: a dimension after the first must be None"
        )
    return Spec(argument.arg, dtype, shape, kind)


def _shape(index: ast.expr, text: str) -> tuple[int | None, ...] | None:
    elements = index.elts if isinstance(index, ast.Tuple) else [index]
    values = [element.value if isinstance(element, ast.Constant) else "" for element in elements]
    if values == [...]:
        return None
    for value in values:
        if value is not None and (type(value) is not int or not 0 <= value <= _MAX_SIZE):
            raise _unreadable(text)
    return tuple(values)  # type: ignore[arg-type]  # only None and int are left


def _is_path(text: str) -> bool:
    try:
        expression = _parsed(text, "eval").body
    except _UNPARSABLE:
        return False
    while isinstance(expression, ast.Attribute | ast.Subscript):
        if isinstance(expression, ast.Subscript) and not isinstance(expression.slice, ast.Constant):
            return False
        expression = expression.value
    return isinstance(expression, ast.Name)


def _unreadable(text: str) -> ValueError:
    return ValueError(
        f"can't read {text!r}; type specs such as 'x: float32[None, 3], y: int32[], z: int64[...]'"
    )
