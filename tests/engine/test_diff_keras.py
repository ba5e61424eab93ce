"""What differs between real Keras models, by the names that a person knows."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics

KERAS = {"Keras 3": keras, "Keras 2": tf_keras}


def network(k, outputs=2, *, deeper=False):
    k.utils.set_random_seed(0)
    x = k.Input((3,), name="x")
    hidden = k.layers.Dense(4, name="hid")(x)
    if deeper:
        hidden = k.layers.Dense(5, name="more", activation="relu")(hidden)
    return k.Model(x, k.layers.Dense(outputs, name="out")(hidden))


@pytest.fixture(params=KERAS)
def k(request):
    return KERAS[request.param]


def names(found):
    return sorted(variable.name for variable in found)


def test_training_changes_values_alone(k, tmp_path):
    model = network(k)
    sm_magics.export(model, tmp_path / "old")
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    sm_magics.export(model, tmp_path / "new")
    found = sm_magics.diff(tmp_path / "old", tmp_path / "new")
    assert names(new for _, new in found.variables.changed) == [
        *("hid/bias", "hid/kernel", "out/bias", "out/kernel")
    ]
    assert (found.signatures, found.graphs[0].ops, found.variables.reshaped) == ((), {}, ())


def test_a_layer_in_between_is_added_and_the_one_behind_it_reshaped(k, tmp_path):
    sm_magics.export(network(k), tmp_path / "old")
    sm_magics.export(network(k, 3, deeper=True), tmp_path / "new")
    found = sm_magics.diff(tmp_path / "old", tmp_path / "new")
    assert names(found.variables.added) == ["more/bias", "more/kernel"]
    assert {(old.name, new.name) for old, new in found.variables.reshaped} == {
        ("out/kernel", "out/kernel"),
        ("out/bias", "out/bias"),
    }
    assert found.variables.removed == ()
    assert found.graphs[0].ops["Relu"] == (0, 1)
    assert [change.what for change in found.breaking] == ["other shape"]
    assert found.bytes_b > found.bytes_a


def test_the_same_weights_under_other_keys_are_the_same(k, tmp_path):
    model = network(k)
    sm_magics.export(model, tmp_path / "ours")
    tf.saved_model.save(model, str(tmp_path / "plain"))
    found = sm_magics.diff(tmp_path / "ours", tmp_path / "plain").variables
    assert (found.added, found.removed, found.unchanged) == ((), (), 4)


def test_names_that_change_with_the_session_do_not_count(k, tmp_path):
    for name in ("old", "new"):
        x = k.Input((3,), name="x")
        model = k.Model(x, k.layers.Dense(2)(k.layers.Dense(3)(x)))
        model.set_weights([np.ones_like(weight) for weight in model.get_weights()])
        sm_magics.export(model, tmp_path / name)
    found = sm_magics.diff(tmp_path / "old", tmp_path / "new").variables
    assert not found
    assert found.unchanged == 4
