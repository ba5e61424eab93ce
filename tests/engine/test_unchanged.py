"""What changes a graph is noticed; each change is made to a model, and the model is traced too."""

import contextlib
import re
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from sm_magics.savedmodel import unchanged
from sm_magics.savedmodel.signatures import keras_models

SCALE = 2.0
FACTORS = {"by": [1.0, 2.0]}
OFFSET = types.SimpleNamespace(value=1.0)


def helper(x, by=3.0):
    return x * by


def dense(units=3, **options):
    return keras.layers.Dense(units, **options)


def sequential(*layers):
    return keras.Sequential([keras.Input((4,)), *layers])


class Author(keras.layers.Layer):
    """What an author writes: its state and what it reads are the cases."""

    def __init__(self):
        super().__init__()
        self.factor = 2.0
        self.steps = [1, 2]
        self.options = {"scale": {"by": 2.0}}
        self.table = np.arange(4.0, dtype="float32")
        self.constant = tf.constant([1.0, 2.0, 3.0, 4.0])
        self.function = lambda x: x + 1.0

    @property
    def twice(self):
        return 2 * self.factor

    def shifted(self, x):
        return x + OFFSET.value

    def call(self, x):
        x = helper(x * self.twice * SCALE) * FACTORS["by"][0] + self.table + self.constant
        for step in self.steps:
            x = x + float(step)
        return self.function(self.shifted(x)) * self.options["scale"]["by"] * theirs.scale


theirs = types.ModuleType("theirs")
theirs.scale = 3.0


@pytest.fixture(autouse=True)
def put_back(monkeypatch):
    """Give each case globals and classes of its own to change."""
    monkeypatch.setitem(sys.modules, "theirs", theirs)
    monkeypatch.setattr(theirs, "scale", 3.0)
    monkeypatch.setattr(OFFSET, "value", 1.0)
    monkeypatch.setitem(FACTORS, "by", [1.0, 2.0])
    for name, value in {"SCALE": SCALE, "helper": helper}.items():
        monkeypatch.setitem(globals(), name, value)
    monkeypatch.setattr(helper, "__defaults__", (3.0,))
    monkeypatch.setattr(helper, "__code__", helper.__code__)
    for name in ("shifted", "call", "twice"):
        monkeypatch.setattr(Author, name, vars(Author)[name])
    policy = keras.config.dtype_policy()
    state = keras.config.epsilon(), tf.config.functions_run_eagerly()
    yield
    keras.config.set_dtype_policy(policy)
    keras.config.set_epsilon(state[0])
    tf.config.run_functions_eagerly(state[1])


def author():
    return sequential(Author())


def layer_rate():
    model = sequential(keras.layers.GaussianNoise(0.5), keras.layers.LeakyReLU(0.5))
    yield model
    model.layers[1].negative_slope = 0.3


def strides():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.MaxPooling2D(2)])
    yield model
    model.layers[0].strides = (1, 1)


def activation():
    model = sequential(dense(activation="relu"))
    yield model
    model.layers[0].activation = keras.activations.gelu


def list_element():
    model = author()
    yield model
    model.layers[0].steps[1] = 5


def list_grows():
    model = author()
    yield model
    model.layers[0].steps.append(1)


def int_to_bool():
    model = author()
    yield model
    model.layers[0].steps[0] = True


def nested_dict():
    model = author()
    yield model
    model.layers[0].options["scale"]["by"] = 4.0


def layer_replaced():
    model = sequential(dense(), keras.layers.ReLU())
    yield model
    model._functional = None
    model.layers.pop()
    model._layers[-1] = keras.layers.Softmax()
    model._maybe_rebuild()


def popped():
    model = sequential(dense(), keras.layers.ReLU())
    yield model
    model.pop()


def trainable():
    model = sequential(keras.layers.BatchNormalization())
    yield model
    model.layers[0].trainable = False


def constant_swapped():
    model = author()
    yield model
    model.layers[0].constant = tf.constant([1.0, 2.0, 3.0, 5.0])


def array_in_place():
    model = author()
    yield model
    model.layers[0].table[2] = 9.0


def closure():
    by = 2.0

    def call(x):
        return x * by

    model = sequential(keras.layers.Lambda(call))
    yield model
    by = 3.0


