"""Python that a person can paste: load what was exported, call it, restore its checkpoint."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sm_magics.savedmodel.signatures import Signature, Spec

_WIDTH = 100
# What tf.zeros can make and what is an attribute of tf: anything else is left to the reader.
_ZEROS = frozenset(
    ["bool", "string", "float16", "float32", "float64", "bfloat16", "complex64", "complex128"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)


def load(path: Path) -> str:
    """Return the line that loads the directory `path`."""
    return f"loaded = tf.saved_model.load({literal(path)})"


def call(signature: Signature) -> str:
    """Return a call of a loaded signature with zeros, one in each place of unknown size."""
    target = f"loaded.signatures[{_quoted(signature.key)}]"
    plain = [spec for spec in signature.inputs if _is_argument(spec.name)]
    others = [spec for spec in signature.inputs if not _is_argument(spec.name)]
    arguments = [f"{spec.name}={_zeros(spec)}" for spec in plain]
    if others:
        entries = ", ".join(f"{_quoted(spec.name)}: {_zeros(spec)}" for spec in others)
        arguments.append(f"**{{{entries}}}")
    line = f"{target}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{target}(", *(f"    {argument}," for argument in arguments), ")"])


def restore(path: Path, name: str, in_part: Sequence[str] = ()) -> str:
    """Return the lines that read the weights at `path` back into the object called `name`.

    The parts of it whose weights a checkpoint would pass over, `in_part`, get theirs one by one.
    """
    subject = name if _is_expression(name) else "model"
    lines = [f"tf.train.Checkpoint({subject}).restore({literal(path)})"]
    if in_part:
        lines = [*([] if "" in in_part else lines), load(path)]
    for part in in_part:
        dot = "." if part and not part.startswith("[") else ""
        ours, theirs = (f"{one}{dot}{part}.variables" for one in (subject, "loaded"))
        lines += [f"for v, w in zip({ours}, {theirs}, strict=True):", "    v.assign(w)"]
    return "\n".join(lines)


def recipe(path: Path, signatures: Sequence[Signature]) -> str:
    """Return the lines that load `path` and call each of `signatures`."""
    return "\n".join(["import tensorflow as tf", "", load(path), *map(call, signatures)])


def literal(path: Path) -> str:
    r"""Return `path` as a raw string, which shows backslashes as they are, where that can be."""
    text = str(path)
    raw_fits = text.isprintable() and '"' not in text and not text.endswith("\\")
    return f'r"{text}"' if raw_fits else ascii(text)


def _is_expression(name: str) -> bool:
    import ast

    try:
        ast.parse(name, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _quoted(text: str) -> str:
    fits = text.isprintable() and not {'"', "\\"} & set(text)
    return f'"{text}"' if fits else ascii(text)


def _zeros(spec: Spec) -> str:
    if spec.dtype not in _ZEROS:
        return "..."
    shape = [1] if spec.shape is None else [1 if size is None else size for size in spec.shape]
    return (
        f"tf.zeros({shape})" if spec.dtype == "float32" else f"tf.zeros({shape}, tf.{spec.dtype})"
    )


def _is_argument(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)
