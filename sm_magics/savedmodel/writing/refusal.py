"""What the fast writer does not know, and leaves to TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.tf_private import assembly

if TYPE_CHECKING:
    from collections.abc import Iterable

_KNOWN_OPTIONS = ("experimental_custom_gradients", "extra_tags")


class UnknownError(Exception):
    """Something that the fast writer does not know; its text is a clause."""


def refuse_options(options: Any) -> None:
    """Raise UnknownError for SaveOptions that are TensorFlow's to carry out."""
    import tensorflow as tf

    default = tf.saved_model.SaveOptions()
    for name in () if options is None else options.__slots__:
        if name not in _KNOWN_OPTIONS and getattr(options, name) != getattr(default, name):
            raise UnknownError(f"{name.removeprefix('experimental_')} is set")


def refuse_nodes(nodes: Iterable[Any]) -> None:
    """Raise UnknownError for an object whose state is more than plain variables."""
    for node in nodes:
        if assembly.is_plain_variable(node):
            if node.dtype.base_dtype.name in ("variant", "resource"):
                raise UnknownError(f"the variable {node.name!r} holds a {node.dtype.name}")
        elif not assembly.keeps_nothing(node):
            raise UnknownError(f"{type(node).__name__} keeps its state in a way of its own")
