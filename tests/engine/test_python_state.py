"""SM601 names the Python value that was changed after the trace, where it can be found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics
from sm_magics.savedmodel import python_state

VECTOR = tf.TensorSpec([None], tf.float32, name="x")
FACTOR = 2.0


class Config:
    def __init__(self):
        self.scale = 2.0
        self.name = "config"

    @property
    def loud(self):
        raise AssertionError("ran")


class Direct(tf.Module):
    def __init__(self):
        super().__init__()
        self.scale, self.unread = 2.0, 7.0

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        y = x + 1.0
        return y * self.scale


class Deep(Direct):
    def __init__(self):
        super().__init__()
        self.config = Config()

    def _helper(self, x):
        return x * self.config.scale

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return self._helper(x)


class Listed(Direct):
    def __init__(self):
        super().__init__()
        self.mean = np.array([1.0, 2.0], "float32")

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return tf.reduce_sum(x) + self.mean


class Branching(Direct):
    def __init__(self):
        super().__init__()
        self.is_scaled = True

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        if self.is_scaled:
            x = x * 2.0
        return x


class Outer(tf.Module):
    def __init__(self):
        super().__init__()
        self.inner = Direct()


def refused(obj, tmp_path, *args):
    with pytest.raises(sm_magics.ExportError) as raised:
        # TensorFlow's writer traces again, with the values of today.
        sm_magics.export(obj, tmp_path / "out", *args, writer="tensorflow")
    (found,) = raised.value.findings
    assert found.code == "SM601"
    assert not list(tmp_path.iterdir())
    return found


def test_the_attribute_with_its_value_and_line(tmp_path):
    module = Direct()
    module.serve(tf.ones([1]))
    module.scale = 3.0
    found = refused(module, tmp_path)
    assert "`model.scale` is 3.0 now" in found.message
    assert "unread" not in found.message + found.hint
    assert "`self.scale = tf.Variable(3.0)` where the object is made" in found.hint
    lines = Path(__file__).read_text("utf-8").split("\n")
    assert lines[found.line - 1].strip() == "return y * self.scale"
    assert found.file == __file__


def test_the_hint_works_when_typed(tmp_path):
    module = Direct()
    module.scale = 3.0
    made_anew = sm_magics.export(module, tmp_path / "anew")
    assert made_anew.verification.signatures[0].status == "equal"
    module = Direct()
    module.scale = tf.Variable(2.0)
    module.serve(tf.ones([1]))
    module.scale.assign(3.0)
    changed = sm_magics.export(module, tmp_path / "variable")
    assert changed.verification.signatures[0].status == "equal"


def test_a_decorated_call_of_keras_2(tmp_path):
    class Scaled(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.factor = 2.0

        @tf.function
        def call(self, x):
            return x * self.factor

    model = Scaled()
    model(tf.ones([2, 3]))
    model.factor = 3.0
    # Keras traces it once more for the export: which constant is the old one can't be told.
    assert "(`model.factor`)" in refused(model, tmp_path).hint


def test_an_attribute_behind_helpers_and_plain_objects(tmp_path):
    module = Deep()
    module.serve(tf.ones([1]))
    module.config.scale = 5.0
    assert "`model.config.scale` is 5.0 now" in refused(module, tmp_path).message


def test_an_array(tmp_path):
    module = Listed()
    module.serve(tf.ones([1]))
    module.mean = np.array([3.0, 4.0], "float32")
    assert "`model.mean` is array([3., 4.]" in refused(module, tmp_path).message


def test_an_attribute_of_what_the_object_holds(tmp_path):
    outer = Outer()
    outer.inner.serve(tf.ones([1]))
    outer.inner.scale = 3.0
    found = refused(outer, tmp_path, "inner.serve")
    assert "`model.inner.scale` is 3.0 now" in found.message


def test_a_global(tmp_path, monkeypatch):
    module = tf.Module()
    module.serve = tf.function(lambda x: x * FACTOR, input_signature=[VECTOR])
    module.serve(tf.ones([1]))
    monkeypatch.setitem(globals(), "FACTOR", 6.0)
    assert "`FACTOR` is 6.0 now" in refused(module, tmp_path).message


def test_what_leaves_no_constant_is_asked_about(tmp_path):
    module = Branching()
    module.serve(tf.ones([1]))
    module.is_scaled = False
    found = refused(module, tmp_path)
    assert "now" not in found.message
    assert "(`model.is_scaled`)" in found.hint


def test_no_value_is_blamed_that_did_not_change(tmp_path):
    class Counting(Direct):
        def __init__(self):
            super().__init__()
            self.seen = []

        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            self.seen.append(1)
            return x * self.scale + float(len(self.seen))

    module = Counting()
    module.serve(tf.ones([1]))
    assert "scale" not in refused(module, tmp_path).message


def test_no_property_runs():
    class Tempting(tf.Module):
        def __init__(self):
            super().__init__()
            self.config = Config()

        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            return x if self.config.name else self.config.loud

    found = {read.path: read.value for read in python_state.reads(Tempting().serve)}
    assert found == {}  # its owner is gone
    module = Tempting()
    found = {read.path: read.value for read in python_state.reads(module.serve)}
    assert found == {"self.config.name": "config"}


def test_variables_and_modules_are_no_plain_values():
    module = Direct()
    module.scale = tf.Variable(2.0)
    assert python_state.reads(module.serve) == []
