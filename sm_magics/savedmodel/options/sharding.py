"""How a checkpoint is split into shards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.publishing.sizes import decimal

if TYPE_CHECKING:
    from collections.abc import Iterable


def by_task() -> Any:
    """Return the policy of one shard for each device's task; TensorFlow's default."""
    from tensorflow.train import experimental

    # TensorFlow 2.16 called it otherwise.
    policy = getattr(experimental, "ShardByTaskPolicy", None) or experimental.ShardByDevicePolicy
    return policy()


def by_size(size: int) -> Any:
    """Return the policy of shards of at most `size` bytes.

    TensorFlow's own splits a variable along one axis at a time, and goes on for ever where not even
    one slice fits into a shard. Here that is a ValueError, before anything is split.
    """
    from tensorflow.train import experimental

    class BySize(experimental.MaxShardSizePolicy):  # type: ignore[misc]
        """Shards of a largest size, which every slice fits into."""

        def __call__(self, shardable_tensors: Any) -> Any:
            _refuse_too_small(size, shardable_tensors)
            return super().__call__(shardable_tensors)

    return BySize(max_shard_size=size)


def _refuse_too_small(size: int, shardable_tensors: Iterable[Any]) -> None:
    least = {tensor.checkpoint_key: _least_slice(tensor) for tensor in shardable_tensors}
    key = max(least, key=lambda key: least[key], default=None)
    if key is not None and least[key] > size:
        raise ValueError(
            f"shards of {decimal(size)} are too small for {key}, whose slices have "
            f"{decimal(least[key])}; say {least[key]} or more"
        )


def _least_slice(tensor: Any) -> int:
    """Return the size in bytes of the least slice that a tensor can be split into."""
    import tensorflow as tf

    dtype, shape = tf.as_dtype(tensor.dtype), tensor.shape.as_list()
    if not shape or 0 in shape:
        return 0
    element = dtype.size
    if dtype == tf.string:
        eager = tf.executing_eagerly()
        element = int(tf.reduce_max(tf.strings.length(tensor.tensor))) if eager else 0
    return int(math.prod(shape) // max(shape) * element)
