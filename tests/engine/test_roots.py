"""What is put at the root of a SavedModel keeps names, values and functions, and weighs no more."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics
from sm_magics.savedmodel import reuse, roots
from sm_magics.savedmodel.survey import Survey

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
    assert roots.of(Survey(module)).node is module
    holder = tf.Module()
    holder.parts = [module, {"a": module}]
    assert roots.of(Survey(holder)).node is holder


@pytest.mark.parametrize("k", [keras, tf_keras], ids=["keras3", "tf_keras"])
def test_optimizers_are_left_out_or_kept_as_asked(k):
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    (left,) = roots.of(Survey(model)).left_out
    assert left is model.optimizer
    (kept,) = roots.of(Survey(model, with_optimizer=True)).optimizers
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
    # One hidden attribute keeps what the next export may use again.
    assert vars(holder) == before | {reuse.OURS: vars(holder)[reuse.OURS]}
    model = dense()
    names = set(vars(model))
    sm_magics.export(model, tmp_path / "model")
    assert set(vars(model)) == names | {reuse.OURS}
    reuse.forget(holder)
    assert vars(holder) == before


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


@pytest.fixture(params=[keras, tf_keras], ids=["keras3", "tf_keras"])
def trained(request):
    """A module whose only Keras object is the optimizer of its variable of 4 kB."""

    class Trained(tf.Module):
        def __init__(self, value=1.0):
            super().__init__()
            self.weight = tf.Variable(tf.fill([1000], value))
            self.optimizer = request.param.optimizers.Adam()
            self.optimizer.build([self.weight])
            self.parts = [self.optimizer, tf.Variable(2.0)]
            words = tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([7], tf.int64))
            self.table = tf.lookup.StaticHashTable(words, 0)
            self.noise = tf.random.Generator.from_seed(1)
            self.held = {
                "half": tf.function(lambda x: x * self.weight[0] / 2, input_signature=[ROWS]),
                "train": tf.function(self.step, input_signature=[ROWS]),
            }

        @tf.function(input_signature=[ROWS])
        def serve(self, x):
            known = tf.cast(self.table.lookup(tf.constant("a")), tf.float32)
            return {"y": x * self.weight[0] * self.parts[1] + known + 0 * self.noise.normal([])}

        @tf.function(input_signature=[ROWS])
        def train(self, x):
            return self.step(x)

        def step(self, x):
            self.optimizer.apply_gradients([(self.weight * 1.0, self.weight)])
            return x

    return Trained


ROWS = tf.TensorSpec([None], tf.float32, name="x")


def test_a_modules_optimizer_is_left_out_though_it_has_no_layer(trained, tmp_path):
    module = trained()
    result = sm_magics.export(module, tmp_path / "out", "serve")
    assert result.left_out > 8000
    assert sum(variable.bytes for variable in result.inspection.variables) < 4100
    assert keys(tmp_path / "out") == {
        f"{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in ("weight", "parts/1", "noise/_state_var")
    }
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    np.testing.assert_allclose(loaded.serve(tf.constant([3.0]))["y"], [13.0])
    assert loaded.held["half"](tf.constant([3.0])).numpy().tolist() == [1.5]
    assert not hasattr(loaded, "train")
    other = trained(5.0)
    other.parts[1].assign(0.0)
    tf.train.Checkpoint(other).restore(str(tmp_path / "out")).expect_partial()
    np.testing.assert_allclose(other.serve(tf.constant([3.0]))["y"], [13.0])


def test_a_modules_optimizer_is_kept_if_asked_for_or_served(trained, tmp_path):
    for number, result in enumerate(
        [
            sm_magics.export(trained(), tmp_path / "asked", "serve", with_optimizer=True),
            sm_magics.export(trained(), tmp_path / "served", "train"),
        ]
    ):
        assert result.left_out == 0, number
        assert sum(variable.bytes for variable in result.inspection.variables) > 12_000


def test_a_checkpoints_optimizer_is_left_out(tmp_path):
    weight = tf.Variable(tf.ones([1000]))
    optimizer = keras.optimizers.Adam()
    optimizer.build([weight])
    checkpoint = tf.train.Checkpoint(weight=weight, optimizer=optimizer)
    checkpoint.serve = tf.function(lambda x: x * weight[0], input_signature=[ROWS])
    result = sm_magics.export(checkpoint, tmp_path / "out")
    assert result.left_out > 8000
    assert sum(variable.bytes for variable in result.inspection.variables) == 4000
    weight.assign(tf.zeros([1000]))
    checkpoint.restore(str(tmp_path / "out")).expect_partial()
    assert float(weight[0]) == 1.0


def test_a_function_of_a_part_that_trains_the_whole_is_left_out(tmp_path):
    module, part = tf.Module(), tf.Module()
    module.weight = tf.Variable(1.0)
    module.optimizer = keras.optimizers.Adam()
    module.optimizer.build([module.weight])
    module.serve = tf.function(lambda x: x * module.weight, input_signature=[ROWS])

    def train(x):
        module.optimizer.apply_gradients([(module.weight * 1.0, module.weight)])
        return x

    part.train = tf.function(train, input_signature=[ROWS])
    part.own = tf.Variable(3.0)
    module.part = part
    assert sm_magics.export(module, tmp_path / "out", "serve").findings == ()
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    assert float(loaded.part.own) == 3.0
