"""Of what a checkpoint tracks: variables, tables, containers."""

from __future__ import annotations

import functools
import sys
from typing import Any

from sm_magics.savedmodel.tf_private.graphs import variable_dtype


def checkpoint_children(obj: Any) -> dict[str, Any]:
    """Return what `tf.train.Checkpoint` tracks under an object, by name.

    Unlike the listing for a SavedModel, it evaluates no property and traces no function.
    """
    of_class = type(obj)._trackable_children  # noqa: SLF001
    module = sys.modules.get("keras.src.backend.tensorflow.layer")
    if module is not None and of_class is module.TFLayer._trackable_children:  # noqa: SLF001
        # For a checkpoint it adds nothing, but stops the tracking of the layer meanwhile.
        of_class = super(module.TFLayer, type(obj))._trackable_children
    return dict(of_class(obj, save_type="checkpoint"))


def handles(obj: Any) -> list[Any]:
    """Return the resource handles that a trackable owns: of a variable or table; none is made."""
    import tensorflow as tf
    from tensorflow.python.trackable.resource import CapturableResource

    if isinstance(obj, tf.Variable):
        replicas = getattr(obj, "_values", None) or [obj]  # of a distribution strategy
        return [replica.handle for replica in replicas]
    if isinstance(obj, CapturableResource):
        inner = vars(obj).get(TABLE_FIELD)
        return [obj._resource_handle] if inner is None else handles(inner)  # noqa: SLF001
    return []


HANDLE_FIELDS = ("_handle", "_resource_handle_value")
"""Where a variable and a table keep their resource handle in the instance dict."""

TABLE_FIELD = "_table"
"""Where a vocabulary (`tf.lookup.StaticVocabularyTable`) keeps the table whose handle it has."""


def is_iterator(obj: Any) -> bool:
    """Tell whether an object is an iterator over a `tf.data.Dataset`."""
    return any(cls.__name__ == "OwnedIterator" for cls in type(obj).__mro__)


def is_signatures(obj: Any) -> bool:
    """Tell whether an object is the `signatures` of a loaded SavedModel."""
    return type(obj).__name__ == "_SignatureMap"


def is_trackable(obj: Any) -> bool:
    """Tell whether TensorFlow can put an object at the root of a SavedModel."""
    from tensorflow.python.trackable.base import Trackable

    # By MRO: isinstance would run the `__class__` property of a proxy.
    return Trackable in type(obj).__mro__


def track(node: Any, name: str, child: Any) -> None:
    """Make `child` a dependency of `node` under any name, be it an identifier or not."""
    node._track_trackable(child, name, overwrite=True)  # noqa: SLF001


def new_node() -> Any:
    """Return an empty trackable node, that holds what it is given and has nothing of its own."""
    return _node_class()()


@functools.cache
def _node_class() -> type:
    import tensorflow as tf

    class Node(tf.__internal__.tracking.AutoTrackable):  # type: ignore[misc]
        def __dir__(self) -> list[str]:
            # A save looks for functions at all that is named here, with care and one at a time.
            return list(vars(self))

    return Node


def new_container(like: Any) -> Any:
    """Return an empty trackable list or dict, as the given one is; None if it is neither."""
    import tensorflow as tf

    for kind in (list, dict):
        if isinstance(like, kind):
            return tf.__internal__.tracking.wrap(kind())
    return None


def is_made_node(obj: Any) -> bool:
    """Tell whether an object is no more than what it holds: an empty node, a list, a dict."""
    return type(obj) is _node_class() or (
        type(obj).__module__ == "tensorflow.python.trackable.data_structures"
    )


def is_auto_trackable(obj: Any) -> bool:
    """Tell whether an object tracks whatever is assigned to it: modules, layers, checkpoints."""
    import tensorflow as tf

    return tf.__internal__.tracking.AutoTrackable in type(obj).__mro__


def is_variable(obj: Any) -> bool:
    """Tell whether a trackable is a tf.Variable."""
    import tensorflow as tf

    return isinstance(obj, tf.Variable)


def nbytes(shape: Any, dtype: Any) -> int:
    """Return the size in bytes of a variable by its private `_shape` and `_dtype`.

    0 where the size is not known before it has a value: strings, unknown dimensions.
    """
    dtypes = sys.modules["tensorflow.python.framework.dtypes"]
    shapes = sys.modules["tensorflow.python.framework.tensor_shape"]
    count = shapes.TensorShape(shape).num_elements()
    return 0 if count is None else int(count * (dtypes.as_dtype(dtype).size or 0))


def missing_asset(obj: Any) -> str | None:
    """Return the path of an asset that is not there; None for what is no asset or is there."""
    import tensorflow as tf

    path = asset_path(obj)
    return None if path is None or tf.io.gfile.exists(path) else path


def asset_path(obj: Any) -> str | None:
    """Return the path of the file that an asset stands for; None for what is no asset."""
    from tensorflow.python.trackable.asset import Asset

    return str(obj.asset_path.numpy().decode()) if isinstance(obj, Asset) else None


def variable_array(handle: Any) -> Any:
    """Return the value of the variable behind a handle as an array, of the memory that it is in.

    Nothing is copied on a CPU. Whoever holds it keeps TensorFlow from writing there: it copies
    first.
    """
    import tensorflow as tf

    value = tf.raw_ops.ReadVariableOp(resource=handle, dtype=variable_dtype(handle))
    return value._numpy_internal()  # noqa: SLF001
