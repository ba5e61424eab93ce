"""What a walk below an object tells of the root: the same if nothing changed, and every change."""

from __future__ import annotations

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel import roots
from sm_magics.savedmodel.survey import Survey
from sm_magics.savedmodel.unchanged import Look

ROWS = tf.TensorSpec([None, 3], tf.float32, name="x")


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [keras.layers.Dense(3), keras.layers.Dense(3)]
        self.heads = {"a": keras.layers.Dense(1)}
        self.seeds = keras.random.SeedGenerator(7)
        self.sizes = [3, 3]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x)

    @tf.function
    def embed(self, x):
        return self.blocks[0](x)


class Holder(tf.Module):
    """Keras objects in and beside what TensorFlow wraps."""

    def __init__(self):
        super().__init__()
        self.net = Net()
        self.net(np.ones((1, 3), "float32"))
        self.unbuilt = Net()
        self.weight = tf.Variable(tf.ones([3]))
        self.parts = [tf.Variable(1.0), {"b": tf.Variable(2.0)}]
        self.serve_all = tf.function(lambda x: x, input_signature=[ROWS])
        self.held = {"half": tf.function(lambda x: x * self.weight / 2)}

    @tf.function(input_signature=[ROWS])
    def serve(self, x):
        return {"y": self.net(x) * self.weight}

    @tf.function
    def train(self, x):
        self.optimizer.apply_gradients([(self.weight * 1.0, self.weight)])
        return x


def a_child_by_another_name(holder):
    weight = holder.weight
    del holder.weight
    holder.mass = weight


def a_function_by_another_name(holder):
    function = holder.serve_all
    del holder.serve_all
    holder.serve_each = function


def with_an_optimizer(holder):
    holder.optimizer = keras.optimizers.Adam()
    holder.optimizer.build([holder.weight])


def another_variable(holder):
    holder.extra = tf.Variable(1.0)


def one_in_place_of_another(holder):
    holder.weight = tf.Variable(tf.ones([3]))


def a_longer_list(holder):
    holder.parts.append(tf.Variable(3.0))


def a_longer_list_of_layers(holder):
    holder.unbuilt.blocks.append(keras.layers.Dense(3))


def another_layer_in_a_dict(holder):
    holder.unbuilt.heads["b"] = keras.layers.Dense(1)


def another_value_in_a_keras_variable(holder):
    kernel = holder.net.blocks[0].kernel
    kernel._value = tf.Variable(tf.zeros([3, 3]))


def another_function(holder):
    holder.other = tf.function(lambda x: x, input_signature=[ROWS])


def another_trace(holder):
    holder.net.embed(tf.ones([2, 2, 3]))


def another_trace_of_one_in_a_dict(holder):
    holder.held["half"](tf.ones([2, 3]))


def the_same_under_another_name(holder):
    holder.again = holder.net


def a_function_that_trains(holder):
    with_an_optimizer(holder)
    holder.train(tf.ones([1, 3]))


CHANGES = [
    a_child_by_another_name,
    a_function_by_another_name,
    another_variable,
    one_in_place_of_another,
    a_longer_list,
    a_longer_list_of_layers,
    another_layer_in_a_dict,
    another_value_in_a_keras_variable,
    another_function,
    another_trace,
    another_trace_of_one_in_a_dict,
    the_same_under_another_name,
    with_an_optimizer,
    a_function_that_trains,
]


def facts(holder):
    found = Survey(holder).facts()
    assert found
    return found


def test_a_second_walk_tells_the_same():
    holder = Holder()
    before = facts(holder)
    assert facts(holder) == before
    for variable in holder.net.variables:
        variable.assign(variable * 2)
    assert facts(holder) == before
    assert facts(Holder()) != before


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_told(change):
    holder = Holder()
    before = facts(holder)
    change(holder)
    assert facts(holder) != before


def test_an_optimizer_that_is_kept_is_walked_and_one_that_is_not_is_told():
    holder = Holder()
    with_an_optimizer(holder)
    left_out, kept = Survey(holder), Survey(holder, with_optimizer=True)
    assert (left_out.left_out, left_out.optimizers) == ((holder.optimizer,), ())
    assert (kept.left_out, kept.optimizers) == ((), (holder.optimizer,))
    assert kept.facts() != left_out.facts()
    before = kept.facts()
    with_an_optimizer(holder)
    assert Survey(holder, with_optimizer=True).facts() != before


