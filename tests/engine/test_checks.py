"""Every finding of this version: one object that has the fault, one near miss that is silent."""

from __future__ import annotations

import keras
import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.diagnostics import (
    Diagnostic,
    Severity,
    blocking,
    finding,
    selected,
)

SPEC = tf.TensorSpec([None], tf.float32)


class Served(tf.Module):
    @tf.function(input_signature=[SPEC])
    def serve(self, x):
        return x


class Unbuilt(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, tokens):
        return self.dense(tokens)


def codes(obj, *args, **keywords):
    return [found.code for found in sm_magics.check(obj, *args, **keywords)]


def with_attribute(value):
    module = Served()
    module.signatures = value
    return module


class WithProperty(Served):
    ran = False

    @property
    def signatures(self):
        type(self).ran = True
        return {}


@pytest.mark.parametrize(
    "obj", [1, None, "x", [Served()], Served, lambda x: x, keras.metrics.Mean()]
)
def test_sm101_what_tensorflow_can_not_track(obj):
    assert codes(obj) == ["SM101"]


def test_sm101_offers_an_object_of_the_class():
    (found,) = sm_magics.check(Served)
    assert "Served()" in found.hint


@pytest.mark.parametrize("obj", [Served(), Served().serve, Served().serve.get_concrete_function()])
def test_sm101_is_silent_for_what_can_be_exported(obj):
    assert codes(obj) == []


def test_sm102_names_the_input_in_its_offer():
    (found,) = sm_magics.check(Unbuilt())
    assert found.code == "SM102"
    assert found.severity is Severity.ERROR
    assert "--input 'tokens: " in found.hint


def test_sm102_is_silent_once_built_or_told():
    called = Unbuilt()
    called(tf.zeros([2, 3]))
    assert codes(called) == []
    assert codes(Unbuilt(), inputs="tokens: float32[None, 3]") == []


@pytest.mark.parametrize("value", [5, "x", {"a": 1}, lambda: 1])
def test_sm104_a_signatures_attribute_of_any_kind(value):
    assert codes(with_attribute(value)) == ["SM104"]


def test_sm104_a_property_is_seen_and_not_run():
    assert codes(WithProperty()) == ["SM104"]
    assert not WithProperty.ran


def test_sm104_is_silent_for_a_loaded_model_and_for_other_names(tmp_path):
    module = Served()
    module.signature = 5
    assert codes(module) == []
    path = sm_magics.export(module, tmp_path / "out").path
    assert codes(tf.saved_model.load(str(path))) == []


def test_sm201_lists_a_flag_for_each_candidate():
    class Two(Served):
        @tf.function
        def loose(self, x):
            return x

        @tf.function(input_signature=[SPEC])
        def other(self, x):
            return x

    two = Two()
    two.loose(tf.zeros([2]))
    (found,) = sm_magics.check(two)
    assert found.code == "SM201"
    for typed in ("-s serve", "-s other", "-s 'loose(x: float32[2])'", "--allow-no-signature"):
        assert typed in found.hint


def test_sm201_is_silent_when_one_is_picked_or_none_is_wanted():
    class Two(Served):
        @tf.function(input_signature=[SPEC])
        def other(self, x):
            return x

    assert codes(Two(), "other") == []
    assert codes(Two(), allow_no_signature=True) == []
    assert codes(Served()) == []


def test_sm202_a_function_that_is_not_there():
    (found,) = sm_magics.check(Served(), "sevre")
    assert found.code == "SM202"
    assert "-s serve" in found.hint


def test_sm205_an_output_without_a_name():
    class Nested(tf.Module):
        @tf.function(input_signature=[SPEC])
        def serve(self, x):
            return {"a": [x, x]}

    class Flat(tf.Module):
        @tf.function(input_signature=[SPEC])
        def serve(self, x):
            return [x, x]

    assert codes(Nested(), "serve") == ["SM205"]
    assert codes(Flat(), "serve") == []


@pytest.mark.parametrize("key", ["__saved_model_init_op", "__saved_model_train_op"])
def test_sm209_reserved_keys(key):
    module = Served()
    assert codes(module, {key: module.serve}) == ["SM209"]


def test_sm209_a_key_that_is_no_string():
    module = Served()
    assert codes(module, {1: module.serve}) == ["SM209"]


def test_sm209_is_silent_for_any_other_string():
    module = Served()
    assert codes(module, {"init op": module.serve}) == []


WARNING = Diagnostic(code="SM301", severity=Severity.WARNING, message="w")
OTHER = Diagnostic(code="SM402", severity=Severity.WARNING, message="o")


def test_select_and_ignore_work_by_prefix_and_ignore_wins():
    assert selected([WARNING, OTHER], select=["SM3"]) == [WARNING]
    assert selected([WARNING, OTHER], ignore=["SM30"]) == [OTHER]
    assert selected([WARNING, OTHER], select=["SM"], ignore=["SM"]) == []


def test_errors_are_not_selected_away_and_some_not_even_ignored():
    space, mismatch = finding("SM503", "a"), finding("SM601", "b")
    assert selected([space, mismatch], select=["SM3"]) == [space, mismatch]
    assert selected([space, mismatch], ignore=["SM"]) == [mismatch]


def test_strict_makes_warnings_stop_an_export(tmp_path):
    out = tmp_path / "out"
    sm_magics.export(Served(), out)
    (out / "mine.txt").write_text("kept?")
    with pytest.raises(sm_magics.ExportError, match="SM502"):
        sm_magics.export(Served(), out, overwrite=True, strict=True)
    assert (out / "mine.txt").exists()
    result = sm_magics.export(Served(), out, overwrite=True)
    assert [f.code for f in result.findings] == ["SM502"]
    assert blocking(result.findings) == []


def test_sm201_offers_only_what_can_be_typed():
    class Two(Served):
        @tf.function(input_signature=[SPEC])
        def other(self, x):
            return x

    two = Two()
    setattr(two, "my function", two.other)
    (found,) = sm_magics.check(two)
    assert "-s other" in found.hint
    assert "my function'" not in found.hint