def global_number():
    model = author()
    yield model
    globals()["SCALE"] = 5.0


def global_element():
    model = author()
    yield model
    FACTORS["by"][0] = 5.0


def attribute_of_a_global():
    model = author()
    yield model
    OFFSET.value = 5.0


def function_redefined():
    model = author()
    yield model
    globals()["helper"] = lambda x, by=3.0: x - by


def default_argument():
    model = author()
    yield model
    helper.__defaults__ = (4.0,)


def code_swapped():
    model = author()
    yield model
    helper.__code__ = (lambda x, by=3.0: x - by).__code__


def method_patched():
    model = author()
    yield model
    Author.shifted = lambda _, x: x - 1.0


def call_patched():
    model = author()
    yield model
    Author.call = lambda _, x: x


def property_patched():
    model = author()
    yield model
    Author.twice = property(lambda self: 3 * self.factor)


def instance_patched():
    model = author()
    yield model
    model.layers[0].shifted = lambda x: x - 1.0


def function_attribute():
    model = author()
    yield model
    model.layers[0].function = lambda x: x + 2.0


def module_attribute():
    model = author()
    yield model
    theirs.scale = 5.0


def module_replaced():
    model = author()
    yield model
    other = types.ModuleType("theirs")
    other.scale = 7.0
    globals()["theirs"] = other


def library_patched():
    model = sequential(dense())
    yield model
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.layers.Dense, "call", lambda _, x, **_options: x)
        yield


def layer_policy():
    model = sequential(dense())
    yield model
    model.layers[0].dtype_policy = "mixed_float16"


def global_policy():
    model = sequential(dense())
    yield model
    keras.config.set_dtype_policy("mixed_float16")


def epsilon():
    model = sequential(dense())
    yield model
    keras.config.set_epsilon(1e-3)


def eagerly():
    model = sequential(dense())
    yield model
    tf.config.run_functions_eagerly(run_eagerly=True)


def rewired():
    first, second = keras.layers.ReLU(), keras.layers.Softmax()
    inputs = keras.Input((4,))
    model = keras.Model(inputs, second(first(inputs)))
    yield model
    other = keras.Model(inputs, first(second(inputs)))
    for name in ("_nodes_by_depth", "_operations_by_depth", "_outputs", "_outputs_struct"):
        vars(model)[name] = vars(other)[name]


def argument_of_a_node():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.ops.expand_dims(inputs, 1))
    yield model
    model.operations[-1].axis = 2


def variable_replaced():
    model = sequential(dense())
    yield model
    layer = model.layers[0]
    layer._tracker.unlock()
    layer.bias = keras.Variable(layer.bias.numpy() + 1.0)


def value_replaced():
    model = sequential(dense())
    yield model
    model.layers[0].bias._value = tf.Variable(tf.ones(3))


def class_redefined():
    class Mine(keras.layers.Layer):
        def call(self, x):
            return x + 1.0

    model = sequential(Mine())
    yield model

    class Mine(keras.layers.Layer):
        def call(self, x):
            return x + 2.0

    model.layers[0].__class__ = Mine


SAME_GRAPH = {  # noticed, although nothing of this model reads it
    global_policy,
    epsilon,
    int_to_bool,
    eagerly,
    trainable,
}
CASES = [
    case
    for name, case in list(globals().items())
    if isinstance(case, types.FunctionType) and case.__code__.co_flags & 0x20 and name != "put_back"
]


def traced(model):
    """Return a model's graph without the counters in its names, and what it captures."""
    concrete = keras_models.forward(model).concrete
    return re.sub(r"_\d+", "", str(concrete.function_def)), concrete.captured_inputs


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_change_is_noticed(case):
    with contextlib.closing(case()) as steps:
        model = next(steps)
        traced(model)
        before, (graph, captured) = unchanged.look(model), traced(model)
        assert before.reason == ""
        assert before == unchanged.look(model)
        next(steps, None)
        after = unchanged.look(model)
        assert after.reason == ""
        assert before != after
        assert before.difference(after)
        tf.config.run_functions_eagerly(run_eagerly=False)
        now, captures = traced(model)
        same = now == graph and list(map(id, captured)) == list(map(id, captures))
        assert same == (case in SAME_GRAPH)
