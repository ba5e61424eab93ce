"""What `tf.train.Checkpoint` restores from an export, and what has to be copied instead."""

from __future__ import annotations

from typing import Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.saved import join
from sm_magics.savedmodel.signatures.functions import is_function
from sm_magics.savedmodel.survey import is_optimizer


def restored_in_part(obj: Any) -> tuple[str, ...]:
    """Return the paths below an object of Keras objects that a checkpoint restores only in part.

    `tf.train.Checkpoint` does not see the lists and dicts of layers that a Keras 3 layer holds.
    Their mirrors list all `variables` in the layer's own order, to copy from. The path of the
    object itself is ``""``.
    """
    if is_function(obj):
        return ()
    found = []
    paths = {id(obj): ""}
    queue = [obj]
    while queue:
        owner = queue.pop(0)
        if tf_private.is_keras_object(owner) and not is_optimizer(owner):
            if hasattr(owner, "weights") and not _restores(owner):
                found.append(paths[id(owner)])
            continue
        for name, child in tf_private.checkpoint_children(owner).items():
            if id(child) not in paths and not is_function(child):
                paths[id(child)] = join(paths[id(owner)], name, owner)
                queue.append(child)
    return tuple(found)


def _restores(layer: Any) -> bool:
    # Without seeds, which no checkpoint has.
    wanted = {id(tf_private.raw_variable(weight)) for weight in layer.weights}
    queue, seen = [layer], set()
    while queue and wanted:
        obj = queue.pop()
        if id(obj) in seen:
            continue
        seen.add(id(obj))
        wanted.discard(id(tf_private.raw_variable(obj)))
        if not tf_private.is_keras_variable(obj):
            queue += tf_private.checkpoint_children(obj).values()
    return not wanted
