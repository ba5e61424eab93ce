"""SM1xx: the object, and whether TensorFlow can export it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, saved, tf_private
from sm_magics.savedmodel.checks import trackables
from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.signatures import functions

if TYPE_CHECKING:
    from sm_magics.savedmodel.diagnostics import Diagnostic

_TRACKABLE = (
    "a tf.Module, a Keras model, a tf.train.Checkpoint, a loaded SavedModel or a tf.function"
)


def check(obj: Any, name: str = "model") -> list[Diagnostic]:
    """Return what is wrong with the object itself; nothing is traced and no property runs."""
    if functions.is_function(obj):
        return []
    # By its type: isinstance would run the `__class__` property of a proxy.
    if issubclass(type(obj), type):
        return [
            finding(
                "SM101",
                f"{obj.__name__} is a class; only an object of it can be exported",
                f"make one: {obj.__name__}()",
            )
        ]
    if not tf_private.is_trackable(obj):
        return [
            finding(
                "SM101",
                f"{type(obj).__name__} objects are not trackable: TensorFlow can't save this one",
                f"export {_TRACKABLE}",
            )
        ]
    custom = inspect.getattr_static(obj, "signatures", None)
    if custom is not None and type(custom).__name__ != "_SignatureMap":
        return [
            finding(
                "SM104",
                f"the {type(obj).__name__} has an attribute called `signatures`, which a loaded "
                "SavedModel keeps for its own",
                "rename the attribute",
                **frames.where(frames.of_attribute(obj, "signatures")),
            )
        ]
    return list(trackables.check(saved.look(obj, trace=False), name))
