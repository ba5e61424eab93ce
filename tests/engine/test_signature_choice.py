"""Which functions are served, what they are called, and what is said of those that are not."""

from __future__ import annotations

import gc
from pathlib import Path

import keras
import pytest
import tensorflow as tf

import sm_magics

SPEC = tf.TensorSpec([None], tf.float32)


class Untyped(tf.Module):
    @tf.function
    def f(self, x):
        return x


class Typed(tf.Module):
    @tf.function(input_signature=[SPEC])
    def g(self, x):
        return x


def found(obj, *args, **keywords):
    (one,) = sm_magics.check(obj, *args, **keywords)
    return one


def codes(obj, *args, **keywords):
    return [one.code for one in sm_magics.check(obj, *args, **keywords)]


def test_sm206_a_concrete_function_with_the_sizes_of_a_call():
    module = Untyped()
    sized = module.f.get_concrete_function(tf.ones([2, 3]))
    one = found(module, sized)
    assert (one.code, one.severity, one.function) == ("SM206", "warning", "f")
    assert "float32[2, 3]" in one.message
    assert "tf.TensorSpec([None, ...])" in one.hint
    assert codes(module, sized, batch="fixed") == []


@pytest.mark.parametrize(
    "example",
    [
        tf.TensorSpec([None, 3]),
        tf.TensorSpec([2, None]),
        tf.TensorSpec([2, 3], name="pixels"),
        tf.TensorSpec(None),
        tf.constant(1.0),
    ],
    ids=str,
)
def test_sm206_is_silent_where_sizes_are_free_or_spelled_out(example):
    module = Untyped()
    assert codes(module, module.f.get_concrete_function(example)) == []


def test_sm206_is_silent_where_the_author_fixed_the_input_signature():
    module = tf.Module()
    module.f = tf.function(lambda x: x, input_signature=[tf.TensorSpec([2, 3])])
    assert codes(module, module.f.get_concrete_function()) == []


def test_a_concrete_function_is_called_as_its_author_calls_it(tmp_path):
    module = Untyped()
    own = module.f.get_concrete_function(SPEC)
    other = tf.function(lambda x: x).get_concrete_function(SPEC)

    @tf.function
    def elsewhere(x):
        return x

    served = {"own": own, "named": elsewhere.get_concrete_function(SPEC), "other": other}
    result = sm_magics.export(module, tmp_path / "out", served)
    called = {signature.key: signature.function for signature in result.signatures}
    assert called == {"own": "f", "named": "elsewhere", "other": "the lambda"}


def test_sm105_of_a_bare_method_says_its_name():
    function = Typed().g
    gc.collect()
    one = found(function)
    assert one.code == "SM105"
    assert "'g' is a method" in one.message
    assert "`m.g`" in one.hint


def test_no_signatures_at_all_is_told_as_what_it_is():
    one = found(Typed(), {})
    assert one.code == "SM201"
    assert "has no input_signature" not in one.message
    assert "'g'" in one.message
    assert "-s g" in one.hint


def test_no_signatures_at_all_of_a_keras_model():
    one = found(keras.Sequential([keras.Input((2,)), keras.layers.ReLU()]), {})
    assert one.message.endswith("are empty, which leaves out its forward pass")
    assert "-s call" in one.hint


def test_why_tells_nested_outputs_from_a_missing_input_signature(tmp_path):
    class Three(Typed):
        @tf.function(input_signature=[SPEC])
        def nested(self, x):
            return {"a": {"b": x}}

        @tf.function
        def loose(self, x):
            return x

    result = sm_magics.export(Three(), tmp_path / "out")
    assert result.signatures[0].why == (
        "the only servable tf.function; loose without input_signature; "
        "the outputs of nested have no names"
    )


def test_an_attribute_called_signatures_is_not_run():
    class Dynamic(Typed):
        def __getattr__(self, name):
            if name == "signatures":
                raise AssertionError("ran")
            return super().__getattribute__(name)

    assert codes(Dynamic()) == []


class Nested(keras.layers.Layer):
    def call(self, x):
        return {"a": {"b": x}}


def holder():
    inputs = keras.Input((2,), name="x")
    layer = Nested()
    outputs = layer(inputs)["a"]["b"]
    model = keras.Model(inputs, outputs)
    model.part = layer
    return model


@pytest.mark.parametrize("by", ["path", "object"])
def test_sm205_of_a_layer_that_is_served(by, tmp_path):
    model = holder()
    served = "part(x: float32[None, 2])" if by == "path" else {"serving_default": model.part}
    inputs = None if by == "path" else "x: float32[None, 2]"
    one = found(model, served, inputs=inputs)
    assert one.code == "SM205"
    assert "--flatten (flatten=True) names them a.b" in one.hint
    result = sm_magics.export(model, tmp_path / "out", served, inputs=inputs, flatten=True)
    assert [spec.name for spec in result.signatures[0].outputs] == ["a.b"]


INSPECTION = sm_magics.Inspection(Path("model"), (), (), {}, ())


@pytest.mark.parametrize(
    "other",
    [
        *(3, ["g"], INSPECTION),
        *(sm_magics.Spec("g", "float32", ()), sm_magics.Signature("g", "g", (), ())),
    ],
)
def test_what_is_no_function_is_called_by_its_name(other):
    told = rf"signature 'k' is a {type(other).__name__}; pass a tf.function with an input_signature"
    with pytest.raises(ValueError, match=told):
        sm_magics.check(Typed(), {"k": other})
