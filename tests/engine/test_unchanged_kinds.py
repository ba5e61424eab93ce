"""Which objects of Python and its libraries can be shown, and which are refused with a reason."""

import collections
import contextvars
import dataclasses
import datetime as dt
import enum
import functools
import itertools
import logging
import math
import os
import random
import re
import sys
import threading
import time
import types
import typing
import weakref
from datetime import datetime as moment
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import random as drawn
from time import time as now

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.random import default_rng

from sm_magics.savedmodel import unchanged

LOG = logging.getLogger("test_unchanged_kinds")


class Color(enum.Enum):
    RED = 1


class Weight(float, enum.Enum):
    LIGHT = 1.5


class Pair(typing.NamedTuple):
    one: int = 1
    two: float = 2.0


Plain = collections.namedtuple("Plain", "x y")  # noqa: PYI024, the other one is above


@dataclasses.dataclass
class Settings:
    rate: float = 0.5
    sizes: list = dataclasses.field(default_factory=lambda: [1, 2])


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    rate: float = 0.5


class Slots:
    __slots__ = ("one", "two")

    def __init__(self):
        self.one = 1


class Numbers(list):
    pass


class Text(str):
    __slots__ = ()


class Cached:
    @functools.cached_property
    def value(self):
        return 3

    @staticmethod
    def static():
        return 2

    @classmethod
    def of_class(cls):
        return 1

    def dusty(self):
        LOG.debug("called")
        return math.pi * np.float32(2)


T = typing.TypeVar("T")


class Generic(typing.Generic[T]):
    pass


def holder(value):
    return types.SimpleNamespace(value=value)


SHOWN = {
    "enum": Color.RED,
    "float enum": Weight.LIGHT,
    "named tuple": Pair(),
    "plain named tuple": Plain(1, 2),
    "dataclass": Settings(),
    "frozen dataclass": Frozen(),
    "slots": Slots(),
    "list of a class": Numbers([1, [2]]),
    "str of a class": Text("a"),
    "methods": Cached(),
    "generic": Generic(),
    "class": Color,
    "library class": keras.layers.Dense,
    "ordered dict": collections.OrderedDict(a=1),
    "default dict": collections.defaultdict(list, a=[1]),
    "counter": collections.Counter("aab"),
    "deque": collections.deque([1]),
    "keys that are no strings": {1: "a", (2, 3): [4]},
    "set": {1, "a"},
    "range": range(3),
    "slice": slice(1, 2),
    "pattern": re.compile("a"),
    "decimal": Decimal(1),
    "fraction": Fraction(1, 2),
    "path": Path("a"),
    "time span": dt.timedelta(1),
    "union": int | str,
    "alias": list[int],
    "logger": LOG,
    "lock": threading.Lock(),
    "weak reference": weakref.ref(Color),
    "object": object(),
    "partial": functools.partial(tf.nn.leaky_relu, alpha=0.2),
    "library function": tf.nn.relu,
    "function of C": math.sqrt,
    "ufunc": np.sqrt,
    "scalar": np.float32(1),
    "dtype": np.dtype("f4"),
    "empty array": np.zeros((3, 0)),
    "array of strings": np.array(["a"]),
    "array of objects": np.array(["a", None], object),
    "array of no dimension": np.array(1.0),
    "tensor": tf.constant(1.0),
    "ragged tensor": tf.ragged.constant([[1], [2, 3]]),
    "TensorSpec": tf.TensorSpec([None, 2], tf.float32, "x"),
    "shape": tf.TensorShape([1, None]),
    "tensor type": tf.float32,
    "variable": tf.Variable(1.0),
    "generator with a variable": tf.random.Generator.from_seed(1),
    "optimizer": keras.optimizers.Adam(),
    "metric": keras.metrics.Mean(),
    "policy": keras.DTypePolicy("mixed_float16"),
}


def of_numpy(x):
    return x * np.random.rand()  # noqa: NPY002, what is to be refused


def imports(x):
    import secrets

    return x * secrets.randbelow(3)


