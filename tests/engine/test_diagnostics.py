"""Findings: each code where it belongs, with what to type instead, and silence next to it."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics
from sm_magics.savedmodel import diagnostics
from sm_magics.savedmodel.checks import models
from sm_magics.savedmodel.diagnostics import CATALOGUE, Severity, finding

VECTOR = tf.TensorSpec([None], tf.float32, name="x")


class Adder(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def add(self, x):
        return x + 1.0


class Untyped(tf.Module):
    @tf.function
    def call(self, x):
        return x


class Pair(Adder):
    @tf.function(input_signature=[VECTOR])
    def double(self, x):
        return x * 2.0


def found(obj, *args, **keywords):
    """Return the one finding of a check; an export must refuse with the same."""
    (one,) = sm_magics.check(obj, *args, **keywords)
    return one


def silent(obj, *args, **keywords):
    return list(sm_magics.check(obj, *args, **keywords)) == []


def test_sm101_a_class_in_place_of_an_object():
    one = found(Adder)
    assert (one.code, one.severity) == ("SM101", Severity.ERROR)
    assert one.message == "Adder is a class; only an object of it can be exported"
    assert one.hint == "make one: Adder()"
    assert silent(Adder())


@pytest.mark.parametrize("obj", [object(), 3, None, "model", [Adder()], {"a": Adder()}, np.ones(2)])
def test_sm101_what_is_not_trackable(obj):
    one = found(obj)
    assert one.code == "SM101"
    name = type(obj).__name__
    assert one.message == f"{name} objects are not trackable: TensorFlow can't save this one"
    assert "a tf.Module, a Keras model" in one.hint


def test_sm101_is_silent_for_whatever_tensorflow_saves(tmp_path):
    module = Adder()
    tf.saved_model.save(module, str(tmp_path), signatures=module.add)
    loaded = tf.saved_model.load(str(tmp_path))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    for obj in (module, loaded, model, module.add, module.add.get_concrete_function()):
        assert silent(obj)
    assert silent(tf.train.Checkpoint(a=module), allow_no_signature=True)
    assert silent(tf.Variable(1.0), allow_no_signature=True)


def test_sm101_runs_no_proxy():
    class Proxy:
        @property
        def __class__(self):
            raise AssertionError("asked")

    (one,) = models.check(Proxy())
    assert one.code == "SM101"


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_sm102_a_model_that_was_never_built(k):
    class Model(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(1)

        def call(self, pixels):
            return self.dense(pixels)

    one = found(Model())
    assert (one.code, one.severity) == ("SM102", Severity.ERROR)
    assert one.message == (
        "nothing could be served of the Model: it was never built: it has no weights yet"
    )
    assert "--input 'pixels: float32[None, 4]'" in one.hint
    assert silent(Model(), inputs="pixels: float32[None, 4]")
    called = Model()
    called(np.ones((1, 3), "float32"))
    assert silent(called)


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_sm102_an_unbuilt_sequential_model(k):
    assert found(k.Sequential([k.layers.Dense(1)])).code == "SM102"
    assert silent(k.Sequential([k.Input((3,)), k.layers.Dense(1)]))


def test_sm104_an_attribute_called_signatures(tmp_path):
    module = Adder()
    module.signatures = {"a": 1}
    one = found(module)
    assert (one.code, one.severity) == ("SM104", Severity.ERROR)
    assert one.message.startswith("the Adder has an attribute called `signatures`")
    assert one.hint == "rename the attribute"
    # What it is about: TensorFlow refuses it too.
    with pytest.raises(ValueError, match="signatures"):
        tf.saved_model.save(module, str(tmp_path))
    del module.signatures
    assert silent(module)
    module.my_signatures = {"a": 1}
    assert silent(module)


def test_sm104_a_property_called_signatures_is_not_run():
    class Tempting(Adder):
        @property
        def signatures(self):
            raise AssertionError("ran")

    assert found(Tempting()).code == "SM104"


def test_sm104_is_silent_for_what_was_loaded(tmp_path):
    sm_magics.export(Adder(), tmp_path / "out")
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    assert len(loaded.signatures) == 1
    assert silent(loaded)


def test_sm201_several_functions():
    one = found(Pair())
    assert (one.code, one.severity) == ("SM201", Severity.ERROR)
    assert one.message == (
        "no signature would be written for the Pair: it has 2 tf.functions (add, double) and "
        "nothing says which to serve"
    )
    assert one.hint.startswith("choose: -s add; -s double; --allow-no-signature")
    assert silent(Pair(), "double")
    assert silent(Pair(), allow_no_signature=True)


def test_sm201_one_function_that_can_not_be_served():
    one = found(Untyped())
    assert one.code == "SM201"
    assert "its tf.function 'call' can't be served as it is" in one.message
    assert "-s 'call(" in one.hint


def test_sm201_no_function():
    one = found(tf.Module())
    assert one.message.endswith("it has no tf.function of its own")
    assert one.hint == "--allow-no-signature exports it for Python only"


def test_sm201_is_silent_where_one_function_is_left_and_sm108_tells_of_the_other():
    class One(Untyped):
        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            return x

    one = found(One())
    assert (one.code, one.function) == ("SM108", "call")


def test_sm202_a_function_without_input_signature():
    module = Untyped()
    one = found(module, module.call)
    assert (one.code, one.severity) == ("SM202", Severity.ERROR)
    assert one.function == "call"
    assert one.message == (
        "'call' has no input_signature, so the signature 'serving_default' can't be made of it"
    )
    module.call(tf.ones([2]))
    assert "-s 'serving_default=call(x: float32[None])'" in found(module, module.call).hint
    assert silent(module, "call(x: float32[2])")
    assert silent(module, module.call.get_concrete_function(tf.ones([2])), batch="fixed")


def test_sm202_a_function_that_is_not_there():
    one = found(Pair(), "nosuch")
    assert one.code == "SM202"
    assert one.message == "'nosuch' is no tf.function of the Pair"
    assert one.hint == "choose one: -s add; -s double"
    assert silent(Pair(), "add")


@pytest.mark.parametrize("key", ["__saved_model_init_op", "__saved_model_train_op", 3, None])
def test_sm209_a_key_that_can_not_be_one(key):
    module = Adder()
    one = found(module, {key: module.add})
    assert (one.code, one.severity) == ("SM209", Severity.ERROR)
    assert one.message.startswith(f"{key!r} can't be the key of a signature: ")
    assert "'serving_default'" in one.hint


def test_sm209_is_silent_for_keys_of_any_look():
    module = Adder()
    for key in ("a", "__saved_model", "saved_model_init_op", "a b/c"):
        assert silent(module, {key: module.add})


class Scaled(tf.Module):
    """Was called with a factor of 2; what is traced later has another one."""

    def __init__(self, factor):
        super().__init__()
        self.factor = 2.0
        self.serve(tf.ones([2]))
        self.factor = factor

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * self.factor


def test_sm601_an_export_that_computes_something_else(tmp_path):
    module = Scaled(2.1)
    assert silent(module), "a check can't know it"
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(module, tmp_path / "out", writer="tensorflow")
    (one,) = raised.value.findings
    assert (one.code, one.severity, one.function) == ("SM601", Severity.ERROR, "serving_default")
    assert "does not compute what the live object computes: output_0: max abs" in one.message
    assert "--no-verify" in one.hint
    assert not list(tmp_path.iterdir())


def test_sm601_is_silent_for_a_rounding_error(tmp_path):
    module = Scaled(2.0 * (1.0 + 2.0**-22))
    result = sm_magics.export(module, tmp_path / "out", writer="tensorflow")
    assert result.findings == ()
    (output,) = result.verification.signatures[0].outputs
    assert 0.0 < output.max_rel < 1e-6


@pytest.mark.parametrize(
    ("obj", "args", "code"),
    [
        (object(), {}, "SM101"),
        (Pair(), {}, "SM201"),
        (Pair(), {"signatures": "nosuch"}, "SM202"),
        (Adder(), {"signatures": {3: Adder().add}}, "SM209"),
    ],
)
def test_an_error_stops_the_export_before_anything_is_written(tmp_path, obj, args, code):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(obj, tmp_path / "out", **args)
    assert isinstance(raised.value, ValueError)
    assert [one.code for one in raised.value.findings] == [code]
    (one,) = raised.value.findings
    assert str(raised.value) == f"{code} error: {one.message}\n    {one.hint}"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", CATALOGUE)
def test_the_catalogue_knows_every_code(code):
    rule = CATALOGUE[code]
    assert rule.code == code
    assert rule.title
    made = finding(code, "message", "hint", function="f")
    assert (made.code, made.severity, made.count, made.cell) == (code, rule.severity, 1, None)


def test_a_code_that_is_not_in_the_catalogue_is_no_finding():
    with pytest.raises(KeyError):
        finding("SM999", "message")


def left(code, severity, select=None, ignore=None):
    one = replace(finding(code, "message"), severity=severity)
    return diagnostics.selected([one], select, ignore) == [one]


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.INFO])
@pytest.mark.parametrize(
    ("select", "ignore", "stays"),
    [
        (None, None, True),
        (["SM5"], None, True),
        (["SM"], None, True),
        (["SM101", "SM502"], None, True),
        (["SM2"], None, False),
        (["SM501"], None, False),
        (None, ["SM2"], True),
        (None, ["SM502"], False),
        (["SM502"], ["SM5"], False),
    ],
)
def test_select_and_ignore_take_codes_and_prefixes(severity, select, ignore, stays):
    assert left("SM502", severity, select, ignore) is stays


def test_select_leaves_no_error_out():
    assert left("SM503", Severity.ERROR, select=["SM2"])


def test_a_mismatch_is_never_left_out():
    assert left("SM601", Severity.ERROR, select=["SM2"])
    assert left("SM601", Severity.ERROR, ignore=["SM6"])
    assert left("SM602", Severity.ERROR, ignore=["SM6"])


def test_warnings_stop_only_who_is_strict():
    error = finding("SM101", "message")
    warning, info = (
        diagnostics.Diagnostic(code="SM502", severity=severity, message="message")
        for severity in (Severity.WARNING, Severity.INFO)
    )
    assert diagnostics.blocking([error, warning, info]) == [error]
    assert diagnostics.blocking([error, warning, info], strict=True) == [error, warning]
