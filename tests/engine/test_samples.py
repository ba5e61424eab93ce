"""Samples that are made up are safe; samples that are given fit or say what would."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from sm_magics.savedmodel.signatures import Spec, spec_text
from sm_magics.savedmodel.verify import samples

DTYPES = sorted(spec_text.DTYPES)
NUMBERS = sorted(spec_text.DTYPES - {"string", "bool"})


def made(dtype, shape):
    return samples.make([Spec("x", dtype, shape)])["x"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 1, 2)])
def test_every_dtype_has_a_sample(dtype, shape):
    sample = made(dtype, shape)
    assert sample.dtype == tf.as_dtype(dtype)
    assert sample.shape == shape


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((None,), (2,)), ((None, 3), (2, 3)), ((None, None), (2, 2)), (None, (2,)), ((0,), (0,))],
)
def test_free_dimensions_are_two(shape, expected):
    assert made("float32", shape).shape == expected


@pytest.mark.parametrize("dtype", NUMBERS)
def test_numbers_are_small_and_not_negative(dtype):
    values = made(dtype, (50,)).numpy().astype("complex128")
    assert (values.real >= 0).all()
    assert (values.real <= 1).all()
    if tf.as_dtype(dtype).is_integer:
        assert set(values.real) == {0, 1}


def test_complex_numbers_have_imaginary_parts():
    assert (made("complex64", (5,)).numpy().imag > 0).all()


def test_texts_are_short_and_flags_both():
    assert all(len(text) == 1 for text in made("string", (50,)).numpy())
    assert set(made("bool", (50,)).numpy()) == {True, False}


def test_samples_are_the_same_every_time_but_differ_among_inputs():
    specs = [Spec(name, "float32", (4,)) for name in "ab"]
    first, second = samples.make(specs), samples.make(specs)
    np.testing.assert_array_equal(first["a"], second["a"])
    assert not np.array_equal(first["a"], first["b"])


@pytest.mark.parametrize("dtype", ["resource", "variant"])
def test_what_has_no_values_has_no_sample(dtype):
    with pytest.raises(ValueError, match=rf"no sample can be made for x: {dtype}\[\]"):
        made(dtype, ())


def test_the_size_is_known_before_anything_is_made():
    assert samples.nbytes([Spec("x", "float32", (10**9, None)), Spec("y", "int8", ())]) == (
        10**9 * 2 * 4 + 1
    )
    assert samples.nbytes([Spec("r", "resource", ())]) == 0


def given(sample, *texts):
    specs = spec_text.parse_specs(", ".join(texts))
    return samples.given(specs, sample)


def test_an_array_is_taken_for_a_single_input():
    assert given([[1.0, 2.0]], "x: float32[None, 2]")["x"].shape == (1, 2)
    with pytest.raises(ValueError, match="there are 2 inputs; pass a dict with the keys x, y"):
        given([1.0], "x: float32[None]", "y: float32[None]")


@pytest.mark.parametrize("wrong", [{"x": [1.0]}, {"x": [1.0], "y": [1.0], "z": [1.0]}, {}])
def test_the_names_must_be_those_of_the_inputs(wrong):
    with pytest.raises(ValueError, match="the inputs are x, y"):
        given(wrong, "x: float32[None]", "y: float32[None]")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.array([1.5]), "float32"),
        (np.array([1.5]), "float16"),
        (np.array([1.5]), "bfloat16"),
        (np.array([1.5]), "complex64"),
        (np.array([1], "int64"), "int32"),
        (np.array([1], "int64"), "uint8"),
        (np.array([1], "int64"), "float32"),
        (np.array([True]), "float32"),
        (["a"], "string"),
        (np.array(["a"], object), "string"),
        (tf.constant([1], tf.int64), "int8"),
    ],
)
def test_numbers_become_what_the_spec_says(value, dtype):
    tensor = given(value, f"x: {dtype}[None]")["x"]
    assert tensor.dtype == dtype
    if dtype != "string":
        np.testing.assert_array_equal(
            tensor.numpy().astype("complex64"), np.asarray(value).astype("complex64")
        )


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.array([1.5]), "int32"),
        (np.array([1.0]), "int32"),
        (np.array([1j]), "float32"),
        (np.array([300]), "uint8"),
        (np.array([-1]), "uint8"),
        (np.array([1]), "bool"),
        (["1"], "int32"),
        (np.array([1]), "string"),
    ],
)
def test_numbers_that_would_become_others_are_refused(value, dtype):
    with pytest.raises(ValueError, match=f"the sample for x: {dtype}.* pass an array that fits"):
        given(value, f"x: {dtype}[None]")


@pytest.mark.parametrize("value", [1.0, [1.0], [[1.0]], [[[1.0, 2.0]]]])
def test_shapes_must_fit(value):
    with pytest.raises(ValueError, match=r"the sample for x: float32\[None, 2\] is float32"):
        given(np.array(value, "float32"), "x: float32[None, 2]")


@pytest.mark.parametrize("value", [[[1.0], [1.0, 2.0]], object()])
def test_what_is_no_tensor_is_refused(value):
    with pytest.raises(ValueError, match="the sample for x: float32"):
        given(value, "x: float32[...]")
