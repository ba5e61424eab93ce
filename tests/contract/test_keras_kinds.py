"""S20 to S25, S51: kinds of Keras models: several inputs and outputs, submodels, shared weights."""

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
    return np.random.default_rng(sum(shape)).random(shape, "float32")


def agrees(out, expected, key="serving_default", **feeds):
    """The written model answers so after a load and in a session, without a finding."""
    assert out.result.findings == ()
    assert {check.status for check in out.result.verification.signatures} == {"equal"}
    for answer in (out.run(key, **feeds), out.serve(key, **feeds)):
        assert set(answer) == set(expected)
        for name, value in expected.items():
            assert_allclose(answer[name], value, rtol=1e-5, atol=1e-6)


def test_s23_list_inputs_are_not_swapped(k, exported):
    late, early = k.Input((3,), name="z"), k.Input((3,), name="a")
    model = k.Model([late, early], k.layers.Subtract(name="difference")([late, early]))
    z, a = batch(2, 3), batch(2, 3) * 5
    agrees(exported(model), {"difference": z - a}, z=z, a=a)


def test_s23_dict_inputs_whose_keys_are_not_the_layers_names(k, exported):
    price, size = k.Input((1,), name="price_layer"), k.Input((1,), name="area_layer")
    model = k.Model({"price": price, "area": size}, k.layers.Subtract(name="out")([price, size]))
    one, two = batch(2, 1), batch(2, 1) * 3
    out = exported(model)
    agrees(out, {"out": one - two}, price_layer=one, area_layer=two)


def test_s23_inputs_of_several_dtypes(k, exported):
    numbers, flags = k.Input((2,), name="numbers"), k.Input((2,), name="ids", dtype="int32")
    embedded = k.layers.Flatten()(k.layers.Embedding(10, 3)(flags))
    model = k.Model([numbers, flags], k.layers.Concatenate(name="all")([numbers, embedded]))
    rows, ids = batch(2, 2), np.array([[1, 9], [3, 0]], "int32")
    out = exported(model)
    written = {s.name: s.dtype for s in out.result.inspection.signatures[0].inputs}
    assert written == {"numbers": "float32", "ids": "int32"}
    agrees(out, {"all": model([rows, ids])}, numbers=rows, ids=ids)


def test_s25_dict_outputs_of_a_functional_model(k, exported):
    x = k.Input((4,), name="x")
    model = k.Model(x, {"score": k.layers.Dense(1)(x), "hidden": k.layers.Dense(3)(x)})
    rows = batch(2, 4)
    agrees(exported(model), model(rows), x=rows)


def test_s25_several_outputs_by_their_layers(k, exported):
    x = k.Input((4,), name="x")
    model = k.Model(x, [k.layers.Dense(1, name="b")(x), k.layers.Dense(3, name="a")(x)])
    rows = batch(2, 4)
    agrees(exported(model), dict(zip(["b", "a"], model(rows), strict=True)), x=rows)


def subclass(k, forward):
    """Return a subclassed model with one layer, `dense`, whose `call` is `forward`."""

    def __init__(self):  # noqa: N807, it becomes a method
        k.Model.__init__(self)
        self.dense = k.layers.Dense(2)
        self.drop = k.layers.Dropout(0.9)

    return type("Sub", (k.Model,), {"__init__": __init__, "call": forward})()


def with_training(self, x, training):
    return self.drop(self.dense(x), training=training)


def with_default_training(self, x, training=True):  # noqa: FBT002, Keras's convention
    return self.drop(self.dense(x), training=training)


@pytest.mark.parametrize("forward", [with_training, with_default_training])
def test_s24_training_is_off_however_it_is_declared(forward, k, exported):
    model = subclass(k, forward)
    rows = batch(3, 4)
    live = model(rows, training=False)
    agrees(exported(model), {"output_0": live}, x=rows)


def with_second(self, x, y):
    return self.dense(x) - y


def with_optional_second(self, x, y=None):
    return self.dense(x) if y is None else self.dense(x) - y


@pytest.mark.parametrize("forward", [with_second, with_optional_second])
def test_s24_a_second_positional_argument(forward, k, exported):
    model = subclass(k, forward)
    out = exported(model, inputs=["x: float32[None, 4]", "y: float32[None, 2]"])
    x, y = batch(3, 4), batch(3, 2)
    agrees(out, {"output_0": model(x, y)}, x=x, y=y)


def test_s24_an_optional_second_argument_may_stay_away(k, exported):
    model = subclass(k, with_optional_second)
    rows = batch(3, 4)
    live = model(rows)
    agrees(exported(model), {"output_0": live}, x=rows)


