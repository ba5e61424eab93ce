"""Capture: what is found, how it is called, how big it is; and that nothing is run for it."""

import gc
import subprocess
import sys
from collections import OrderedDict, defaultdict, namedtuple
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
import wrapt

from sm_magics.savedmodel.capture import Kind, contains, describe, find, kind_of


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [keras.layers.Dense(2), keras.layers.Dropout(0.5)]
        self.heads = {"a": keras.layers.Dense(1)}
        self.norm = keras.layers.BatchNormalization()

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](self.norm(x))

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def serve(self, x):
        return self(x)


class OldNet(tf_keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [tf_keras.layers.Dense(2), tf_keras.layers.Dropout(0.5)]
        self.heads = {"a": tf_keras.layers.Dense(1)}
        self.mean = tf_keras.metrics.Mean()

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x)

    @tf.function
    def serve(self, x):
        return self(x)


class Adder(tf.Module):
    def __init__(self):
        super().__init__()
        self.v = tf.Variable([1.0, 2.0])

    @tf.function(input_signature=[tf.TensorSpec([2])])
    def add(self, x):
        return x + self.v

    @tf.function
    def __call__(self, x):
        return x

    @staticmethod
    @tf.function
    def double(x):
        return 2 * x

    def plain(self, x):
        return x

    @property
    def boom(self):
        raise AssertionError("a property was run")


class QuietAdder(Adder):
    add = None


def functional(k, name=None):
    inputs = k.Input((3,))
    return k.Model(inputs, k.layers.Dense(2)(inputs), name=name)


def built(model, width=3):
    model(tf.ones((1, width)))
    return model


def trained(model):
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    return model


def lstm(k):
    return k.Sequential([k.Input((4, 3)), k.layers.LSTM(5), k.layers.Dropout(0.1)])


class Nested(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = [keras.layers.Dense(3), keras.layers.BatchNormalization()]
        self.scale = self.add_weight(shape=(3,), dtype="float16", initializer="ones")

    def call(self, x):
        for layer in self.inner:
            x = layer(x)
        return x * tf.cast(self.scale, x.dtype)


class OldMeasured(tf_keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = tf_keras.layers.Dense(3)
        self.mean = tf_keras.metrics.Mean()

    def call(self, x):
        return self.inner(x)


KERAS_MODELS = {
    "functional": lambda: functional(keras),
    "trained": lambda: trained(functional(keras)),
    "sequential": lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]),
    "lstm": lambda: lstm(keras),
    "stacked": lambda: built(
        keras.Sequential(
            [
                keras.layers.Reshape((3, 1)),
                keras.layers.Bidirectional(keras.layers.GRU(2, dropout=0.2)),
                keras.layers.Dense(1, dtype="bfloat16"),
            ]
        )
    ),
    "subclassed": lambda: built(Net()),
    "unbuilt": lambda: keras.Sequential([keras.layers.Dense(2)]),
    "layer": lambda: built(Nested()),
    "model in a model": lambda: built(keras.Sequential([functional(keras)])),
    "old functional": lambda: functional(tf_keras),
    "old trained": lambda: trained(functional(tf_keras)),
    "old sequential": lambda: tf_keras.Sequential(
        [tf_keras.layers.Dense(2, input_shape=(3,)), tf_keras.layers.BatchNormalization()]
    ),
    "old lstm": lambda: lstm(tf_keras),
    "old subclassed": lambda: built(OldNet()),
    "old layer with a metric": lambda: built(OldMeasured()),
    "old float16": lambda: built(
        tf_keras.Sequential([tf_keras.layers.Dense(2, dtype="mixed_float16")])
    ),
}


def size(variable):
    return int(np.prod(variable.shape)) * tf.as_dtype(variable.dtype).size


@pytest.mark.parametrize("name", KERAS_MODELS)
def test_variables_and_bytes_are_those_of_keras(name):
    model = KERAS_MODELS[name]()
    found = describe(model)
    assert found.variables == len(model.variables)
    assert found.bytes == sum(map(size, model.variables))
    assert found.built is model.built
    assert (found.variables > 0) == (name != "unbuilt")


