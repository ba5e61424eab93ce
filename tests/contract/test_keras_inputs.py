"""S24, S25: what Keras models take, of any structure, kind and dtype."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.testing import assert_allclose

import sm_magics


@pytest.fixture(params=[keras, tf_keras], ids=["keras3", "tf_keras"])
def k(request):
    return request.param


def rows(*shape):
    return np.random.default_rng(0).random(shape, "float32")


def codes(out):
    return [one.code for one in out.result.findings]


def scaled(k):
    class Scaled(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, x, mask=None, scale=1.0, training=False):  # noqa: ARG002, FBT002
            return self.dense(x) * scale

    return Scaled()


@pytest.mark.parametrize("args", [(None,), (None, 3.0), (None, 1.0, False)], ids=repr)
def test_s24_python_values_of_the_first_call_are_no_inputs(args, exported):
    model = scaled(tf_keras)
    model(rows(2, 3), *args)
    out = exported(model)
    assert out.names()[0] == ["x"]
    assert_allclose(out.serve(x=rows(4, 3))["output_0"], model(rows(4, 3)), rtol=1e-5)


def test_s24_training_by_position_is_no_input(k, exported):
    class Trained(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, x, training):  # noqa: ARG002, Keras's convention
            return self.dense(x)

    model = Trained()
    model(
        rows(2, 3),
        *[False] if k is tf_keras else [],
        **{} if k is tf_keras else {"training": False},
    )
    out = exported(model)
    assert out.names()[0] == ["x"]


def test_s24_a_required_value_that_was_no_tensor_is_asked_for(tmp_path):
    class Scaled(tf_keras.Model):
        def call(self, x, scale):
            return x * scale

    model = Scaled()
    model(rows(2, 3), 3.0)
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(model, tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM102"
    assert "'scale'" in found.message
    assert "--input 'x: float32[None, 3], scale: float32[None, 4]'" in found.hint
    assert "call it once" not in found.hint


def test_s24_several_required_inputs_are_all_asked_for(k, tmp_path):
    class Two(k.Model):
        def call(self, a, b):
            return a + b

    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Two(), tmp_path / "out")
    hint = raised.value.findings[0].hint
    assert "--input 'a: float32[None, 4], b: float32[None, 4]'" in hint
    assert "call it once" in hint
    result = sm_magics.export(
        Two(), tmp_path / "out", inputs="a: float32[None, 4], b: float32[None, 4]"
    )
    assert result.verification.signatures[0].status == "equal"


def pair(k):
    class Pair(k.Model):
        def __init__(self):
            super().__init__()
            self.embed = k.layers.Embedding(5, 2)

        def call(self, t):
            ids, weights = t
            return (
                k.ops.sum(self.embed(ids), -1) * weights
                if k is keras
                else (tf.reduce_sum(self.embed(ids), -1) * weights)
            )

    return Pair()


LISTED = "t_0: int32[None, 2], t_1: float32[None, 2]"


@pytest.mark.parametrize("built", [True, False])
def test_s24_a_list_is_given_by_its_elements(k, built, exported):
    model = pair(k)
    if built:
        model([np.array([[1, 2]]), rows(1, 2)])
    out = exported(model, inputs=LISTED)
    feeds = {"t_0": np.array([[1, 3]], "int32"), "t_1": rows(1, 2)}
    assert_allclose(out.serve(**feeds)["output_0"], model(list(feeds.values())), rtol=1e-5)


def test_s24_other_names_are_taken_in_order(k, exported):
    model = pair(k)
    model([np.array([[1, 2]]), rows(1, 2)])
    out = exported(model, inputs="ids: int32[None, 2], weights: float32[None, 2]")
    feeds = {"ids": np.array([[1, 3]], "int32"), "weights": rows(1, 2)}
    assert_allclose(out.serve(**feeds)["output_0"], model(list(feeds.values())), rtol=1e-5)


def test_s24_inputs_that_the_forward_pass_does_not_take_are_an_error(k, tmp_path):
    model = k.Sequential([k.Input((4,), name="i"), k.layers.Dense(1)])
    with pytest.raises(ValueError, match="does not take"):
        sm_magics.export(model, tmp_path / "out", "call(i: float32[None, 4], y: int32[])")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["sparse", "ragged"])
def test_s25_a_ragged_or_sparse_input_layer_is_taken_in_parts(kind, exported):
    inputs = tf_keras.Input((None,), name="x", **{kind: True})
    dense = tf_keras.layers.Lambda(
        lambda x: tf.sparse.to_dense(x) if kind == "sparse" else x.to_tensor()
    )(inputs)
    model = tf_keras.Model(inputs, tf_keras.layers.ReLU(name="out")(dense))
    out = exported(model)
    assert codes(out) == ["SM208"]
    assert len(out.names()[0]) == (3 if kind == "sparse" else 2)
    assert out.result.verification.signatures[0].status == "equal"


def test_s25_a_sparse_input_of_keras_3_is_taken_in_parts(exported):
    inputs = keras.Input((4,), sparse=True, name="x")
    out = exported(keras.Model(inputs, keras.layers.Dense(2, name="out")(inputs)))
    assert codes(out) == ["SM208"]
    assert out.result.verification.signatures[0].status == "equal"


def test_s24_a_ragged_first_call_is_taken_in_parts(exported):
    class Ragged(tf_keras.Model):
        def call(self, words):
            return tf.reduce_sum(words, 1)

    model = Ragged()
    model(tf.ragged.constant([[1.0, 2.0], [3.0]]))
    out = exported(model)
    assert codes(out) == ["SM208"]
    assert out.result.verification.signatures[0].status == "equal"
