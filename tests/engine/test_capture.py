"""Finding models: what is found, how it is called, and that nothing is run for it."""

import gc
import subprocess
import sys
from collections import OrderedDict, defaultdict, namedtuple
from types import SimpleNamespace

import keras
import tensorflow as tf
import wrapt

from sm_magics.savedmodel.capture import describe, find


class Adder(tf.Module):
    def __init__(self):
        super().__init__()
        self.v = tf.Variable([1.0, 2.0])

    @tf.function(input_signature=[tf.TensorSpec([2])])
    def add(self, x):
        return x + self.v


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
