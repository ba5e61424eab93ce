"""S20, S26 to S28, S30: what is saved with an object, and what comes back from it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.testing import assert_allclose

import sm_magics
from sm_magics.notebook import snippets

VECTOR = tf.TensorSpec([None], tf.float32)
TEXTS = tf.TensorSpec([None], tf.string)


@pytest.fixture(params=[keras, tf_keras], ids=["keras3", "tf_keras"])
def k(request):
    return request.param


class Linear(tf.Module):
    def __init__(self, weight=2.0):
        super().__init__()
        self.weight = tf.Variable(weight)
        self.parts = [tf.Variable(1.0), {"bias": tf.Variable(0.5)}]

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": x * self.weight * self.parts[0] + self.parts[1]["bias"]}


def compiled(k):
    model = k.Sequential([k.Input((3,), name="x"), k.layers.Dense(1, name="y")])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 1), "float32"), verbose=0)
    return model


def test_s20_keras_models_and_layers_are_trackable(k, exported):
    model = k.Sequential([k.Input((3,), name="x"), k.layers.Dense(2, name="y")])
    out = exported(model)
    rows = np.ones((2, 3), "float32")
    assert_allclose(out.serve(x=rows)["y"], model(rows), rtol=1e-6)


def test_s20_a_keras3_metric_is_a_clear_error(tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(keras.metrics.Mean(), tmp_path / "out", allow_no_signature=True)
    assert raised.value.findings[0].code == "SM101"
    assert "Mean" in raised.value.findings[0].message
    assert not list(tmp_path.iterdir())


GLOBAL = tf.Variable(4.0, name="a_global")


class UsesGlobal(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * GLOBAL


class Plain:
    def __init__(self):
        self.weight = tf.Variable(5.0, name="hidden")


class UsesPlain(tf.Module):
    def __init__(self):
        super().__init__()
        self.plain = Plain()

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * self.plain.weight


class UsesUntrackedTable(tf.Module):
    @tf.function(input_signature=[TEXTS])
    def serve(self, words):
        return TABLE[0].lookup(words)


def small_table():
    keys, values = tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)


TABLE = [small_table()]


class Unserved(Linear):
    @tf.function(input_signature=[VECTOR])
    def other(self, x):
        return x + GLOBAL


@pytest.mark.parametrize("make", [UsesGlobal, UsesPlain, UsesUntrackedTable, Unserved])
def test_s26_an_untracked_resource_is_found_before_the_save(make, tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(make(), tmp_path / "out", "serve")
    # Tables are told to run on the host, too.
    (found,) = [one for one in raised.value.findings if one.code != "SM312"]
    assert found.code == "SM103"
    assert "self." in found.hint
    assert found.function in {"serve", "other"}
    assert not list(tmp_path.iterdir())


def test_s26_a_keras_lambda_over_a_global(tmp_path):
    inputs = keras.Input((2,), name="x")
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * GLOBAL)(inputs))
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(model, tmp_path / "out")
    assert [found.code for found in raised.value.findings] == ["SM103"]
    assert not list(tmp_path.iterdir())


def test_s26_the_variable_and_its_line_are_named(notebook, tmp_path):
    notebook.run("import tensorflow as tf\n\nscale = tf.Variable(3.0)")
    notebook.run(
        "class Scaled(tf.Module):\n"
        "    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])\n"
        "    def serve(self, x):\n"
        "        return x * scale\n"
        "model = Scaled()"
    )
    ran = notebook.run("%savedmodel export model out", fails=True)
    (found,) = ran.error.findings
    assert found.code == "SM103"
    assert "scale" in found.message
    assert (found.cell, found.line) in {(1, 3), (2, 4)}
    assert not (tmp_path / "out").exists()


def test_s26_a_tracked_variable_is_no_finding(exported):
    out = exported(Linear())
    assert out.result.findings == ()
    assert_allclose(out.serve(x=[1.0])["y"], [2.5])


def test_s27_layers_track_their_variables(k, exported):
    class Nested(k.Model):
        def __init__(self):
            super().__init__()
            self.stack = [k.layers.Dense(3), k.layers.Dense(2)]
            self.named = {"head": k.layers.Dense(1)}

        def call(self, x):
            for layer in self.stack:
                x = layer(x)
            return self.named["head"](x)

    model = Nested()
    rows = np.ones((2, 4), "float32")
    live = model(rows)
    out = exported(model)
    saved = {(variable.shape, variable.bytes) for variable in out.result.inspection.variables}
    assert {((4, 3), 48), ((3, 2), 24), ((2, 1), 8)} <= saved
    assert_allclose(out.run(x=rows)["output_0"], live, rtol=1e-6)


def test_s28_the_same_names_as_a_checkpoint(exported, tmp_path):
    module = Linear()
    out = exported(module)
    checkpoint = tf.train.Checkpoint(module).write(str(tmp_path / "checkpoint"))
    wanted = {n for n, _ in tf.train.list_variables(checkpoint) if n.endswith("VARIABLE_VALUE")}
    ours = {variable.key for variable in out.result.inspection.variables}
    assert ours == wanted


def test_s28_s29_a_module_restores_from_its_export(exported):
    out = exported(Linear(2.0))
    other = Linear(9.0)
    other.parts[0].assign(0.0)
    other.parts[1]["bias"].assign(0.0)
    tf.train.Checkpoint(other).restore(str(out.path)).expect_partial()
    assert_allclose(other.serve(tf.constant([1.0]))["y"], [2.5])


def test_s28_s29_a_compiled_keras_model_restores_from_its_export(k, exported):
    model, other = compiled(k), compiled(k)
    other.set_weights([weight + 1.0 for weight in other.get_weights()])
    out = exported(model)
    tf.train.Checkpoint(other).restore(str(out.path)).expect_partial()
    rows = np.ones((2, 3), "float32")
    assert_allclose(other(rows), model(rows), rtol=1e-6)


def optimizer_bytes(result) -> int:
    # Adam keeps two slots of every weight, called m and v in Keras 2.
    return sum(
        variable.bytes
        for variable in result.inspection.variables
        if "optimizer" in variable.key or "adam" in variable.name.lower()
    )


def test_s28_the_optimizer_is_left_out_unless_asked_for(k, exported):
    assert optimizer_bytes(exported(compiled(k)).result) == 0
    kept = exported(compiled(k), with_optimizer=True)
    assert optimizer_bytes(kept.result) >= 2 * 4 * (3 + 1)


def test_s28_with_the_optimizer_training_goes_on(k, exported):
    model, other = compiled(k), compiled(k)
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 1), "float32"), epochs=2, verbose=0)
    out = exported(model, with_optimizer=True)
    tf.train.Checkpoint(other).restore(str(out.path)).expect_partial()
    assert int(other.optimizer.iterations) == int(model.optimizer.iterations) == 3


class Lists(keras.Model):
    """A Keras 3 model whose layers `tf.train.Checkpoint` does not see."""

    def __init__(self):
        super().__init__()
        self.stack = [keras.layers.Dense(3), keras.layers.Dropout(0.5), keras.layers.Dense(3)]
        self.named = {"b": keras.layers.Dense(1), "a": keras.layers.Dense(1)}
        self.last = keras.layers.BatchNormalization()

    def call(self, x):
        for layer in self.stack:
            x = layer(x)
        return self.named["a"](self.last(x)) + self.named["b"](x)


ROWS = np.ones((2, 4), "float32")


def called(model):
    model(ROWS)
    for number, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(number).random(weight.shape))
    return model


def held(model):
    module = tf.Module()
    module.models = {"a": model}
    module.scale = tf.Variable(2.0)
    module.serve = tf.function(
        lambda x: module.models["a"](x) * module.scale,
        input_signature=[tf.TensorSpec([None, 4], name="x")],
    )
    return module


@pytest.mark.parametrize("wrap", [lambda model: model, held])
def test_s29_the_printed_lines_restore_lists_of_keras3_layers(wrap, exported):
    module, other = wrap(called(Lists())), wrap(called(Lists()))
    for weight in weights_of(other):
        weight.assign(tf.zeros_like(weight))
    out = exported(module)
    lines = snippets.restore(out.path, "other", out.result.restored_in_part)
    exec(lines, {"tf": tf, "other": other})
    for restored, live in zip(weights_of(other), weights_of(module), strict=True):
        assert_allclose(restored, live)


def weights_of(obj):
    if isinstance(obj, keras.Model):
        return [weight.value for weight in obj.weights]
    return [obj.scale, *weights_of(obj.models["a"])]


def test_s29_a_checkpoint_restores_everything_else(k, exported):
    class Nested(k.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.dropout = k.layers.Dense(3), k.layers.Dropout(0.5)
            # Keras 2 lists are tracked by TensorFlow.
            self.stack = [k.layers.Dense(2)] if k is tf_keras else []

        def call(self, x):
            for layer in [self.dense, self.dropout, *self.stack]:
                x = layer(x)
            return x

    for module in (Linear(), compiled(k), Nested()):
        if isinstance(module, Nested):
            module(ROWS)
        out = exported(module, allow_no_signature=True)
        assert out.result.restored_in_part == ()
        assert snippets.restore(out.path, "m", ()).startswith("tf.train.Checkpoint(m).restore(")