def test_an_unbuilt_old_model_has_no_variables_and_raises_nothing():
    model = tf_keras.Sequential([tf_keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="Weights"):
        _ = model.variables
    assert (describe(model).built, describe(model).variables) == (False, 0)


def test_a_module_has_the_variables_that_tensorflow_tracks():
    module = Adder()
    module.children = [Adder(), {"deep": (Adder(),)}]
    module.again = module.v
    module.me = module
    module.half = tf.Variable(tf.zeros([4], tf.float16))
    module.words = tf.Variable(["a", "bc"])
    module.any_shape = tf.Variable([1.0], shape=tf.TensorShape(None))
    found = describe(module)
    assert found.variables == len(module.variables) == 6
    # Strings and unknown shapes have no size before they have values.
    assert found.bytes == 3 * 8 + 4 * 2
    assert found.built is None


def test_a_module_counts_its_keras_layers_once_and_no_optimizer():
    module = tf.Module()
    module.model = trained(functional(keras))
    module.raw = [variable.value for variable in module.model.variables]
    module.optimizer = module.model.optimizer
    assert describe(module).variables == len(module.model.variables) == 2
    assert describe(module).bytes == (3 * 2 + 2) * 4


def test_a_checkpoint_and_a_distributed_variable():
    with tf.distribute.MirroredStrategy(["cpu:0"]).scope():
        mirrored = tf.Variable([1.0, 2.0, 3.0])
    checkpoint = tf.train.Checkpoint(model=Adder(), mirrored=mirrored)
    found = describe(checkpoint)
    assert (found.kind, found.variables, found.bytes) == ("checkpoint", 2, 8 + 12)


def test_a_loaded_model(tmp_path):
    module = Adder()
    module.sub = Adder()
    module(tf.ones(2))
    tf.saved_model.save(module, tmp_path, signatures={"first": module.add})
    loaded = tf.saved_model.load(tmp_path)
    found = describe(loaded)
    assert (found.kind, found.framework) == ("loaded", "TensorFlow")
    assert (found.variables, found.bytes) == (2, 16)
    assert {"add", "__call__", "sub.add", "signatures['first']"} <= set(found.functions)
    assert_evaluable(loaded, found)


KINDS = {
    "functional": (lambda: functional(keras), Kind("functional", "Keras 3")),
    "sequential": (keras.Sequential, Kind("sequential", "Keras 3")),
    "subclassed": (Net, Kind("subclassed", "Keras 3")),
    "layer": (lambda: keras.layers.Dense(1), Kind("layer", "Keras 3")),
    "input layer": (lambda: keras.layers.InputLayer((1,)), Kind("layer", "Keras 3")),
    "old functional": (lambda: functional(tf_keras), Kind("functional", "Keras 2")),
    "old sequential": (tf_keras.Sequential, Kind("sequential", "Keras 2")),
    "old subclassed": (OldNet, Kind("subclassed", "Keras 2")),
    "old layer": (lambda: tf_keras.layers.Dense(1), Kind("layer", "Keras 2")),
    "module": (Adder, Kind("module", "TensorFlow")),
    "checkpoint": (tf.train.Checkpoint, Kind("checkpoint", "TensorFlow")),
    "function": (lambda: tf.function(abs), Kind("function", "TensorFlow")),
    "concrete function": (
        lambda: tf.function(abs).get_concrete_function(1.0),
        Kind("function", "TensorFlow"),
    ),
    "bound function": (lambda: Adder().add, Kind("function", "TensorFlow")),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds(name):
    make, kind = KINDS[name]
    assert kind_of(make()) == kind


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_a_subclass_that_becomes_functional(k):
    class Late(k.Model):
        pass

    inputs = k.Input((3,))
    assert kind_of(Late()) == Kind("subclassed", "Keras 3" if k is keras else "Keras 2")
    assert kind_of(Late(inputs, k.layers.Dense(1)(inputs))).name == "functional"


NO_MODELS = {
    "optimizer": keras.optimizers.Adam,
    "old optimizer": tf_keras.optimizers.Adam,
    "legacy optimizer": tf_keras.optimizers.legacy.Adam,
    "metric": keras.metrics.Mean,
    "old metric": tf_keras.metrics.Mean,
    "loss": keras.losses.MeanSquaredError,
    "variable": lambda: tf.Variable(1.0),
    "keras variable": lambda: keras.Variable(1.0),
    "dataset": lambda: tf.data.Dataset.range(3),
    "table": lambda: tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0),
    "class": lambda: Net,
    "lambda": lambda: lambda x: x,
    "method": lambda: Adder().plain,
    "None": lambda: None,
    "symbolic tensor": lambda: keras.Input((3,)),
    "module": lambda: keras,
}


@pytest.mark.parametrize("name", NO_MODELS)
def test_what_is_no_model(name):
    obj = NO_MODELS[name]()
    assert kind_of(obj) is None
    assert find({"x": obj, "xs": [obj]}) == []
    with pytest.raises(TypeError, match="m is no model"):
        describe(obj, ("m",))


def assert_evaluable(model, found):
    for path in found.functions:
        assert kind_of(eval(f"model.{path}", {"model": model})).name == "function", path


def test_functions_of_modules():
    module = Adder()
    module.encoder = Adder()
    module.items_ = [Adder(), {"k": QuietAdder()}]
    module.own = tf.function(lambda x: x)
    module.loose = [tf.function(abs)]
    module._hidden = Adder()
    module.loop = module
    found = describe(module)
    assert found.functions[:4] == ("add", "__call__", "double", "own")
    assert set(found.functions[4:]) == {
        *(
            f"{part}.{f}"
            for part in ("encoder", "items_[0]")
            for f in ("add", "__call__", "double")
        ),
        "items_[1]['k'].__call__",
        "items_[1]['k'].double",
        "loose[0]",
        *(f"_hidden.{f}" for f in ("add", "__call__", "double")),
    }
    assert_evaluable(module, found)


def test_instance_attributes_hide_the_functions_of_the_class():
    module = Adder()
    module.double = None
    module.add = tf.function(abs)
    assert describe(module).functions == ("__call__", "add")


class Served(keras.layers.Layer):
    def call(self, x):
        return x

    @tf.function
    def serve(self, x):
        return x


class OldServed(tf_keras.layers.Layer):
    def call(self, x):
        return x

    @tf.function
    def serve(self, x):
        return x


@pytest.mark.parametrize(("k", "layer"), [(keras, Served), (tf_keras, OldServed)])
def test_functions_of_layers_without_those_of_keras(k, layer):
    inputs = k.Input((3,))
    model = trained(k.Model(inputs, k.layers.Dense(2)(layer()(inputs))))
    model.mine = tf.function(abs)
    sequential = k.Sequential([k.Input((3,)), k.layers.Dense(2), layer()])
    late = k.Sequential([k.layers.Dense(2), layer()])
    assert describe(model).functions == ("mine", "layers[1].serve")
    for one in (sequential, late):
        assert describe(one).functions == ("layers[1].serve",)
        assert_evaluable(one, describe(one))
    assert_evaluable(model, describe(model))


@pytest.mark.parametrize("net", [Net, OldNet])
def test_functions_of_subclassed_models(net):
    model = net()
    model.part = net()
    model.parts = [net()]
    assert describe(model).functions == ("serve", "part.serve", "parts[0].serve")
    assert_evaluable(model, describe(model))


def test_a_function_has_neither_functions_nor_variables():
    found = describe(Adder().add)
    assert (found.functions, found.variables, found.built) == ((), 0, None)


Pair = namedtuple("Pair", "left right")  # noqa: PYI024, a plain namedtuple is the case


def test_names_merge_aliases_and_evaluate():
    a, b = Adder(), Adder()
    namespace = {
        "n": 3,
        "alias_of_a": a,
        "models": {"x": a, ("t", 1): b, 2: [b, {"deep": a}]},
        "ordered": OrderedDict(y=b),
        "lazy": defaultdict(list, z=[a]),
        "pair": Pair(a, 1),
        "trainer": SimpleNamespace(model=b, steps=[a], _private=a),
        "a": a,
    }
    found = find(namespace)
    assert [obj for _, obj in found] == [a, b]
    assert found[0][0].names == (
        "a",
        "pair[0]",
        "alias_of_a",
        "models['x']",
        "lazy['z'][0]",
        "models[2][1]['deep']",
    )
    assert set(found[1][0].names) == {
        "models[('t', 1)]",
        "models[2][0]",
        "ordered['y']",
        "trainer.model",
    }
    for model, obj in found:
        assert model.name == min(model.names, key=len)
        assert model.ref() is obj
        assert all(eval(name, dict(namespace)) is obj for name in model.names)
    assert find(namespace) == found


def test_the_containers_that_tensorflow_makes():
    module = tf.Module()
    module.lst, module.dct, module.tup = [Adder()], {"k": Adder()}, (Adder(),)
    namespace = {"lst": module.lst, "dct": module.dct, "tup": module.tup}
    assert [model.names for model, _ in find(namespace)] == [
        ("lst[0]",),
        ("dct['k']",),
        ("tup[0]",),
    ]


def test_what_is_left_out():
    a = Adder()
    loop = [a]
    loop.append(loop)
    namespace = {
        "_": a,
        "_model": a,
        "In": [a],
        "Out": {1: a},
        "exit": a,
        "not a name": a,
        "class": a,
        7: a,
        "too_deep": [[[[a]]]],
        "a_set": {a},
        "by_object": {object(): a},
        "far": [*range(100), a],
        "loop": loop,
    }
    assert [model.names for model, _ in find(namespace)] == [("loop[0]",)]


def test_the_budget_of_one_name():
    a = Adder()
    within = [[*range(90)] for _ in range(9)] + [[a]]
    beyond = [[*range(100)] for _ in range(10)] + [[a]]
    assert [m.names for m, _ in find({"within": within, "beyond": beyond})] == [("within[9][0]",)]


class Recorder:
    """Whatever is done to it is an offence."""

    def __init__(self, seen):
        object.__setattr__(self, "seen", seen)

    def __getattribute__(self, name):
        object.__getattribute__(self, "seen").append(name)
        raise RuntimeError(name)

    def __getattr__(self, name):
        object.__getattribute__(self, "seen").append(name)
        raise RuntimeError(name)

    @property
    def __class__(self):
        object.__getattribute__(self, "seen").append("__class__")
        return Adder

    @property
    def __dict__(self):
        object.__getattribute__(self, "seen").append("__dict__")
        return {"model": Adder()}

    def __eq__(self, other):
        object.__getattribute__(self, "seen").append("__eq__")
        raise RuntimeError

    def __hash__(self):
        object.__getattribute__(self, "seen").append("__hash__")
        raise RuntimeError

    def __len__(self):
        object.__getattribute__(self, "seen").append("__len__")
        raise RuntimeError

    __iter__ = __bool__ = __repr__ = __getitem__ = __len__


class Meta(type):
    calls = []  # noqa: RUF012, shared on purpose

    def __getattribute__(cls, name):
        Meta.calls.append(name)
        return super().__getattribute__(name)

    def __hash__(cls):
        Meta.calls.append("__hash__")
        return 1

    def __eq__(cls, other):
        Meta.calls.append("__eq__")
        return cls is other

    def __instancecheck__(cls, instance):
        Meta.calls.append("__instancecheck__")
        return True


class Strange(metaclass=Meta):
    pass


class StrangeList(list, metaclass=Meta):
    pass


class HostileList(list):
    def __iter__(self):
        raise AssertionError("__iter__ was run")

    def __len__(self):
        raise AssertionError("__len__ was run")


class HostileDict(dict):
    def items(self):
        raise AssertionError("items was run")

    def __getitem__(self, key):
        raise AssertionError("__getitem__ was run")


class HostileItems(dict):
    def items(self):
        raise AssertionError("items was run")

    __iter__ = __len__ = keys = values = items


class Hook:
    """A class attribute that records being touched."""

    calls = []  # noqa: RUF012, shared on purpose

    def __get__(self, instance, owner):
        self.calls.append("__get__")
        return self

    def __eq__(self, other):
        self.calls.append("__eq__")
        return True

    __hash__ = None


class HookedModule(tf.Module):
    __getitem__ = Hook()
    hook = Hook()


def test_hostile_objects_are_neither_run_nor_found():
    seen = []
    strange, strange_list, hooked = Strange(), StrangeList([1]), HookedModule()
    Meta.calls.clear()
    Hook.calls.clear()
    a = Adder()
    namespace = {
        "recorder": Recorder(seen),
        "recorders": [Recorder(seen), {"k": Recorder(seen)}],
        "strange": strange,
        "strange_class": Strange,
        "strange_list": strange_list,
        "stranges": (strange, Strange),
        "proxy": wrapt.ObjectProxy(a),
        "holding_proxy": wrapt.ObjectProxy(SimpleNamespace(model=a)),
        "uninitialised": wrapt.ObjectProxy.__new__(wrapt.ObjectProxy),
        "proxies": [wrapt.ObjectProxy(keras.Sequential())],
        "list": HostileList([a]),
        "dict": HostileDict(k=a),
        "items": HostileItems(k=a),
        "hooked": hooked,
    }
    found = find(namespace)
    assert seen == []
    assert Meta.calls == []
    assert Hook.calls == []
    # The list's own items are reached by `list[0]`; the first dict's are not, by its own saying.
    assert [model.names for model, _ in found] == [("list[0]", "items['k']"), ("hooked",)]


def test_a_model_with_hostile_members_is_described_without_running_them():
    seen = []

    class Trap(tf.Module):
        def __getattr__(self, name):
            seen.append(name)
            raise AttributeError(name)

        @property
        def trap(self):
            seen.append("trap")

        @tf.function
        def serve(self, x):
            seen.append("traced")
            return x

    module = Trap()
    object.__setattr__(module, "recorder", Recorder(seen))
    object.__setattr__(module, "recorders", [Recorder(seen)])
    seen.clear()
    found = describe(module)
    assert (found.functions, found.variables, seen) == (("serve",), 0, [])


def test_contains():
    outer, other = Net(), Adder()
    encoder = outer.blocks[0]
    module = tf.Module()
    module.deep = [{"net": outer}]
    module.loop = module
    serve = tf.function(abs)
    module.serve = serve
    plain = SimpleNamespace(model=other)
    object.__setattr__(module, "plain", plain)
    assert contains(outer, encoder)
    assert contains(module, encoder)
    assert contains(module, outer)
    assert contains(module, serve)
    assert not contains(encoder, outer)
    assert not contains(outer, module)
    assert not contains(module, other)
    assert not contains(module, module)
    for k in (keras, tf_keras):
        inner = functional(k)
        stack = k.Sequential([inner, k.layers.Dense(1)])
        assert contains(stack, inner)
        assert contains(stack, inner.layers[1])
        assert not contains(inner, stack)


def test_a_model_is_not_kept_alive():
    namespace = {"m": Adder()}
    model = find(namespace)[0][0]
    namespace.clear()
    gc.collect()
    assert model.ref() is None


def test_nothing_is_found_nor_imported_without_tensorflow():
    code = (
        "import sys; from sm_magics.savedmodel import capture; "
        "assert capture.find({'a': 1, 'b': [2]}) == [] and capture.kind_of(1) is None; "
        "sys.exit(any(n in sys.modules for n in ('tensorflow', 'keras', 'tf_keras', 'IPython')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_long_lists_are_looked_at_only_at_the_front():
    a = Adder()
    namespace = {f"n{i}": list(range(1000)) for i in range(1000)} | {"last": [a]}
    assert [model.names for model, _ in find(namespace)] == [("last[0]",)]
