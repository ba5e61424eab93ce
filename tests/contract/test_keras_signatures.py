"""S21 to S25 and S51: Keras models are served under their author's names, and servers can run them.

Every test runs on Keras 3 and on Keras 2 (`tf_keras`).
"""

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


def batch(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, "float32")


def assert_serves(out, model, feeds, args=None):
    """The written model answers like the live one, after a load and in a session."""
    live = model(next(iter(feeds.values())) if args is None else args, training=False)
    names = out.names()[1]
    expected = (
        dict(live)
        if isinstance(live, dict)
        else dict(zip(names, tf.nest.flatten(live), strict=True))
    )
    for answer in (out.run(**feeds), out.serve(**feeds)):
        assert set(answer) == set(expected)
        for name, value in expected.items():
            assert_allclose(answer[name], value, rtol=1e-5, atol=1e-6)


def subclass(k):
    class Sub(k.Model):
        def __init__(self):
            super().__init__()
            self.layers_of_mine = [k.layers.Dense(3), k.layers.Dense(2)]

        def call(self, rows, training=False):  # noqa: ARG002, FBT002, Keras's convention
            for layer in self.layers_of_mine:
                rows = layer(rows)
            return rows

    return Sub()


def test_s21_the_users_lone_function_wins_even_when_built(k, exported):
    class Served(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def serve(self, serialized):
            numbers = tf.strings.to_number(tf.strings.split(serialized, ",").to_tensor())
            return {"scores": self.dense(numbers)}

    model = Served()
    model(batch(2, 3))
    out = exported(model)
    assert out.names() == (["serialized"], ["scores"])
    assert "only servable" in out.result.signatures[0].why
    live = model(np.array([[1.0, 2.0, 3.0]], "float32"))
    served = out.serve(serialized=np.array([b"1,2,3"], object))
    assert_allclose(served["scores"], live, rtol=1e-6)


def test_s22_concrete_function_of_call_is_named_by_its_spec(k, exported):
    class Called(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        @tf.function
        def call(self, x):
            return self.dense(x)

    model = Called()
    model(batch(2, 3))
    concrete = model.call.get_concrete_function(tf.TensorSpec([None, 3], tf.float32, name="inp"))
    out = exported(model, concrete)
    assert out.names() == (["inp"], ["output_0"])
    rows = batch(4, 3)
    assert_allclose(out.serve(inp=rows)["output_0"], model(rows), rtol=1e-5)


def test_s23_functional_models_need_no_decorator(k, exported):
    inputs = k.Input((4,), name="x")
    model = k.Model(inputs, k.layers.Dense(5, name="out")(inputs))
    out = exported(model)
    assert_serves(out, model, {"x": batch(3, 4)})


def test_s24_the_forward_pass_with_any_batch_size(k, exported):
    model = subclass(k)
    model(batch(2, 4))
    out = exported(model)
    (signature,) = out.result.signatures
    assert [str(spec) for spec in signature.inputs] == ["rows: float32[None, 4]"]
    assert_serves(out, model, {"rows": batch(5, 4)})


def test_s24_sequential_built_by_a_call_takes_any_batch_size(k, exported):
    model = k.Sequential([k.layers.Dense(3)])
    model(batch(2, 4))
    out = exported(model)
    (name,), _ = out.names()
    assert_serves(out, model, {name: batch(5, 4)})


def test_s24_dropout_is_off(k, exported):
    inputs = k.Input((4,), name="x")
    model = k.Model(inputs, k.layers.Dropout(0.9, name="out")(inputs))
    out = exported(model)
    rows = batch(3, 4)
    assert_allclose(out.serve(x=rows)["out"], rows)


def test_s24_an_unbuilt_model_asks_for_specs(k, tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(subclass(k), tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM102"
    assert "--input 'rows: float32[" in found.hint
    assert not list(tmp_path.iterdir())


def test_s24_an_unbuilt_model_with_specs_is_exported(k, exported):
    model = subclass(k)
    out = exported(model, inputs="rows: float32[None, 4]")
    assert model.built
    assert_serves(out, model, {"rows": batch(5, 4)})


def test_s24_several_arguments_by_their_names(k, exported):
    class Two(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, left, right):
            return {"sum": self.dense(left) + right}

    model = Two()
    out = exported(model, inputs=["left: float32[None, 4]", "right: float32[None, 2]"])
    left, right = batch(3, 4), batch(3, 2)
    assert_allclose(out.serve(left=left, right=right)["sum"], model(left, right)["sum"], rtol=1e-5)


def test_s25_input_and_output_layers_give_the_names(k, exported):
    inputs = k.Input((4,), name="x")
    out = exported(k.Model(inputs, k.layers.Dense(5, name="out")(inputs)))
    (signature,) = out.result.inspection.signatures
    assert [str(spec) for spec in signature.inputs] == ["x: float32[None, 4]"]
    assert [str(spec) for spec in signature.outputs] == ["out: float32[None, 5]"]


def test_s25_several_inputs_and_outputs(k, exported):
    a, b = k.Input((4,), name="a"), k.Input((2,), name="b")
    joined = k.layers.Concatenate()([a, b])
    model = k.Model([a, b], [k.layers.Dense(3, name="p")(joined), k.layers.Dense(1, name="q")(b)])
    out = exported(model)
    assert out.names() == (["a", "b"], ["p", "q"])
    feeds = {"a": batch(3, 4), "b": batch(3, 2) * 2}
    assert_serves(out, model, feeds, [feeds["a"], feeds["b"]])


def test_s25_a_layer_used_twice_gets_two_names(k, exported):
    inputs = k.Input((4,), name="x")
    head = k.layers.Dense(4, name="head")
    first = head(inputs)
    model = k.Model(inputs, [first, head(first)])
    out = exported(model)
    assert out.names() == (["x"], ["head", "head_1"])
    assert_serves(out, model, {"x": batch(3, 4)})


def test_s25_dicts_name_by_their_keys(k, exported):
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    model = k.Model({"a": a, "b": b}, {"total": k.layers.Add()([a, b]), "left": k.layers.ReLU()(a)})
    out = exported(model)
    assert sorted(out.names()[0]) == ["a", "b"]
    assert sorted(out.names()[1]) == ["left", "total"]
    feeds = {"a": batch(3, 4), "b": batch(3, 4) * 2}
    assert_serves(out, model, feeds, feeds)


def test_s25_sequential(k, exported):
    model = k.Sequential([k.Input((4,), name="x"), k.layers.Dense(2, name="out")])
    out = exported(model)
    assert out.names() == (["x"], ["out"])
    assert_serves(out, model, {"x": batch(3, 4)})


def recurrent(k):
    return k.Sequential(
        [k.Input((6, 3), name="x"), k.layers.LSTM(4), k.layers.Dense(2, name="out")]
    )


def images(k):
    return k.Sequential(
        [
            k.Input((8, 8, 3), name="x"),
            k.layers.Conv2D(4, 3),
            k.layers.BatchNormalization(),
            k.layers.Flatten(),
            k.layers.Dense(2, name="out"),
        ]
    )


@pytest.mark.parametrize(
    ("build", "shape"), [(recurrent, (2, 6, 3)), (images, (2, 8, 8, 3))], ids=["lstm", "conv"]
)
def test_s51_servers_can_run_it_after_training(k, exported, build, shape):
    model = build(k)
    model.compile("adam", "mse")
    model.fit(batch(*shape), batch(2, 2), verbose=0)
    out = exported(model)
    assert_serves(out, model, {"x": batch(*shape)})


def test_s51_a_module_that_holds_a_keras_model(k, exported):
    class Holder(tf.Module):
        def __init__(self):
            super().__init__()
            self.model = images(k)
            self.scale = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32)])
        def serve(self, x):
            return {"scaled": self.model(x, training=False) * self.scale}

    holder = Holder()
    out = exported(holder)
    rows = batch(2, 8, 8, 3)
    assert_allclose(
        out.serve(x=rows)["scaled"], 2.0 * holder.model(rows).numpy(), rtol=1e-5, atol=1e-6
    )
    assert_allclose(out.loaded.serve(rows)["scaled"], out.serve(x=rows)["scaled"], rtol=1e-6)


def test_s29_weights_restore_into_the_model(k, exported):
    model, other = images(k), images(k)
    other.set_weights([weight + 1.0 for weight in other.get_weights()])
    out = exported(model)
    tf.train.Checkpoint(other).restore(str(out.path)).expect_partial()
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        assert_allclose(ours, theirs)


def test_a_reloaded_keras3_export_can_be_fine_tuned(exported):
    model = images(keras)
    out = exported(model)
    rows = tf.constant(batch(2, 8, 8, 3))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(out.loaded.serve(rows)["out"] ** 2)
    gradients = tape.gradient(loss, list(out.loaded.trainable_variables))
    assert len(gradients) == len(model.trainable_variables)
    assert all(gradient is not None for gradient in gradients)


class Trained(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x):
        return self.dense(x)

    @tf.function
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def test_a_model_that_trains_in_a_function_of_its_own_is_exported(exported):
    model = Trained()
    model.compile("adam")
    model.fit(batch(4, 3), batch(4, 1), verbose=0)
    model.train_step((tf.constant(batch(4, 3)), tf.constant(batch(4, 1))))
    out = exported(model)
    assert_serves(out, model, {"x": batch(2, 3)})
    assert not any("adam" in variable.name for variable in out.result.inspection.variables)


class Fitted(tf.Module):
    def __init__(self):
        super().__init__()
        self.model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        self.optimizer = keras.optimizers.SGD(0.1)
        self.optimizer.build(self.model.trainable_variables)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def serve(self, x):
        return {"y": self.model(x)}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def fit(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.model(x) ** 2)
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return {"loss": loss}


def test_a_module_with_an_optimizer_is_served_without_it(exported):
    module = Fitted()
    out = exported(module, "serve")
    rows = batch(2, 3)
    assert_allclose(out.serve(x=rows)["y"], module.model(rows), rtol=1e-6)
    assert "fit" not in {function.path for function in out.result.inspection.functions}


def test_training_can_be_served(exported):
    module = Fitted()
    before = [variable.numpy().copy() for variable in module.model.trainable_variables]
    out = exported(module, ["serve", "fit=fit"])
    for variable, value in zip(module.model.trainable_variables, before, strict=True):
        assert_allclose(variable, value)
    rows = batch(8, 3)
    losses = [float(out.run("fit", x=rows)["loss"]) for _ in range(3)]
    assert losses[2] < losses[0]


def test_a_guessed_dtype_that_the_model_rejects_is_an_error(tmp_path):
    class Text(keras.Model):
        def __init__(self):
            super().__init__()
            self.words = keras.layers.TextVectorization(vocabulary=["a", "b"])
            self.embed = keras.layers.Embedding(4, 2)

        def call(self, text):
            return self.embed(self.words(text))

    model = Text()
    model(tf.constant([["a b"]]))
    with pytest.raises(sm_magics.ExportError, match="--input 'text: ") as raised:
        sm_magics.export(model, tmp_path / "out")
    assert raised.value.findings[0].code == "SM102"
    result = sm_magics.export(model, tmp_path / "out", inputs="text: string[None, 1]")
    assert result.verification.signatures[0].status == "equal"


def test_s24_an_input_that_keras_did_not_record_is_asked_for(tmp_path):
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, left, right):
            return self.dense(left) + right

    model = Two()
    model(batch(2, 3), batch(2, 2))
    with pytest.raises(sm_magics.ExportError, match="'right'"):
        sm_magics.export(model, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_mismatch_can_not_be_selected_away(tmp_path):
    class Scaled(tf.Module):
        scale = 2.0

        @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
        def serve(self, x):
            return x * self.scale

    module = Scaled()
    module.serve(1.0)
    module.scale = 5.0
    for policy in ({"select": "SM1"}, {"ignore": "SM6"}):
        with pytest.raises(sm_magics.ExportError, match="SM601"):
            sm_magics.export(module, tmp_path / "out", writer="tensorflow", **policy)
    assert not list(tmp_path.iterdir())
