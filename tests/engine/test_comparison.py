"""Two sets of outputs are equal up to rounding, and not beyond it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from sm_magics.savedmodel.verify.comparison import compare

FLOATS = ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]
# What must be seen where a weight is wrong: bfloat16 itself resolves 0.8 %.
SEEN = {"bfloat16": 0.1}


def one(live, written, *, values=True):
    (check,) = compare({"y": live}, {"y": written}, values=values)
    return check


def numbers(dtype, count=64):
    values = np.random.default_rng(0).normal(size=count)
    if dtype.startswith("complex"):
        values = values + 1j * np.random.default_rng(1).normal(size=count)
    return tf.cast(values, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_same_is_equal(dtype):
    check = one(numbers(dtype), numbers(dtype))
    assert (check.equal, check.max_abs, check.max_rel, check.reason) == (True, 0.0, 0.0, "")
    assert (check.name, check.dtype) == ("y", dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_change_of_one_percent_is_seen(dtype):
    ours = numbers(dtype)
    share = SEEN.get(dtype, 0.01)
    check = one(ours, ours * tf.cast(1.0 + share, dtype))
    assert not check.equal
    assert check.max_rel == pytest.approx(share, rel=0.3)
    assert check.reason == f"max abs {check.max_abs:.3g}, max rel {check.max_rel:.3g}"


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_change_of_the_largest_element_alone_is_seen(dtype):
    values = numbers(dtype).numpy()
    at = int(np.argmax(np.abs(values)))
    changed = values.copy()
    changed[at] *= 1.0 + SEEN.get(dtype, 0.01)
    assert not one(tf.constant(values, dtype), tf.constant(changed, dtype)).equal


@pytest.mark.parametrize(
    ("dtype", "terms"),
    [
        ("float16", 200),
        ("bfloat16", 50),
        ("float32", 10_000),
        ("float64", 10_000),
        ("complex64", 10_000),
        ("complex128", 10_000),
    ],
)
def test_sums_in_another_order_are_equal(dtype, terms):
    products = numbers(dtype, 8 * terms).numpy().reshape(8, terms)
    ours, theirs = (
        tf.constant(np.cumsum(rows, axis=1, dtype=rows.dtype)[:, -1], dtype)
        for rows in (products, products[:, ::-1])
    )
    assert one(ours, theirs).equal
    assert not np.array_equal(ours.numpy(), theirs.numpy()), "no rounding: nothing was tried"


@pytest.mark.parametrize("dtype", FLOATS)
def test_rounding_of_the_last_place_is_equal(dtype):
    ours = numbers(dtype)
    real = ours.dtype.real_dtype.as_numpy_dtype
    eps = float(np.finfo(real).eps) if dtype != "bfloat16" else 2.0**-7
    check = one(ours, ours * tf.constant(1.0 + eps, dtype))
    assert check.equal
    assert check.max_abs > 0.0


def test_small_elements_next_to_large_ones_may_differ_by_what_the_large_ones_round():
    assert one(tf.constant([1000.0, 1e-3]), tf.constant([1000.0, 2e-3])).equal
    assert not one(tf.constant([1.0, 1e-3]), tf.constant([1.0, 2e-3])).equal


def test_nan_and_infinity_are_equal_to_themselves_only():
    special = tf.constant([math.nan, math.inf, -math.inf, 1.0])
    assert one(special, special).equal
    for place, value in enumerate([1.0, -math.inf, 1.0, math.nan]):
        other = special.numpy()
        other[place] = value
        assert not one(special, tf.constant(other)).equal, (place, value)
        assert not one(tf.constant(other), special).equal, (place, value)


def test_infinity_hides_no_difference_elsewhere():
    assert not one(tf.constant([math.inf, 1.0]), tf.constant([math.inf, 1.1])).equal


def test_complex_nan_is_equal_to_itself():
    special = tf.complex(tf.constant([math.nan, math.inf]), tf.constant([0.0, 1.0]))
    assert one(special, special).equal
    assert not one(special, tf.zeros([2], tf.complex64)).equal


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool", "string", "complex64"])
@pytest.mark.parametrize("shape", [[0], [3, 0, 2]])
def test_empty_outputs_are_equal(dtype, shape):
    empty = tf.zeros(shape, dtype)
    assert one(empty, empty).equal
    assert not one(empty, tf.zeros([*shape, 1], dtype)).equal


@pytest.mark.parametrize(
    ("dtype", "number"),
    [("bfloat16", 1.0), ("float8_e4m3fn", 1.0), ("int4", 1), ("uint4", 1), ("qint8", 1)],
)
def test_scalars_of_dtypes_that_numpy_does_not_know(dtype, number):
    ours, theirs = tf.cast(number, dtype), tf.cast(4 * number, dtype)
    assert one(ours, ours).equal
    assert not one(ours, theirs).equal


@pytest.mark.parametrize(
    ("dtype", "ours", "theirs", "difference"),
    [
        ("int32", [1, 2], [1, 3], 1.0),
        ("uint8", [3], [250], 247.0),
        ("uint64", [2**63 + 1], [2**63], 1.0),
        ("int64", [2**60], [2**60 + 1], 1.0),
        ("int64", [-(2**63)], [2**63 - 1], 2.0**64),
        ("int8", [-128], [127], 255.0),
    ],
)
def test_integers_are_compared_exactly(dtype, ours, theirs, difference):
    check = one(tf.constant(ours, dtype), tf.constant(theirs, dtype))
    assert not check.equal
    assert check.max_abs == difference
    assert one(tf.constant(ours, dtype), tf.constant(ours, dtype)).equal


@pytest.mark.parametrize(
    ("ours", "theirs"), [([b"a", b"b"], [b"a", b"c"]), ([True, True], [True, False])]
)
def test_texts_and_flags_are_compared_exactly(ours, theirs):
    assert one(tf.constant(ours), tf.constant(ours)).equal
    check = one(tf.constant(ours), tf.constant(theirs))
    assert (check.equal, check.max_abs, check.reason) == (False, None, "the values differ")


def test_bytes_that_end_with_null_differ():
    assert not one(tf.constant([b"a\0"]), tf.constant([b"a"])).equal


@pytest.mark.parametrize("values", [True, False])
def test_dtype_shape_and_name_must_agree(values):
    three = tf.zeros([3])
    assert one(three, tf.zeros([3], tf.float64), values=values).reason == ("float32 became float64")
    assert one(three, tf.zeros([4]), values=values).reason == "shape (3,) became (4,)"
    assert one(three, tf.zeros([3, 1]), values=values).reason == "shape (3,) became (3, 1)"
    found = {c.name: c for c in compare({"a": three}, {"b": three}, values=values)}
    assert {name: check.equal for name, check in found.items()} == {"a": False, "b": False}
    assert found["a"].reason == "it is missing in the export"
    assert found["b"].reason == "the live object has no such output"


def test_without_values_only_dtype_and_shape_count():
    check = one(tf.TensorSpec([None, 3]), tf.ones([5, 3]), values=False)
    assert (check.equal, check.max_abs, check.max_rel) == (True, None, None)
    assert one(tf.TensorSpec(None), tf.ones([5, 3]), values=False).equal
    assert one(tf.zeros([2]), tf.ones([2]), values=False).equal
    assert not one(tf.TensorSpec([None, 3]), tf.ones([5, 4]), values=False).equal
    assert not one(tf.TensorSpec([None]), tf.ones([5, 3]), values=False).equal


def test_tensors_in_parts_are_compared_part_by_part():
    ragged = tf.ragged.constant([[1.0], [2.0, 3.0]])
    cut_otherwise = tf.RaggedTensor.from_row_lengths(ragged.values, [2, 1])
    checks = compare({"r": ragged}, {"r": cut_otherwise})
    assert [(c.name, c.equal) for c in checks] == [("r[0]", True), ("r[1]", False)]
    sparse = tf.sparse.from_dense([0.0, 1.0])
    assert all(c.equal for c in compare({"s": sparse}, {"s": sparse}))
    # As a fresh process sends them.
    assert all(c.equal for c in compare({"r": ragged}, {"r": [ragged.values, ragged.row_splits]}))


def test_handles_have_no_value_to_compare():
    variable = tf.Variable(1.0)
    check = one(variable.handle, variable.handle)
    assert (check.equal, check.dtype, check.max_abs) == (True, "resource", None)
