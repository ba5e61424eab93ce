"""SM113 unless the author spelled half precision out; SM109 counts each variable once."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics

KERAS = {"Keras 3": keras, "Keras 2": tf_keras}
ROWS = np.ones((2, 3), "float32")


@pytest.fixture(params=KERAS)
def mixed(request):
    k = KERAS[request.param]
    k.mixed_precision.set_global_policy("mixed_float16")
    yield k
    k.mixed_precision.set_global_policy("float32")


def codes(obj, **keywords):
    return [found.code for found in sm_magics.check(obj, **keywords)]


def deferred(k):
    model = k.Sequential([k.layers.Dense(2)])
    model(ROWS)
    return model


def subclassed(k):
    class Net(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Net()
    model(ROWS)
    return model


@pytest.mark.parametrize("make", [deferred, subclassed])
def test_sm113_where_nobody_asked_for_half_precision(make, mixed):
    assert codes(make(mixed)) == ["SM113"]


def test_sm113_is_silent_where_half_precision_is_spelled_out(mixed):
    layers = [mixed.Input((3,), dtype="float16"), mixed.layers.Dense(2)]
    model = mixed.Sequential(layers)
    model(ROWS)
    assert codes(model) == []
    assert codes(subclassed(mixed), inputs="x: float16[None, 3]") == []
    assert codes(deferred(mixed), signatures="call(x: float16[None, 3])") == []
    module = tf.Module()
    spec = tf.TensorSpec([None], tf.float16, "x")
    module.serve = tf.function(lambda x: x * 2.0, input_signature=[spec])
    assert codes(module) == []


@pytest.mark.parametrize("k", KERAS.values(), ids=list(KERAS))
def test_without_mixed_precision_nothing_is_said(k):
    assert codes(deferred(k)) == []
    assert codes(subclassed(k)) == []


def test_sm109_counts_what_two_optimizers_share_once(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2)(x))
    inner = keras.optimizers.Adam()
    model.compile(keras.optimizers.LossScaleOptimizer(inner), "mse")
    model.fit(ROWS, ROWS[:, :2], verbose=0)
    result = sm_magics.export(model, tmp_path / "out", with_optimizer=True)
    (found,) = [one for one in result.findings if one.code == "SM109"]
    own = sum(v.value.dtype.size * int(np.prod(v.shape)) for v in model.optimizer.variables)
    weights = sum(v.value.dtype.size * int(np.prod(v.shape)) for v in model.variables)
    assert f": {own} bytes" in found.message
    share = re.search(r"(\d+) % of", found.message)
    assert int(share[1]) == round(100 * own / (own + weights))
