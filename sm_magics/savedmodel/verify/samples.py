"""Sample inputs made from specs: small, safe, the same every time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.verify import composites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.signatures import Spec

_FREE = 2
"""What stands for a free dimension: the least that is not a special case."""


class SampleError(ValueError):
    """A person's sample does not fit."""


def make(specs: Sequence[Spec], limits: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return a tensor for each spec: a free dimension is 2, an unknown rank a vector of 2.

    Numbers are small and not negative, so that they are valid as indices of nearly everything;
    strings are short. Where an input indexes something, its values spread over all of it.

    Parameters
    ----------
    specs : sequence of Spec
    limits : mapping of str to int, optional
        How many rows an input chooses among, by its name; see `ranges.limits`.

    Raises
    ------
    ValueError
        If a spec has a dtype of which no sample can be made (resource, variant).
    """
    known = limits or {}
    return {
        spec.name: composites.sample(spec.tensor_spec, tensor)
        if spec.kind
        else tensor(spec, seed, known.get(spec.name))
        for seed, spec in enumerate(specs)
    }


def nbytes(specs: Sequence[Spec]) -> int:
    """Return the size in bytes of what `make` would make; a string counts as its handle."""
    import tensorflow as tf

    return sum(
        math.prod(_shape(spec)) * tf.as_dtype(spec.dtype).size
        for spec in specs
        if _is_made(tf.as_dtype(spec.dtype))
    )


def given(specs: Sequence[Spec], sample: Any, concrete: Any = None) -> dict[str, Any]:
    """Fit a person's sample to the specs.

    Parameters
    ----------
    specs : sequence of Spec
    sample : array-like, or mapping of array-like by input name
        An array is taken for a single input. Numbers become the dtype that the spec has if that
        can hold them.
    concrete : ConcreteFunction, optional
        What takes it, where some of `specs` are the parts of ragged or sparse tensors: these may
        be given whole.

    Raises
    ------
    SampleError
        A ValueError, if names, dtypes or shapes don't fit; the message says what does.
    """
    names = [spec.name for spec in specs]
    if concrete is not None:
        sample = composites.expanded(concrete, sample)
    if not isinstance(sample, Mapping):
        if len(names) != 1:
            raise SampleError(
                f"the sample is one array, but there are {len(names)} inputs; pass a dict with "
                f"the keys {', '.join(names)}"
            )
        sample = {names[0]: sample}
    if set(sample) != set(names):
        raise SampleError(
            f"the sample has {', '.join(map(str, sample))}; the inputs are {', '.join(names)}"
        )
    return {spec.name: _fitted(spec, sample[spec.name]) for spec in specs}


def _fitted(spec: Spec, value: Any) -> Any:
    import tensorflow as tf

    try:
        tensor = tf.convert_to_tensor(value)
        if tensor.dtype.name != spec.dtype and _holds(tf.as_dtype(spec.dtype), tensor):
            tensor = tf.cast(tensor, spec.dtype)
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise SampleError(f"the sample for {spec} is no tensor: {error}") from error
    if tensor.dtype.name != spec.dtype or not spec.tensor_spec.shape.is_compatible_with(
        tensor.shape
    ):
        raise SampleError(
            f"the sample for {spec} is {tensor.dtype.name}{tensor.shape.as_list()}; "
            "pass an array that fits"
        )
    return tensor


def _holds(dtype: Any, tensor: Any) -> bool:
    """Tell whether a dtype holds the numbers of a tensor, but for rounding."""
    import tensorflow as tf

    have, want = _rank(tensor.dtype), _rank(dtype)
    if have is None or want is None or have > want:
        return False
    if not (dtype.is_integer and tensor.dtype.is_integer):
        return True
    return bool(tf.reduce_all(tf.cast(tf.cast(tensor, dtype), tensor.dtype) == tensor))


def _rank(dtype: Any) -> int | None:
    """Return the place of a dtype among bool, integers, floats, complex numbers; else None."""
    kinds = (dtype.is_bool, dtype.is_integer, dtype.is_floating, dtype.is_complex)
    return kinds.index(True) if True in kinds else None


def _is_made(dtype: Any) -> bool:
    return dtype.name == "string" or dtype.is_quantized or _rank(dtype) is not None


def _shape(spec: Spec) -> list[int]:
    return [
        _FREE if size is None else size for size in ((None,) if spec.shape is None else spec.shape)
    ]


def tensor(spec: Spec, seed: int = 0, limit: int | None = None) -> Any:
    """Return one sample; see `make`."""
    import numpy as np
    import tensorflow as tf

    dtype, shape = tf.as_dtype(spec.dtype), _shape(spec)
    if not _is_made(dtype):
        raise ValueError(f"no sample can be made for {spec}")
    count = math.prod(shape)
    if dtype == tf.string:
        letters = [chr(ord("a") + i % 26) for i in range(count)]
        return tf.reshape(tf.constant(letters, tf.string), shape)
    if limit is not None:
        last = min(limit - 1, int(dtype.max)) if dtype.is_integer else limit - 1
        return tf.cast(np.linspace(0, last, count).round().reshape(shape), dtype)
    if dtype.is_floating or dtype.is_complex:
        generator = np.random.default_rng(seed)
        values = generator.random(shape)
        if dtype.is_complex:
            values = values + 1j * generator.random(shape)
        return tf.cast(values, dtype)
    return tf.cast(np.arange(count).reshape(shape) % _FREE, dtype)
