"""SM210, SM102: dtypes that Keras did not record are guessed, and the guess is told of."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.testing import assert_allclose

import sm_magics

IDS = np.array([[1, 2, 0]])


def offered(hint: str) -> str:
    return re.search(r"--input '(.*?)'", hint)[1]


class Masked(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed = keras.layers.Embedding(5, 2, mask_zero=True)

    def call(self, ids):
        return self.embed(ids) * keras.ops.cast(ids > 0, "float32")[..., None]


class Gathered(keras.Model):
    def __init__(self):
        super().__init__()
        self.table = tf.Variable(tf.reshape(tf.range(10.0), [5, 2]))

    def call(self, ids):
        return tf.gather(self.table, ids)


class Taken(keras.Model):
    def __init__(self):
        super().__init__()
        self.table = self.add_weight(shape=(5, 2))

    def call(self, ids, scale):
        return keras.ops.take(self.table, ids, axis=0) * scale

    def build(self, ids_shape, scale_shape):
        pass


def test_a_cast_among_other_uses_tells_of_integers(exported):
    model = Masked()
    model(IDS)
    out = exported(model)
    (found,) = out.result.findings
    assert found.code == "SM210"
    assert offered(found.hint) == "ids: int32[None, 3]"
    assert list(sm_magics.check(model, inputs=offered(found.hint))) == []


def test_a_body_that_refuses_floats_gets_integers(exported):
    model = Gathered()
    model(IDS)
    out = exported(model)
    (found,) = out.result.findings
    assert (found.code, found.severity) == ("SM210", "warning")
    assert offered(found.hint) == "ids: int32[None, 3]"
    assert_allclose(out.serve(ids=IDS)["output_0"], model(IDS))
    assert list(sm_magics.check(model, inputs=offered(found.hint))) == []


def test_only_the_input_that_can_not_be_float_becomes_an_integer(exported):
    model = Taken()
    model(IDS, np.ones((1, 3, 1), "float32"))
    out = exported(model)
    (found,) = out.result.findings
    assert offered(found.hint) == "ids: int32[None, 3], scale: float32[None, 3, 1]"


def test_a_body_that_fails_for_another_reason_says_so(tmp_path):
    class Failing(keras.Model):
        def call(self, x):
            if not tf.executing_eagerly():
                raise RuntimeError("not today")
            return x

    model = Failing()
    model(IDS)
    with pytest.raises(RuntimeError, match="not today"):
        sm_magics.check(model)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_a_sequential_model_without_an_input_layer_assumes_floats(k, exported):
    model = k.Sequential([k.layers.Embedding(5, 2)])
    model.build((None, 3))
    out = exported(model)
    (found,) = out.result.findings
    assert found.code == "SM210"
    assert list(sm_magics.check(model, inputs=offered(found.hint))) == []


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_a_sequential_model_with_an_input_layer_says_what_it_takes(k):
    ids = k.Input((3,), dtype="int32", name="ids")
    dense = k.Sequential([k.layers.Dense(2)])
    dense(np.ones((2, 3), "float32"))
    for model in (
        k.Sequential([ids, k.layers.Embedding(5, 2)]),
        k.Sequential([k.Input((3,)), k.layers.Embedding(5, 2)]),
        dense,
    ):
        assert list(sm_magics.check(model)) == []


def test_strings_are_offered_where_the_graph_tells_of_them(tmp_path):
    class Words(keras.Model):
        def __init__(self):
            super().__init__()
            self.words = keras.layers.StringLookup(vocabulary=["a", "b"])
            self.embed = keras.layers.Embedding(4, 2)

        def call(self, words):
            return self.embed(self.words(words))

    model = Words()
    model(tf.constant([["a"]]))
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(model, tmp_path / "out")
    (found,) = [one for one in raised.value.findings if one.code == "SM102"]
    assert offered(found.hint) == "words: string[None, 1]"
    result = sm_magics.export(model, tmp_path / "out", inputs=offered(found.hint))
    assert result.verification.signatures[0].status == "equal"