def test_s24_a_dict_is_one_argument(k, exported):
    model = subclass(k, lambda self, features: self.dense(features["a"]) - features["b"])
    a, b = batch(3, 4), batch(3, 2)
    live = model({"a": a, "b": b})
    agrees(exported(model), {"output_0": live}, a=a, b=b)


def test_s24_dict_outputs_of_a_subclass(k, exported):
    model = subclass(k, lambda self, x: {"twice": self.dense(x) * 2.0, "once": self.dense(x)})
    rows = batch(3, 4)
    live = model(rows)
    agrees(exported(model), live, x=rows)


def test_s24_unbuilt_with_input_in_a_magic(notebook, tmp_path):
    notebook.run(
        "import keras\n"
        "class Late(keras.Model):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.dense = keras.layers.Dense(2)\n"
        "    def call(self, rows):\n"
        "        return self.dense(rows)\n"
        "late = Late()"
    )
    notebook.run("%savedmodel export late out", fails=True)
    notebook.run("%savedmodel export late out --input 'rows: float32[None, 4]'")
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    rows = batch(3, 4)
    answer = loaded.signatures["serving_default"](rows=tf.constant(rows))["output_0"]
    assert_allclose(answer, notebook.shell.user_ns["late"](rows), rtol=1e-6)


def autoencoder(k):
    x = k.Input((4,), name="x")
    encoder = k.Model(x, k.layers.Dense(2, name="code")(x), name="encoder")
    code = k.Input((2,), name="code_in")
    decoder = k.Model(code, k.layers.Dense(4, name="back")(code), name="decoder")
    return k.Model(x, decoder(encoder(x)), name="whole"), encoder, decoder


def test_s05_submodels_as_functions_that_share_weights(k, exported):
    whole, encoder, decoder = autoencoder(k)
    module = tf.Module()
    module.whole, module.encoder, module.decoder = whole, encoder, decoder
    four, two = tf.TensorSpec([None, 4], name="x"), tf.TensorSpec([None, 2], name="code")
    module.encode = tf.function(lambda x: {"code": encoder(x)}, input_signature=[four])
    module.decode = tf.function(lambda code: {"x": decoder(code)}, input_signature=[two])
    module.repeat = tf.function(lambda x: {"x": whole(x)}, input_signature=[four])
    out = exported(module, ["encode=encode", "decode=decode", "repeat=repeat"])
    rows = batch(3, 4)
    code = out.serve("encode", x=rows)["code"]
    assert_allclose(code, encoder(rows), rtol=1e-5)
    repeated = out.serve("repeat", x=rows)["x"]
    assert_allclose(out.serve("decode", code=code)["x"], repeated, rtol=1e-5)
    # Four arrays, each once: two kernels and two biases.
    assert sum(variable.bytes for variable in out.result.inspection.variables) == 4 * (
        8 + 2 + 8 + 4
    )


@pytest.mark.parametrize("part", ["encoder", "layer"])
def test_s20_a_part_of_a_model_is_exported_alone(part, k, exported):
    whole, encoder, _ = autoencoder(k)
    whole(batch(2, 4))
    obj = encoder if part == "encoder" else encoder.get_layer("code")
    out = exported(obj, inputs=None if part == "encoder" else "x: float32[None, 4]")
    rows = batch(3, 4)
    (name,) = out.names()[1]
    agrees(out, {name: encoder(rows)}, x=rows)


def test_s05_the_forward_pass_beside_a_function_of_ones_own(k, exported):
    class Served(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
        def best(self, x):
            return {"best": tf.argmax(self.dense(x), axis=-1)}

    model = Served()
    rows = batch(4, 3)
    live = model(rows)
    out = exported(model, ["scores=call", "best=best"])
    agrees(out, {"output_0": live}, "scores", x=rows)
    agrees(out, {"best": np.argmax(live, -1)}, "best", x=rows)


def test_s20_what_was_already_exported_is_trained_on_and_exported_again(k, exported):
    model = k.Sequential([k.Input((3,), name="x"), k.layers.Dense(1, name="y")])
    model.compile("sgd", "mse")
    rows = batch(4, 3)
    before = exported(model).serve(x=rows)["y"]
    model.fit(rows, np.ones((4, 1), "float32"), epochs=3, verbose=0)
    out = exported(model)
    agrees(out, {"y": model(rows)}, x=rows)
    assert np.abs(out.serve(x=rows)["y"] - before).max() > 1e-4
    assert sm_magics.check(model) == []
