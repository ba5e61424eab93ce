"""A quick look finds what a whole one finds, and costs what changed."""

from __future__ import annotations

import gc
import random

import keras
import pytest
import tensorflow as tf

from sm_magics.savedmodel import capture
from sm_magics.savedmodel.capture import walk
from sm_magics.savedmodel.capture.lookout import HOLDERS, Lookout


class Trainer:
    """An object of the user's own."""


def names(found):
    return [(model.names, model.kind, model.variables, obj) for model, obj in found]


def module(size=1):
    made = tf.Module()
    made.v = tf.Variable(tf.zeros([size]))
    return made


@pytest.fixture
def namespace():
    trainer = Trainer()
    trainer.model = module(2)
    return {"number": 1, "models": {"a": module()}, "trainer": trainer, "empty": [], "text": "t"}


@pytest.fixture
def lookout(namespace):
    made = Lookout()
    made.whole(namespace)
    return made


def test_what_a_cell_binds_is_found(namespace, lookout):
    namespace["new"] = module()
    namespace["number"] = namespace["new"]
    assert [model.names for model, _ in lookout.quick(namespace, ())] == [
        ("new", "number"),
        ("models['a']",),
        ("trainer.model",),
    ]


def test_what_a_function_puts_elsewhere_is_found(namespace, lookout):
    namespace["empty"].append(module())
    namespace["models"]["b"] = module()
    namespace["trainer"].other = module()
    assert names(lookout.quick(namespace, ())) == names(capture.find(namespace))


def test_what_is_gone_is_not_shown(namespace, lookout):
    del namespace["models"]
    namespace["trainer"] = 1
    assert lookout.quick(namespace, ()) == []


def test_a_model_that_grows_is_told_as_it_is(namespace, lookout):
    model = namespace["model"] = keras.Sequential([keras.layers.Dense(3)])
    (told, _), *_ = [one for one in lookout.quick(namespace, ()) if one[1] is model]
    assert (told.built, told.variables) == (False, 0)
    model(tf.zeros([1, 2]))
    (told, _), *_ = [one for one in lookout.quick(namespace, ()) if one[1] is model]
    assert (told.built, told.variables) == (True, 2)
    model.add(keras.layers.Dense(3))
    (told, _), *_ = [one for one in lookout.quick(namespace, {"model"}) if one[1] is model]
    assert told.variables == 4


def test_an_object_at_the_place_of_one_that_died_is_described_anew(namespace, lookout):
    for size in range(20):
        namespace["models"]["a"] = None
        gc.collect()
        namespace["models"]["a"] = module(size + 1)
        (told, obj), *_ = lookout.quick(namespace, ())
        assert (told.bytes, told.ref()) == (4 * (size + 1), obj)


def test_what_has_not_changed_is_not_described_again(namespace, lookout, monkeypatch):
    described = []
    variables = walk.variables
    monkeypatch.setattr(walk, "variables", lambda o, s: described.append(o) or variables(o, s))
    namespace["new"] = module()
    found = lookout.quick(namespace, {"trainer"})
    assert {id(obj) for obj in described} == {id(namespace["new"]), id(namespace["trainer"].model)}
    assert len(found) == 3


def test_many_containers_are_looked_into_in_turns():
    lists = {f"list_{i}": [] for i in range(3 * HOLDERS)}
    lookout = Lookout()
    lookout.whole(lists)
    lists["list_7"].append(module())
    lists[f"list_{3 * HOLDERS - 1}"].append(module())
    looks = [len(lookout.quick(lists, ())) for _ in range(3)]
    assert looks == [1, 1, 2]


def test_quick_looks_agree_with_whole_ones_whatever_happens():
    chance = random.Random(7)
    namespace, lookout = {}, Lookout()
    lookout.whole(namespace)

    def change():
        name = chance.choice("abcdefgh")
        what = chance.randrange(6)
        if what == 0:
            namespace.pop(name, None)
        elif what == 1 and isinstance(namespace.get(name), list):
            namespace[name].append(module())
        elif what == 2 and isinstance(namespace.get(name), dict):
            namespace[name][chance.choice("xyz")] = module()
        else:
            makers = [lambda: 1, list, dict, module, Trainer]
            namespace[name] = chance.choice(makers)()

    for _ in range(150):
        for _ in range(chance.randrange(4)):
            change()
        assert names(lookout.quick(namespace, ())) == names(capture.find(namespace))
