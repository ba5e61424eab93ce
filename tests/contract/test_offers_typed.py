"""What a finding offers is typed as it stands, and exports."""

from __future__ import annotations

import re
from collections import namedtuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import sm_magics

pytestmark = pytest.mark.python_only("the offers are typed here")

WORD = r"""(?:'[^']*'|"[^"]*"|\S)+"""
Point = namedtuple("Point", ["x", "y"])  # noqa: PYI024, the plain form is what people have


def offers(hint: str) -> list[str]:
    """Return the `-s ...` and `--input ...` of a hint."""
    texts = [match.rstrip(";,") for match in re.findall(rf"(?:-s|--input) {WORD}", hint)]
    return [text for text in texts if text]


@pytest.fixture
def type_(plain_shell, tmp_path):
    """Type an export with some options, and return the result."""
    from sm_magics.savedmodel import export as engine

    def run(obj, options):
        results = []
        export = engine.export

        def recorded(*args, **keywords):
            results.append(export(*args, **keywords))
            return results[-1]

        plain_shell.user_ns.clear()
        plain_shell.user_ns["model"] = obj
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "export", recorded)
            out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
            plain_shell.run_line_magic("savedmodel", f"export model {out} {options}")
        return results[0]

    return run


def works(type_, obj, found, count=1):
    typed = offers(found.hint)
    assert len(typed) == count, found.hint
    for option in typed:
        result = type_(obj, option)
        assert result.verification.signatures[0].status == "equal", option
    return typed


class Untyped(tf.Module):
    @tf.function
    def f(self, left, right, scale=2.0):
        return left + right * scale


class Holder(tf.Module):
    def __init__(self):
        super().__init__()
        self.parts = {"a": Untyped(), "it's": Untyped()}
        self.blocks = [Untyped()]


def test_sm201_offers_every_required_parameter(type_):
    module = Untyped()
    (found,) = sm_magics.check(module)
    assert works(type_, module, found) == ["-s 'f(left: float32[None], right: float32[None])'"]


def test_sm202_offers_every_required_parameter(type_):
    module = Untyped()
    (found,) = sm_magics.check(module, module.f)
    works(type_, module, found)


def test_sm202_of_a_bare_function(type_):
    bare = tf.function(lambda left, right: left - right)
    (found,) = sm_magics.check(bare)
    works(type_, bare, found)


def test_sm108_offers_every_required_parameter(type_):
    module = Untyped()
    module.serve = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])
    (found,) = sm_magics.check(module)
    assert found.code == "SM108"
    works(type_, module, found)


def test_paths_with_brackets_and_quotes(type_):
    holder = Holder()
    (found,) = sm_magics.check(holder)
    works(type_, holder, found, count=3)


def test_paths_with_brackets_and_quotes_of_what_is_ready(type_):
    holder = Holder()
    spec = [tf.TensorSpec([None])]
    for part in (*holder.parts.values(), *holder.blocks):
        part.g = tf.function(lambda x: x, input_signature=spec)
        part.f = None
    (found,) = sm_magics.check(holder)
    works(type_, holder, found, count=3)


def test_traces_of_ragged_and_sparse_tensors(type_):
    class Kinds(tf.Module):
        @tf.function
        def ragged(self, rt):
            return tf.reduce_sum(rt, 1)

        @tf.function
        def sparse(self, st):
            return tf.sparse.to_dense(st)

    module = Kinds()
    module.ragged(tf.ragged.constant([[1.0], [2.0, 3.0]]))
    module.sparse(tf.sparse.from_dense([[1.0, 0.0]]))
    (found,) = sm_magics.check(module)
    typed = works(type_, module, found, count=2)
    assert "-s 'ragged(rt: ragged[float32[None, None]])'" in typed
    assert "-s 'sparse(st: sparse[float32[None, 2]])'" in typed


def test_a_trace_with_a_value_that_is_no_default_is_not_offered(type_):
    module = Untyped()
    module.f(tf.ones([2]), tf.ones([2]), 3.0)
    module.f(tf.ones([2, 3]), tf.ones([2, 3]))
    (found,) = sm_magics.check(module)
    assert works(type_, module, found) == [
        "-s 'f(left: float32[None, 3], right: float32[None, 3])'"
    ]


@pytest.mark.parametrize(
    "argument",
    [{"a": tf.ones([2])}, [tf.ones([2]), tf.ones([2])], Point(tf.ones([2]), tf.ones([2]))],
    ids=["dict", "list", "namedtuple"],
)
def test_nested_arguments_need_an_input_signature(argument):
    module = tf.Module()
    module.f = tf.function(lambda parts: tf.nest.flatten(parts)[0])
    module.f(argument)
    (found,) = sm_magics.check(module, "f")
    assert found.code == "SM202"
    assert not offers(found.hint)
    assert "input_signature=[...]" in found.hint
    (found,) = sm_magics.check(module)
    assert not offers(found.hint)
    assert "input_signature=[...]" in found.hint


def test_a_loaded_function_is_offered_as_it_was_traced(type_, tmp_path):
    module = tf.Module()
    module.f = tf.function(lambda left, right: left - right)
    module.f(tf.ones([2]), tf.ones([2]))
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures={})
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    (found,) = sm_magics.check(loaded)
    assert works(type_, loaded, found) == ["-s 'f(left: float32[2], right: float32[2])'"]


class Inner(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, a, b):
        return self.dense(a) + b


class Summed(Inner):
    def call(self, a, b):
        return self.dense(a) + self.dense(b)


def test_sm102_offers_every_required_parameter(type_):
    model = Inner()
    model(np.ones((1, 3), "float32"), np.ones((1, 2), "float32"))
    (found,) = sm_magics.check(model)
    assert offers(found.hint) == ["--input 'a: float32[None, 3], b: float32[None, 4]'"]
    assert type_(model, "--input 'a: float32[None, 3], b: float32[None, 2]'").verification


@pytest.mark.parametrize("kind", [tf.train.Checkpoint, None])
def test_sm201_offers_the_keras_models_that_an_object_holds(type_, kind):
    built = keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2)])
    if kind is None:
        obj = tf.Module()
        obj.model, obj.models = built, [Summed()]
    else:
        obj = kind(model=built)
    (found,) = sm_magics.check(obj)
    typed = offers(found.hint)
    assert typed[0] == "-s model"
    assert len(typed) == (2 if kind is None else 1)
    for option in (*typed, "-s model.call", "-s model.__call__"):
        assert type_(obj, option).verification.signatures[0].status == "equal"


def test_sm210_of_a_list_is_typed(type_):
    class Pair(keras.Model):
        def __init__(self):
            super().__init__()
            self.embed = keras.layers.Embedding(5, 2)

        def call(self, t):
            a, b = t
            return self.embed(a) * b

    model = Pair()
    model([np.array([[1, 2]]), np.ones((1, 2, 2), "float32")])
    (found,) = sm_magics.check(model)
    assert works(type_, model, found) == ["--input 't_0: int32[None, 2], t_1: float32[None, 2, 2]'"]
