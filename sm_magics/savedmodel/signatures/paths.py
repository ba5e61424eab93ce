"""What a path such as ``encoder.embed`` means: a tf.function or a Keras layer of an object."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.signatures import functions, keras_models, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORWARD = ("call", "__call__", "forward")
"""How a person may call the forward pass of a Keras model."""

# What is no Python means nothing, and neither does what is nested deeper than Python reads.
_NOTHING = (LookupError, SyntaxError, RecursionError)


def find(path: str, obj: Any, namespace: Mapping[str, Any]) -> Any:
    """Return the tf.function or Keras layer that a path means on an object, else in a namespace.

    None stands for the forward pass of a Keras model.

    Raises
    ------
    ExportError
        If there is none (SM202); the hint lists what there is.
    """
    try:
        return meant(path, obj, namespace, functions.resolve)
    except LookupError:
        raise ExportError([refusals.no_such(path, obj)]) from None


def meant(
    path: str, obj: Any, namespace: Mapping[str, Any], resolve: Callable[[str, Any], Any]
) -> Any:
    """Return what `find` returns, by another way to follow a path on an object.

    Parameters
    ----------
    path : str
    obj : object
    namespace : mapping
    resolve : callable
        Called with a path and an object; raises LookupError where nothing is there.

    Raises
    ------
    LookupError
        If the path means no tf.function and no Keras layer.
    """
    found = _resolved(path, obj, namespace, resolve)
    if functions.is_function(found) or keras_models.is_model(found):
        return found
    if path in FORWARD and keras_models.is_model(obj):
        return None
    above, _, last = path.rpartition(".")
    if above and last in FORWARD:
        layer = _resolved(above, obj, namespace, resolve)
        if keras_models.is_model(layer):
            return layer
    raise LookupError(path)


def owner(path: str, found: Any) -> str:
    """Return the path of what `find` found: that of the layer where its `call` was asked for."""
    layer, _, last = path.rpartition(".")
    return layer if last in FORWARD and not functions.is_function(found) else path


def _resolved(
    path: str, obj: Any, namespace: Mapping[str, Any], resolve: Callable[[str, Any], Any]
) -> Any:
    """Return what a path means on an object, else in a namespace; None if it means nothing."""
    try:
        return resolve(path, obj)
    except _NOTHING:
        root = re.split(r"[.\[]", path, maxsplit=1)[0]
        if root not in namespace:
            return None
        if root == path:
            return namespace[root]
        try:
            return resolve(path[len(root) + 1 :], namespace[root])
        except _NOTHING:
            return None
