"""An export after more training: only the values are written anew, and every change is noticed."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel import reuse
from sm_magics.savedmodel.signatures import choice

ROWS = np.linspace(-1.0, 1.0, 12, dtype="float32").reshape(3, 4)
factor = 2.0


class Scaled(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.rate = 1.5
        self.table = np.array([1.0, 2.0, 3.0, 4.0], "float32")
        self.offset = tf.constant([0.5] * 4)

    def call(self, x):
        return x * self.rate * self.table * factor + self.offset


def network():
    inputs = keras.Input((4,), name="rows")
    x = Scaled()(inputs)
    x = keras.layers.Dense(4, activation="silu", name="first")(x)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(inputs, keras.layers.Dense(2, name="scores")(x))


class Module(tf.Module):
    def __init__(self):
        super().__init__()
        self.weight = tf.Variable([1.0, 2.0, 3.0, 4.0])
        self.offset = tf.constant(1.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], name="rows")])
    def serve(self, rows):
        return {"sum": rows * self.weight + self.offset}

    @tf.function
    def other(self, x):
        return x + self.offset


@pytest.fixture
def export(tmp_path):
    """Export; check that the export computes what the object does, and return the result."""

    def exported(obj, expected=None, **keywords):
        result = sm_magics.export(obj, tmp_path / "out", overwrite=True, **keywords)
        loaded = tf.saved_model.load(str(result.path))
        (answer,) = loaded.signatures["serving_default"](tf.constant(ROWS)).values()
        expected = obj(ROWS) if expected is None else expected
        # Sums of numbers about 1 that nearly cancel are as near to each other as their parts.
        np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-6)
        return result

    return exported


def test_after_more_training_only_the_values_are_new(export):
    model = network()
    model.compile("adam", "mse")
    first = export(model)
    assert (first.writer, first.reused) == ("fast", False)
    before = model(ROWS)
    model.fit(ROWS, np.ones((3, 2)), epochs=2, verbose=0)
    second = export(model)
    assert second.reused
    assert np.abs(model(ROWS) - before).max() > 1e-4
    assert second.verification.signatures[0].status == "equal"
    assert "with the graph of the last export, which has not changed" in str(second)
    assert "graph of the last export" not in str(first)
    assert second.signatures == first.signatures
    assert second.left_out > 0, "the optimizer was made by the fit"


def test_gradients_are_those_of_the_values_of_today(export):
    model = network()
    export(model)
    model.layers[-1].kernel.assign(tf.ones([4, 2]))
    loaded = tf.saved_model.load(str(export(model).path))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(loaded.serve(tf.constant(ROWS))["scores"] ** 2)
    found = tape.gradient(loss, loaded.trainable_variables)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(ROWS, training=False) ** 2)
    expected = tape.gradient(loss, model.trainable_variables)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def another_rate(model):
    model.layers[1].rate = 3.0


def a_global(_):
    global factor  # noqa: PLW0603, that is what is tried
    factor = 5.0


def an_array_in_place(model):
    model.layers[1].table[2] = 9.0


def another_constant(model):
    model.layers[1].offset = tf.constant([7.0] * 4)


def another_activation(model):
    model.get_layer("first").activation = keras.activations.relu


def another_body(model):
    model.layers[1].call = lambda x: x - 1.0


def frozen(model):
    model.get_layer("first").trainable = False


@pytest.mark.parametrize(
    "change",
    [
        another_rate,
        a_global,
        an_array_in_place,
        another_constant,
        another_activation,
        another_body,
        frozen,
    ],
    ids=lambda change: change.__name__,
)
def test_what_changed_between_two_exports_is_noticed(export, change):
    global factor  # noqa: PLW0603
    model = network()
    export(model)
    try:
        change(model)
        # No run, which would find it too, and make the graph anew.
        second = export(model, model(ROWS, training=False), verify="structural")
        assert not second.reused
        assert export(model, model(ROWS, training=False)).reused
    finally:
        factor = 2.0


def test_another_variable_is_noticed(export):
    module = Module()
    export(module, module.serve(ROWS)["sum"])
    module.weight = tf.Variable([5.0] * 4)
    # The trace reads the old one: TensorFlow can't save that, and neither can we.
    with pytest.raises(sm_magics.ExportError, match="SM103"):
        export(module)


def test_another_trace_is_written_too(export):
    module = Module()
    assert not export(module, module.serve(ROWS)["sum"]).reused
    assert export(module, module.serve(ROWS)["sum"]).reused
    module.other(tf.constant([1.0, 2.0]))
    third = export(module, module.serve(ROWS)["sum"])
    assert not third.reused
    loaded = tf.saved_model.load(str(third.path))
    np.testing.assert_array_equal(loaded.other(tf.constant([1.0, 2.0])), [2.0, 3.0])


def test_another_thing_that_is_held_is_written_too(export):
    module = Module()
    export(module, module.serve(ROWS)["sum"])
    module.more = tf.Variable(3.0)
    second = export(module, module.serve(ROWS)["sum"])
    assert not second.reused
    assert tf.saved_model.load(str(second.path)).more.numpy() == 3.0


@pytest.mark.parametrize(
    "asked",
    [
        {"signatures": "serve"},
        {"options": {"extra_tags": ["gpu"]}},
        {"options": {"experimental_custom_gradients": False}},
        {"target": "cpu"},
        {"consumer": "2.16"},
        {"inputs": "rows: float32[None, 4]"},
    ],
    ids=lambda asked: str(next(iter(asked))),
)
def test_something_else_that_is_asked_for_is_done(export, asked):
    module = Module()
    export(module, module.serve(ROWS)["sum"])
    assert not export(module, module.serve(ROWS)["sum"], **asked).reused
    assert export(module, module.serve(ROWS)["sum"], **asked).reused


def test_a_fix_is_made_in_what_is_used_again(export):
    class Pinned(tf.Module):
        def __init__(self):
            super().__init__()
            self.weight = tf.Variable([1.0, 2.0, 3.0, 4.0])

        @tf.function(input_signature=[tf.TensorSpec([None, 4], name="rows")])
        def serve(self, rows):
            with tf.device("/CPU:0"):
                return {"sum": rows * self.weight}

    module = Pinned()
    fixed = []
    for value in (1.0, 2.0):
        module.weight.assign([value] * 4)
        fixed.append(export(module, ROWS * value, fix="devices"))
    assert [one.reused for one in fixed] == [False, True]
    assert fixed[0].fixed == fixed[1].fixed != ()


def test_tensorflow_s_writer_uses_the_trace_again_but_no_file(export):
    model = network()
    export(model)
    second = export(model, writer="tensorflow")
    assert (second.writer, second.reused) == ("tensorflow", False)


def test_what_is_kept_goes_with_the_object(export):
    model = network()
    export(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_what_is_kept_is_neither_copied_nor_pickled(export):
    module = Module()
    export(module, module.serve(ROWS)["sum"])
    holder = vars(module)[reuse.OURS]
    assert holder.memory is not None
    assert copy.copy(holder).memory is None
    assert copy.deepcopy(holder).memory is None
    assert pickle.loads(pickle.dumps(holder)).memory is None
    assert module.submodules == ()
    reuse.forget(module)
    assert reuse.OURS not in vars(module)
    assert not export(module, module.serve(ROWS)["sum"]).reused


def test_what_a_check_traced_is_exported(export, monkeypatch):
    traced = []
    choose = choice.choose
    monkeypatch.setattr(choice, "choose", lambda *a, **k: traced.append(1) or choose(*a, **k))
    model = network()
    assert sm_magics.check(model) == []
    assert not export(model).reused, "the graph had not been written"
    assert export(model).reused
    assert traced == [1]


class Attributes(keras.layers.Layer):
    """Reads what hangs on a variable or tensor, a file, or a value while it is traced."""

    def __init__(self, reads, path=None):
        super().__init__()
        self.held = tf.Variable(1.0)
        self.held.scale = 2.0
        self.tensor = tf.constant(1.0)
        self.tensor.scale = 2.0
        self.place, self.reads = path, reads

    def call(self, x):
        return x * self.reads(self)


def of_variable(layer):
    return layer.held.scale


def of_tensor(layer):
    return layer.tensor.scale


def of_file(layer):
    return float(layer.place.read_text())


def of_value(layer):
    with tf.init_scope():
        return float(layer.held.numpy())


@pytest.mark.parametrize("reads", [of_variable, of_tensor, of_file, of_value])
def test_what_no_look_can_follow_is_traced_again(export, tmp_path, reads):
    path = tmp_path / "scale.txt"
    path.write_text("2.0", encoding="utf-8")
    layer = Attributes(reads, path)
    model = keras.Sequential([keras.Input((4,), name="rows"), layer])
    assert not export(model, ROWS * reads(layer)).reused
    layer.held.scale = layer.tensor.scale = 5.0
    layer.held.assign(5.0)
    path.write_text("5.0", encoding="utf-8")
    assert not export(model, ROWS * 5.0, verify="structural").reused


def test_what_a_look_missed_is_found_by_the_run_and_traced_again(export, monkeypatch):
    model = network()
    export(model)
    monkeypatch.setattr(
        reuse, "last", lambda request, _: vars(request.obj).get(reuse.OURS, reuse._Holder()).memory
    )
    model.layers[1].rate = 9.0
    second = export(model)
    assert not second.reused
    assert second.verification.signatures[0].status == "equal"


def test_a_model_that_was_built_by_its_training_is_written_fast(export):
    class Built(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Built()
    model.compile("adam", "mse")
    for reused in (False, True):
        model.fit(ROWS, np.ones((3, 2)), verbose=0)
        result = export(model)
        assert (result.writer, result.left_to_tensorflow) == ("fast", "")
        assert result.reused == reused
    with_optimizer = export(model, with_optimizer=True)
    assert with_optimizer.writer == "fast"
    names = [
        name
        for name, _ in tf.train.list_variables(str(with_optimizer.path / "variables/variables"))
    ]
    assert any(name.startswith("optimizer/") for name in names)


def test_tensorflow_s_writer_in_between_forgets_nothing(export):
    model = network()
    told = [export(model, writer=one) for one in ("fast", "tensorflow", "fast")]
    assert [one.reused for one in told] == [False, False, True]


def test_a_finding_of_the_graph_is_told_each_time(export):
    class Pinned(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 4], name="rows")])
        def serve(self, rows):
            with tf.device("/GPU:0"):
                return rows * 2.0

    module = Pinned()
    told = [export(module, ROWS * 2.0).findings for _ in range(3)]
    assert [one.code for one in told[0]] == ["SM301"]
    assert told[0] == told[1] == told[2]
