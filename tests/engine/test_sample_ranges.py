"""Samples spread over what an input chooses among; ragged and sparse inputs are fed in parts."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics
from sm_magics.savedmodel.signatures import choice
from sm_magics.savedmodel.verify import composites, ranges, samples


@pytest.fixture(params=[keras, tf_keras], ids=["keras3", "tf_keras"])
def k(request):
    return request.param


def limits(obj, *args, **keywords):
    (endpoint,) = choice.choose(obj, *args, **keywords)
    return ranges.limits(endpoint.concrete)


def embedding(k, rows, dtype="int32"):
    inputs = k.Input((5,), name="ids", dtype=dtype)
    return k.Model(inputs, k.layers.Embedding(rows, 3, name="out")(inputs))


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def test_the_vocabulary_of_an_embedding(k, dtype):
    assert limits(embedding(k, 40, dtype)) == {"ids": 40}


def test_the_least_of_several_tables(k):
    inputs = k.Input((5,), name="ids", dtype="int32")
    small, large = k.layers.Embedding(7, 2)(inputs), k.layers.Embedding(90, 2)(inputs)
    model = k.Model(inputs, k.layers.Add()([small, large]))
    assert limits(model) == {"ids": 7}


def test_what_indexes_nothing_has_no_limit(k):
    inputs = k.Input((5,), name="x")
    assert limits(k.Model(inputs, k.layers.Dense(2)(inputs))) == {}


def test_a_gather_in_a_module_and_in_a_nested_function():
    table = tf.constant([[1.0], [2.0], [3.0]])

    class Module(tf.Module):
        @tf.function
        def look(self, ids):
            return tf.gather(table, ids)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name="ids")])
        def serve(self, ids):
            return self.look(tf.cast(ids, tf.int32))

    assert limits(Module()) == {"ids": 3}


def test_an_axis_in_the_middle_counts_that_axis():
    module = tf.Module()
    table = tf.zeros([2, 6, 4])
    module.serve = tf.function(
        lambda ids: tf.gather(table, ids, axis=1),
        input_signature=[tf.TensorSpec([None], tf.int32, name="ids")],
    )
    assert limits(module) == {"ids": 6}


def test_values_spread_over_the_limit():
    (spec,) = choice.choose(embedding(keras, 40))[0].signature.inputs
    made = samples.make([spec], {"ids": 40})["ids"].numpy()
    assert made.shape == (2, 5)
    assert (made.min(), made.max()) == (0, 39)
    assert len(set(made.ravel())) == 10


def test_a_limit_beyond_the_dtype_is_cut():
    made = samples.tensor(choice.choose(embedding(keras, 4))[0].signature.inputs[0], 0, 2**40)
    assert made.numpy().max() == 2**31 - 1


def test_a_vocabulary_of_one_is_not_overstepped(tmp_path, k):
    result = sm_magics.export(embedding(k, 1), tmp_path / "out")
    assert result.verification.signatures[0].status == "equal"


def test_a_wrong_row_far_down_the_table_is_seen(tmp_path, k):
    model = embedding(k, 40)
    result = sm_magics.export(model, tmp_path / "out")
    (check,) = result.verification.signatures
    assert check.status == "equal"
    (endpoint,) = choice.choose(model)
    ids = samples.make(endpoint.signature.inputs, ranges.limits(endpoint.concrete))["ids"]
    assert 39 in ids.numpy()


RAGGED = [
    tf.RaggedTensorSpec([None, None], tf.float32),
    tf.RaggedTensorSpec([None, None, 3], tf.int64, ragged_rank=1),
    tf.RaggedTensorSpec([None, None, None], tf.string, ragged_rank=2),
    tf.RaggedTensorSpec([3, None], tf.float32, row_splits_dtype=tf.int32),
    tf.RaggedTensorSpec([None, 2, None], tf.float32, ragged_rank=2),
]
SPARSE = [
    tf.SparseTensorSpec([None, 3], tf.float32),
    tf.SparseTensorSpec([None], tf.int64),
    tf.SparseTensorSpec(None, tf.string),
    tf.SparseTensorSpec([1, 1], tf.float32),
    tf.SparseTensorSpec([0, 2], tf.float32),
]


@pytest.mark.parametrize("spec", [*RAGGED, *SPARSE], ids=str)
def test_a_sample_is_one_of_its_spec(spec):
    made = composites.sample(spec, samples.tensor)
    assert spec.is_compatible_with(made)
    if isinstance(spec, tf.SparseTensorSpec):
        tf.sparse.to_dense(tf.sparse.reorder(made), validate_indices=True)


def test_another_kind_is_not_made_up():
    spec = tf.IndexedSlicesSpec([None, 2])
    with pytest.raises(composites.NoSampleError, match="IndexedSlices"):
        composites.sample(spec, samples.tensor)


class Parts(tf.Module):
    @tf.function(
        input_signature=[
            tf.RaggedTensorSpec([None, None], tf.float32),
            tf.TensorSpec([], tf.float32, name="factor"),
            tf.SparseTensorSpec([None, 3], tf.float32),
        ]
    )
    def serve(self, rows, factor, counts):
        return {"y": tf.reduce_sum(rows, axis=1) * factor + tf.sparse.reduce_sum(counts, axis=1)}


@pytest.mark.parametrize("level", ["run", "process"])
def test_ragged_and_sparse_inputs_are_verified(tmp_path, level):
    result = sm_magics.export(Parts(), tmp_path / "out", verify=level)
    (check,) = result.verification.signatures
    assert check.status == "equal", check.reason


def test_a_ragged_sample_of_ones_own(tmp_path):
    given = {
        "rows": tf.ragged.constant([[1.0], [2.0, 3.0]]),
        "factor": 2.0,
        "counts": tf.sparse.from_dense([[0.0, 1.0, 0.0], [0.0, 0.0, 4.0]]),
    }
    result = sm_magics.export(Parts(), tmp_path / "out", sample=given)
    assert result.verification.signatures[0].status == "equal"


class Wrong(tf.Module):
    scale = 2.0

    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.float32)])
    def serve(self, rows):
        return tf.reduce_sum(rows, axis=1) * self.scale


def test_a_ragged_signature_that_differs_is_caught(tmp_path):
    module = Wrong()
    module.serve(tf.ragged.constant([[1.0]]))
    module.scale = 3.0
    with pytest.raises(sm_magics.ExportError, match="SM601"):
        sm_magics.export(module, tmp_path / "out", writer="tensorflow")


def test_a_ragged_output_is_compared(tmp_path):
    module = tf.Module()
    module.serve = tf.function(
        lambda rows: {"doubled": rows * 2.0},
        input_signature=[tf.RaggedTensorSpec([None, None], tf.float32)],
    )
    result = sm_magics.export(module, tmp_path / "out")
    (check,) = result.verification.signatures
    assert check.status == "equal", check.reason
    assert np.all([output.equal for output in check.outputs])


def test_a_keras_model_over_ragged_rows_is_built_and_verified(tmp_path):
    class Mean(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = tf_keras.layers.Dense(2)

        def call(self, words):
            return self.dense(tf.reduce_mean(words, axis=1))

    text = "words: ragged[float32[None, None, 4]]"
    result = sm_magics.export(Mean(), tmp_path / "out", inputs=text)
    (check,) = result.verification.signatures
    assert check.status == "equal", check.reason