def test_an_optimizer_that_a_trace_of_the_model_reads_is_told():
    optimizer = keras.optimizers.Adam()
    net = Net()
    net(np.ones((1, 3), "float32"))
    optimizer.build(net.trainable_variables)
    net.rate = tf.function(lambda x: x * optimizer.learning_rate.value, input_signature=[ROWS])
    net.rate.get_concrete_function()
    before = facts(net)
    net.optimizer = optimizer
    assert facts(net) != before, "what trains with it is left out from now on"


def test_what_nothing_can_refer_to_weakly_is_never_told_to_be_the_same(tmp_path):
    class Pair(tuple, tf.__internal__.tracking.AutoTrackable):  # noqa: SLOT001, an author's
        pass

    holder = Holder()
    holder.pair = Pair((1, 2))
    assert Survey(holder).facts() is None
    told = [sm_magics.export(holder, tmp_path / name, "serve").reused for name in "ab"]
    assert told == [False, False]


def test_another_name_that_no_look_at_python_tells_is_written(tmp_path):
    module = tf.Module()
    module.weight = tf.Variable(2.0)
    module.serve = tf.function(lambda x: x * module.weight, input_signature=[ROWS])
    sm_magics.export(module, tmp_path / "1")
    module._track_trackable(module.weight, "alias")
    again = sm_magics.export(module, tmp_path / "2")
    assert tf.saved_model.load(str(again.path)).alias.numpy() == 2.0
    assert sm_magics.export(module, tmp_path / "3").reused


def test_what_is_told_keeps_nothing_alive():
    holder = Holder()
    told, ref = facts(holder), weakref.ref(holder.net.blocks[0])
    del holder
    gc.collect()
    assert told
    assert ref() is None


@pytest.fixture
def made(monkeypatch):
    """The surveys that roots were made of."""
    found, of = [], roots.of
    monkeypatch.setattr(roots, "of", lambda survey: found.append(survey) or of(survey))
    return found


def test_a_root_is_made_anew_only_where_something_changed(made, tmp_path):
    holder = Holder()
    first = sm_magics.export(holder, tmp_path / "1", "serve")
    assert (len(made), first.reused) == (1, False)
    holder.weight.assign([1.0, 2.0, 3.0])
    second = sm_magics.export(holder, tmp_path / "2", "serve")
    assert (len(made), second.reused) == (1, True)
    assert tf.saved_model.load(str(second.path)).weight.numpy().tolist() == [1.0, 2.0, 3.0]
    another_variable(holder)
    third = sm_magics.export(holder, tmp_path / "3", "serve")
    assert (len(made), third.reused) == (2, False)
    assert len(third.inspection.variables) == len(first.inspection.variables) + 1


def test_what_no_look_at_python_tells_is_told_by_the_walk(tmp_path, monkeypatch):
    monkeypatch.setattr(Look, "__eq__", lambda *_: True)
    holder = Holder()
    sm_magics.export(holder, tmp_path / "1", "serve")
    another_variable(holder)
    again = sm_magics.export(holder, tmp_path / "2", "serve")
    assert not again.reused
    assert "extra" in {variable.name for variable in again.inspection.variables}


def test_tensorflow_s_writer_gets_a_root_of_its_own(made, tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    writers = ["fast", "fast", "tensorflow", "fast"]
    told = [
        sm_magics.export(model, tmp_path / str(number), writer=writer)
        for number, writer in enumerate(writers)
    ]
    assert [(one.writer, one.reused) for one in told] == [
        ("fast", False),
        ("fast", True),
        ("tensorflow", False),
        ("fast", True),
    ]
    assert len(made) == 2


def test_the_optimizer_of_today_is_what_is_told_of(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    plain = sm_magics.export(model, tmp_path / "1")
    assert plain.left_out == 0
    model.optimizer = keras.optimizers.Adam()
    model.optimizer.build(model.trainable_variables)
    for number in (2, 3):
        again = sm_magics.export(model, tmp_path / str(number))
        assert (again.reused, again.left_out > 2 * 32) == (True, True)
        assert len(again.inspection.variables) == 2
    kept = sm_magics.export(model, tmp_path / "4", with_optimizer=True)
    assert not kept.reused
    assert len(kept.inspection.variables) > 2
    assert kept.left_out == 0
