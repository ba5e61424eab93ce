"""Python source as a formatter would leave it."""

from __future__ import annotations

import builtins
import keyword
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.signatures.endpoints import as_spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import tensorflow as tf

    from sm_magics.savedmodel.signatures import Spec

_WIDTH = 88
_INDENT = "    "


class Symbol(str):
    """A text that stands for itself in source, such as a variable, and not for a string."""

    __slots__ = ()


class Names:
    """Names for what a program binds, none of which hides what it uses.

    Parameters
    ----------
    used : iterable of str
        Names that mean something already.
    """

    def __init__(self, used: Iterable[str]) -> None:
        self._used = {"tf", "shutil", *vars(builtins), *keyword.kwlist, *used}

    def new(self, wish: str) -> str:
        """Return the name wished for, or else one like it, and reserve it."""
        name = wish if wish.isidentifier() else "serve"
        while name in self._used:
            name += "_"
        self._used.add(name)
        return name

    def inner(self) -> Names:
        """Return the names of a scope within this one."""
        return Names(self._used)


def quoted(text: str) -> str:
    """Return a string literal, in double quotes where that needs no escapes."""
    literal = repr(text)
    if literal[0] == "'" and '"' not in text:
        return f'"{literal[1:-1]}"'
    return literal


def literal(value: Any) -> str:
    """Return source that evaluates to a value; a `Symbol` within it stands for itself.

    Raises
    ------
    ValueError
        If the value is none that source can spell out.
    """
    if isinstance(value, Symbol):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool | int | float | bytes):
        return repr(value)
    if type(value) is tuple:
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"
    raise ValueError(f"{value!r} has no literal")


def tensor_spec(spec: Spec) -> str:
    """Return the `tf.TensorSpec` of a spec, named."""
    shape = None if spec.shape is None else list(spec.shape)
    return f"tf.TensorSpec({shape}, {_dtype(spec.dtype)}, name={quoted(spec.name)})"


def type_spec(name: str, spec: tf.TypeSpec) -> str:
    """Return the source of the spec of a tensor; only a dense one has a name.

    Raises
    ------
    ValueError
        If it is neither dense nor ragged nor sparse.
    """
    import tensorflow as tf

    if isinstance(spec, tf.TensorSpec):
        return tensor_spec(as_spec(name, spec))
    shape = None if spec.shape.rank is None else spec.shape.as_list()
    given = f"{shape}, {_dtype(spec.dtype.name)}"
    if isinstance(spec, tf.SparseTensorSpec):
        return f"tf.SparseTensorSpec({given})"
    if not isinstance(spec, tf.RaggedTensorSpec):
        raise ValueError(f"{spec!r} has no literal")  # noqa: TRY004, as `literal`
    splits = spec.row_splits_dtype.name
    given += f", ragged_rank={spec.ragged_rank}"
    given += "" if splits == "int64" else f", row_splits_dtype={_dtype(splits)}"
    return f"tf.RaggedTensorSpec({given})"


def _dtype(name: str) -> str:
    import tensorflow as tf

    return f"tf.{name}" if hasattr(tf, name) else f"tf.as_dtype({quoted(name)})"


def entries(items: Mapping[str, str]) -> list[str]:
    """Return the entries of a dict literal whose values are source."""
    return [f"{quoted(key)}: {value}" for key, value in items.items()]


def bracketed(opening: str, parts: Sequence[str], closing: str, *, depth: int = 0) -> str:
    """Return ``opening part, part closing``, one part a line where one line is too long."""
    line = f"{opening}{', '.join(parts)}{closing}"
    if len(line) + depth * len(_INDENT) <= _WIDTH and "\n" not in line:
        return line
    inner = "".join(f"{_INDENT * (depth + 1)}{part},\n" for part in parts)
    return f"{opening}\n{inner}{_INDENT * depth}{closing}"
