"""Verification over dtypes, shapes and kinds of outputs, in this process and in a fresh one."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.signatures import spec_text

VECTOR = tf.TensorSpec([None], tf.float32, name="x")
# Aliases left out: "half" is float16.
DTYPES = sorted(spec_text.DTYPES - {"half", "double"})


def served(body, *specs, **attributes):
    """Make a module whose tf.function `serve` is `body(module, *inputs)`."""
    module = tf.Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    module.serve = tf.function(
        lambda *tensors: body(module, *tensors), input_signature=specs or [VECTOR]
    )
    return module


@pytest.fixture
def verified(tmp_path):
    """Export, and give back what verification says of the one signature."""

    def export(obj, **keywords):
        result = sm_magics.export(obj, tmp_path / "out", overwrite=True, **keywords)
        (check,) = result.verification.signatures
        return check

    return export


def every_dtype(shape):
    specs = [tf.TensorSpec(shape, dtype, name=f"x_{dtype}") for dtype in DTYPES]
    return served(
        lambda _, *tensors: {
            f"y_{dtype}": tf.identity(tensor) for dtype, tensor in zip(DTYPES, tensors, strict=True)
        },
        *specs,
    )


@pytest.mark.parametrize("shape", [[], [None], [None, 2], [None, 0], [3, 2, 1], None])
def test_every_dtype_and_shape_is_verified(verified, shape):
    check = verified(every_dtype(shape))
    assert check.status == "equal"
    assert {(output.name, output.dtype) for output in check.outputs} == {
        (f"y_{dtype}", dtype) for dtype in DTYPES
    }
    assert all(output.equal and output.max_abs == 0.0 for output in check.outputs)


def several_kinds(_, x):
    return {
        "nan": x * 0.0 / 0.0,
        "inf": x / 0.0,
        "empty": x[:0],
        "text": tf.strings.as_string(x),
        "flags": x > 0.5,
        "numbers": tf.cast(x * 10.0, tf.int64),
        "waves": tf.signal.fft(tf.cast(x, tf.complex64)),
        "ragged": tf.RaggedTensor.from_row_lengths(x, [1, 1]),
        "sparse": tf.sparse.from_dense(x),
        "list": tf.raw_ops.EmptyTensorList(
            element_shape=tf.constant([], tf.int32),
            max_num_elements=3,
            element_dtype=tf.float32,
        ),
        **{f"y_{dtype}": tf.zeros([], dtype) for dtype in ("bfloat16", "uint64", "string")},
    }


@pytest.mark.parametrize("level", ["run", "process"])
def test_every_kind_of_output_is_verified(verified, level):
    # A name that is no identifier is fed all the same.
    spec = tf.TensorSpec([None], tf.float32, name="in/x.1")
    check = verified(served(several_kinds, spec), verify=level)
    assert check.status == "equal"
    parts = {output.name: (output.dtype, output.max_abs) for output in check.outputs}
    assert parts.pop("list") == ("variant", None)
    assert parts["ragged[0]"] == ("float32", 0.0)
    assert parts["ragged[1]"] == ("int64", 0.0)
    assert {f"sparse[{n}]" for n in range(3)} < set(parts)
    assert all(largest is not None and largest < 1e-6 for _, largest in parts.values())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (lambda self, x: tf.strings.as_string(x + self.bias), "the values differ"),
        (lambda self, x: x > self.bias, "the values differ"),
        (lambda self, x: tf.cast(x + self.bias, tf.int32), "max abs 3, max rel 3"),
        (lambda self, x: tf.math.log(x - self.bias), "max abs nan, max rel nan"),
        (lambda self, x: tf.ragged.stack([x + self.bias]), "max abs 3, max rel"),
        (lambda self, x: tf.sparse.from_dense(x + self.bias), "max abs 3, max rel"),
    ],
    ids=["string", "bool", "int", "nan", "ragged", "sparse"],
)
def test_a_difference_in_any_kind_of_output_is_found(tmp_path, body, reason):
    module = served(body, bias=0.0)
    module.serve(tf.ones([2]))
    module.bias = 3.0
    with pytest.raises(sm_magics.ExportError, match="SM601") as raised:
        sm_magics.export(module, tmp_path / "out", sample=[1.0, 1.0], writer="tensorflow")
    assert reason in str(raised.value)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_a_vocabulary_of_two_is_enough(verified, dtype):
    model = keras.Sequential([keras.Input((5,), dtype=dtype), keras.layers.Embedding(2, 4)])
    check = verified(model)
    assert check.status == "equal"
    assert check.outputs[0].max_abs == 0.0


def test_indices_into_a_table_of_two_rows_are_in_range(verified):
    module = served(
        # On the CPU a gather out of range is an error.
        lambda self, rows: tf.gather(self.table, rows),
        tf.TensorSpec([None, 7], tf.int32, name="rows"),
        table=tf.Variable([[1.0], [2.0]]),
    )
    assert verified(module).status == "equal"


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_rounding_of_fused_layers_is_no_difference(verified, policy):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(8, 3, activation="relu", dtype=policy),
            layers.BatchNormalization(dtype=policy),
            layers.Conv2D(8, 3, activation="relu", dtype=policy),
            layers.GlobalAveragePooling2D(dtype=policy),
            layers.Dense(4, dtype=policy),
        ]
    )
    check = verified(model, sample=np.random.default_rng(0).normal(size=(4, 12, 12, 3)))
    assert check.status == "equal"
    assert check.outputs[0].dtype == {"float32": "float32"}.get(policy, policy[len("mixed_") :])
