"""Sample inputs made from specs: small, safe, the same every time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sm_magics.savedmodel.signatures import Spec

_FREE = 2
"""What stands for a free dimension: the least that is not a special case."""


def make(specs: Sequence[Spec]) -> dict[str, Any]:
    """Return a tensor for each spec: a free dimension is 2, an unknown rank a vector of 2.

    Numbers are small and not negative, so that they are valid as indices of nearly everything;
    strings are short.

    Raises
    ------
    ValueError
        If a spec has a dtype of which no sample can be made (resource, variant).
    """
    return {spec.name: _tensor(spec, seed) for seed, spec in enumerate(specs)}


def given(specs: Sequence[Spec], sample: Any) -> dict[str, Any]:
    """Fit a person's sample to the specs.

    Parameters
    ----------
    specs : sequence of Spec
    sample : array-like, or mapping of array-like by input name
        An array is taken for a single input.

    Raises
    ------
    ValueError
        If names, dtypes or shapes don't fit; the message says what does.
    """
    names = [spec.name for spec in specs]
    if not _is_mapping(sample):
        if len(names) != 1:
            raise ValueError(
                f"the sample is one array, but there are {len(names)} inputs; pass a dict with "
                f"the keys {', '.join(names)}"
            )
        sample = {names[0]: sample}
    if set(sample) != set(names):
        raise ValueError(
            f"the sample has {', '.join(map(str, sample))}; the inputs are {', '.join(names)}"
        )
    return {spec.name: _fitted(spec, sample[spec.name]) for spec in specs}


def _fitted(spec: Spec, value: Any) -> Any:
    import tensorflow as tf

    try:
        tensor = tf.convert_to_tensor(value)
        if tensor.dtype.name != spec.dtype and tensor.dtype != tf.string:
            tensor = tf.cast(tensor, spec.dtype)
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise ValueError(f"the sample for {spec} is no tensor: {error}") from error
    if tensor.dtype.name != spec.dtype or not spec.tensor_spec.shape.is_compatible_with(
        tensor.shape
    ):
        raise ValueError(
            f"the sample for {spec} is {tensor.dtype.name}{tensor.shape.as_list()}; "
            "pass an array that fits"
        )
    return tensor


def _tensor(spec: Spec, seed: int) -> Any:
    import numpy as np
    import tensorflow as tf

    dtype = tf.as_dtype(spec.dtype)
    shape = [
        _FREE if size is None else size for size in ((None,) if spec.shape is None else spec.shape)
    ]
    count = math.prod(shape)
    if dtype == tf.string:
        return tf.reshape(
            tf.constant([f"{chr(97 + i % 26)}" for i in range(count)], tf.string), shape
        )
    if dtype == tf.bool:
        return tf.reshape(tf.constant([i % 2 == 0 for i in range(count)], tf.bool), shape)
    if dtype.is_floating or dtype.is_complex:
        values = np.random.default_rng(seed).random(shape)
        return tf.cast(values, dtype)
    if dtype.is_integer or dtype.is_quantized:
        return tf.cast(np.arange(count).reshape(shape) % _FREE, dtype)
    raise ValueError(f"no sample can be made for {spec}")


def _is_mapping(sample: Any) -> bool:
    from collections.abc import Mapping as AnyMapping

    return isinstance(sample, AnyMapping)


if TYPE_CHECKING:
    Sample = Any | Mapping[str, Any]
