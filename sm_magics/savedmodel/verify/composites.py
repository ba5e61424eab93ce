"""Samples of ragged and sparse tensors, in the parts that a signature takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures.endpoints import as_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sm_magics.savedmodel.signatures import Spec

    MakeTensor = Callable[[Spec], Any]

_ROWS = 2
"""How many rows stand for a free dimension; they are 2, 1, 2, 1, ... long."""


class NoSampleError(ValueError):
    """A kind of tensor in several parts of which no sample can be made."""


def parts(concrete: Any, make: MakeTensor) -> dict[str, Any]:
    """Return a sample of each part of each ragged or sparse input, by the part's name.

    Parameters
    ----------
    concrete : ConcreteFunction
    make : callable
        Makes a sample of a `Spec`, for the values.

    Raises
    ------
    NoSampleError
        If an input is in several parts, but neither ragged nor sparse.
    """
    import tensorflow as tf

    return {
        name: part
        for names, spec in _inputs(concrete)
        for name, part in zip(
            names, tf.nest.flatten(sample(spec, make), expand_composites=True), strict=True
        )
    }


def expanded(concrete: Any, given: Any) -> Any:
    """Return a person's sample with each ragged or sparse tensor in its parts.

    In a mapping it goes under the name of its first part; alone it is the only composite input.
    """
    import tensorflow as tf

    inputs = [names for names, _ in _inputs(concrete)]
    if isinstance(given, tf.RaggedTensor | tf.SparseTensor) and len(inputs) == 1:
        given = {inputs[0][0]: given}
    if not isinstance(given, Mapping):
        return given
    found = dict(given)
    for names in inputs:
        whole = found.get(names[0])
        if isinstance(whole, tf.RaggedTensor | tf.SparseTensor):
            leaves = tf.nest.flatten(whole, expand_composites=True)
            found |= dict(zip(names, leaves, strict=False))
    return found


def _inputs(concrete: Any) -> Iterator[tuple[list[str], Any]]:
    """Yield the names of the parts and the spec of each composite input."""
    import tensorflow as tf

    if concrete.structured_input_signature is None:
        return
    names = iter(tf_private.input_names(concrete))
    for leaf in tf.nest.flatten(concrete.structured_input_signature):
        if not isinstance(leaf, tf.TypeSpec):
            continue
        own = [next(names) for _ in tf.nest.flatten(leaf, expand_composites=True)]
        if not isinstance(leaf, tf.TensorSpec):
            yield own, leaf


def sample(spec: Any, make: MakeTensor) -> Any:
    """Return a sample of a `tf.RaggedTensorSpec` or `tf.SparseTensorSpec`; see `parts`."""
    import tensorflow as tf

    if isinstance(spec, tf.RaggedTensorSpec):
        return _ragged(spec, make)
    if isinstance(spec, tf.SparseTensorSpec):
        return _sparse(spec, make)
    raise NoSampleError(f"it takes a {spec.value_type.__name__}, of which no sample can be made")


def _ragged(spec: Any, make: MakeTensor) -> Any:
    import tensorflow as tf

    shape = spec.shape.as_list() if spec.shape.rank is not None else [None] * (spec.ragged_rank + 1)
    count = shape[0] or _ROWS
    splits = []
    for length in shape[1 : spec.ragged_rank + 1]:
        lengths = [length or 2 - row % 2 for row in range(count)]
        splits.append(tf.cumsum(tf.constant([0, *lengths], spec.row_splits_dtype)))
        count = sum(lengths)
    inner = tf.TensorSpec([count, *shape[spec.ragged_rank + 1 :]], spec.dtype)
    return tf.RaggedTensor.from_nested_row_splits(make(as_spec("values", inner)), splits)


def _sparse(spec: Any, make: MakeTensor) -> Any:
    import tensorflow as tf

    shape = [None] if spec.shape.rank is None else spec.shape.as_list()
    dense = [_ROWS if size is None else size for size in shape]
    # The first place and the last one, in the order that the ops ask for.
    places = sorted({tuple(0 for _ in dense), tuple(size - 1 for size in dense)})
    if 0 in dense:
        places = []
    values = make(as_spec("values", tf.TensorSpec([len(places)], spec.dtype)))
    indices = tf.reshape(tf.constant(places, tf.int64), [len(places), len(dense)])
    return tf.SparseTensor(indices, values, dense)
