"""What is put at the root of a SavedModel keeps names, values and functions, and weighs no more."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics
from sm_magics.savedmodel import roots

VECTOR = tf.TensorSpec([None, 3], tf.float32, name="x")


def dense():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def keys(path):
    return {
        name
        for name, _ in tf.train.list_variables(str(path / "variables" / "variables"))
        if not name.startswith("_CHECKPOINTABLE")
    }


def test_what_holds_no_keras_object_is_the_root_itself():
    module = tf.Module()
    module.v = tf.Variable(1.0)
    assert roots.servable(module).node is module
    holder = tf.Module()
    holder.parts = [module, {"a": module}]
    assert roots.servable(holder).node is holder


@pytest.mark.parametrize("k", [keras, tf_keras], ids=["keras3", "tf_keras"])
def test_optimizers_are_left_out_or_kept_as_asked(k):
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    (left,) = roots.servable(model).left_out
    assert left is model.optimizer
    (kept,) = roots.servable(model, with_optimizer=True).optimizers
    assert kept is model.optimizer


def test_no_weight_is_written_twice(tmp_path):
    model = dense()
    result = sm_magics.export(model, tmp_path / "out")
    sizes = sorted(v.bytes for v in result.inspection.variables)
    assert sizes == [2 * 4, 2 * 3 * 4]


def test_an_optimizer_is_left_out(tmp_path):
    model = dense()
    model.compile("adam", "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    sm_magics.export(model, tmp_path / "out")
    assert len(keys(tmp_path / "out")) == 2


class Holder(tf.Module):
    """Keras models in every place where a module may keep them, next to its own variables."""

    def __init__(self):
        super().__init__()
        self.first = dense()
        self.listed = [dense(), tf.Variable(3.0)]
        self.named = {"a": dense(), "b": {"c": dense()}}
        self.again = self.first
        self.bias = tf.Variable(5.0)
        self.me = self

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        models = [self.first, self.listed[0], self.named["a"], self.named["b"]["c"], self.again]
        return {"y": tf.add_n([model(x) for model in models]) * self.listed[1] + self.bias}


def test_a_mirror_serves_restores_and_keeps_sharing(tmp_path):
    holder, rows = Holder(), tf.ones([2, 3])
    expected = holder.serve(rows)["y"].numpy()
    result = sm_magics.export(holder, tmp_path / "out")
    assert result.verification.signatures[0].status == "equal"
    assert len(keys(tmp_path / "out")) == 4 * 2 + 2

    loaded = tf.saved_model.load(str(tmp_path / "out"))
    np.testing.assert_allclose(loaded.serve(rows)["y"], expected, rtol=1e-6)
    assert loaded.bias.numpy() == 5.0
    assert loaded.listed[1].numpy() == 3.0
    assert loaded.me is loaded
    assert loaded.first is loaded.again
    assert set(loaded.named) == {"a", "b"}

    other = Holder()
    tf.train.Checkpoint(other).restore(str(tmp_path / "out"))
    np.testing.assert_allclose(other.serve(rows)["y"], expected, rtol=1e-6)


def test_the_object_itself_is_not_changed(tmp_path):
    holder = Holder()
    before = dict(vars(holder))
    sm_magics.export(holder, tmp_path / "out")
    assert vars(holder) == before
    model = dense()
    names = set(vars(model))
    sm_magics.export(model, tmp_path / "model")
    assert set(vars(model)) == names


def test_lists_and_dicts_of_layers_are_kept(tmp_path):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [keras.layers.Dense(3), keras.layers.Dense(3)]
            self.heads = {"a": keras.layers.Dense(1)}

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return self.heads["a"](x)

    model = Model()
    model(np.ones((1, 3), "float32"))
    model.blocks[1].bias.assign([1.0, 2.0, 3.0])
    sm_magics.export(model, tmp_path / "out")
    assert len(keys(tmp_path / "out")) == 6
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    np.testing.assert_array_equal(loaded.blocks[1].bias, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(loaded.heads["a"].bias, [0.0])


def test_a_list_keeps_its_numbers_where_an_element_has_no_state(tmp_path):
    holder = tf.Module()
    holder.parts = [dense(), keras.layers.ReLU(), dense()]
    holder.serve = tf.function(
        lambda x: holder.parts[0](x) + holder.parts[2](x), input_signature=[VECTOR]
    )
    sm_magics.export(holder, tmp_path / "out")
    found = {key.split("/")[1] for key in keys(tmp_path / "out") if key.startswith("parts/")}
    assert found == {"0", "2"}


def test_functions_of_nested_objects_stay_loadable(tmp_path):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        @tf.function(input_signature=[VECTOR])
        def embed(self, x):
            return self.dense(x) * 2.0

    holder, rows = tf.Module(), tf.ones([2, 3])
    holder.inner = Model()
    holder.inner(rows)
    sm_magics.export(holder, tmp_path / "out", "inner.embed")
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    np.testing.assert_allclose(loaded.inner.embed(rows), holder.inner.embed(rows), rtol=1e-6)


def test_tables_and_their_files_are_kept(tmp_path):
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("a\nb\n", encoding="utf-8")
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            keras.layers.StringLookup(vocabulary=str(vocabulary)),
            keras.layers.Embedding(3, 2),
        ]
    )
    sm_magics.export(model, tmp_path / "out")
    vocabulary.unlink()
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    words = tf.constant([["b"], ["nosuch"]])
    (served,) = loaded.serve(words).values()
    table = model.layers[1].get_weights()[0]
    np.testing.assert_allclose(served[:, 0], table[[2, 0]])


def test_seeds_are_state_too(tmp_path):
    class Noisy(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seeds = keras.random.SeedGenerator(7)

        def call(self, x):
            return x + keras.random.normal((), seed=self.seeds)

    layer = Noisy()
    result = sm_magics.export(layer, tmp_path / "out", inputs="x: float32[None, 3]")
    (check,) = result.verification.signatures
    assert check.status == "equal"
    assert "put back" in check.note
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    rows = tf.ones([1, 3])
    (served,) = loaded.signatures["serving_default"](x=rows).values()
    np.testing.assert_allclose(served, layer(rows), rtol=1e-6)