REFUSED = {
    "generator": (part for part in "ab"),
    "iterator": iter([1]),
    "count": itertools.count(),
    "zip": zip([1], strict=True),
    "generator of NumPy": np.random.default_rng(),
    "random numbers": random.Random(1),
    "cache": functools.lru_cache(lambda: 1),
    "context variable": contextvars.ContextVar("x"),
    "thread's own": threading.local(),
    "module": types.ModuleType("theirs"),
    "time": lambda: time.time(),  # noqa: PLW0108
    "time by name": lambda: now(),  # noqa: PLW0108
    "moment": lambda: moment.now(),  # noqa: DTZ005, PLW0108
    "random": lambda: random.random(),  # noqa: PLW0108
    "random by name": lambda: drawn(),  # noqa: PLW0108
    "numpy.random": of_numpy,
    "numpy.random by name": lambda: default_rng(),  # noqa: PLW0108
    "os": lambda: os.getcwd(),  # noqa: PLW0108, PTH109
    "eval": lambda: eval("1"),
    "globals": lambda: globals()["SHOWN"],
    "open": lambda: open("x"),  # noqa: PTH123, SIM115
    "gfile": lambda: tf.io.gfile.GFile("x"),
    "import": imports,
    "py_function": lambda x: tf.py_function(len, [x], tf.int32),
    "instance dict": lambda self: self.__dict__,
    "module handed on": lambda function: function(sys.modules[__name__]),
    "masked array": np.ma.array([1]),
    "time kept": time.time,
    "moment kept": [moment],
    "function kept": os.getcwd,
    "summary": lambda x: tf.summary.scalar("x", x),
    "large array": np.zeros(2**26 + 1, np.uint8),
}


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_shown(name):
    value = SHOWN[name]
    one, two = unchanged.look(holder(value)), unchanged.look(holder(value))
    assert one.reason == ""
    assert one.difference(two) == ""
    assert one == two


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name):
    look = unchanged.look(holder(REFUSED[name]))
    assert look.reason.startswith("model.value")
    assert look != unchanged.look(holder(REFUSED[name]))


def test_an_open_file_is_refused(tmp_path):
    with (tmp_path / "file").open("w") as file:
        look = unchanged.look(holder([file]))
    assert look.reason == "model.value[0] is a _io.TextIOWrapper, whose state can't be read"


def test_a_class_whose_metaclass_is_the_authors_is_refused():
    class Meta(type):
        def __eq__(cls, other):
            raise AssertionError

        __hash__ = type.__hash__

    class Mine(metaclass=Meta):
        pass

    assert "metaclass" in unchanged.look(holder(Mine())).reason


def test_nothing_of_the_authors_is_run():
    class Trap:
        def __getattribute__(self, name):
            raise AssertionError(name)

        def __eq__(self, other):
            raise AssertionError

        def __hash__(self):
            raise AssertionError

        def __repr__(self):
            raise AssertionError

        @property
        def value(self):
            raise AssertionError

    trap = Trap()
    held = [trap, lambda: trap.value, slice(trap, None)]
    look = unchanged.look(holder(held))
    assert look.reason == ""
    assert look == unchanged.look(holder(held))


def test_the_order_of_a_dict_counts():
    one, two = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert unchanged.look(holder(one)) != unchanged.look(holder(two))
    ordered = collections.OrderedDict(one)
    before = unchanged.look(holder(ordered))
    ordered.move_to_end("a")
    assert before != unchanged.look(holder(ordered))


def test_what_a_trace_itself_changes_shows_in_a_look_after_it():
    class Counting(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def call(self, x):
            self.calls += 1
            return x * float(self.calls)

    model = keras.Sequential([keras.Input((4,)), Counting()])
    before = unchanged.look(model)
    model(np.ones((2, 4), "float32"))
    assert before.difference(unchanged.look(model)) == "model.layers[1].calls: 1 -> 2"


def test_a_field_of_keras_that_the_author_names_is_looked_at():
    class Reading(keras.Model):
        def call(self, x):
            return x if self.loss is None else 2 * x

    model = Reading()
    model(np.ones((2, 4), "float32"))
    before = unchanged.look(model)
    model.compile("sgd", "mse")
    assert before != unchanged.look(model)


def test_a_method_of_training_counts_only_where_a_forward_pass_names_it():
    class Mine(keras.Model):
        def call(self, x):
            return x

        def train_step(self, data):
            return {"loss": time.time() + len(data)}

    class Calling(Mine):
        def call(self, x):
            return x * self.train_step(x)["loss"]

    assert unchanged.look(Mine()).reason == ""
    assert "time" in unchanged.look(Calling()).reason


def test_equal_tensors_are_not_the_same_one():
    one, two = tf.constant([1.0]), tf.constant([1.0])
    assert unchanged.look(holder(one)) != unchanged.look(holder(two))


def test_the_number_of_an_object_is_not_given_again():
    seen = set()
    for _ in range(50):
        look = unchanged.look(holder(tf.constant([1.0])))
        numbers = str(look._rows)
        assert numbers not in seen
        seen.add(numbers)
