"""SM112: a gradient that can't be traced is found by the check, one trace for each body."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

import sm_magics

VECTOR = [tf.TensorSpec([None], tf.float32, "x")]
traced = []


@tf.custom_gradient
def broken(x):
    return tf.identity(x), lambda upstream: tf.constant(upstream.numpy())  # <- SM112


@tf.custom_gradient
def sound(x):
    def gradient(upstream):
        traced.append(x)
        return upstream * 2.0

    return tf.identity(x), gradient


def module(function):
    made = tf.Module()
    made.serve = tf.function(function, input_signature=VECTOR)
    return made


LINE = 1 + next(
    number
    for number, line in enumerate(Path(__file__).read_text("utf-8").split("\n"))
    if line.endswith("# <- SM112")
)


@pytest.mark.parametrize(
    "function",
    [
        broken,
        lambda x: tf.cond(tf.size(x) > 1, lambda: broken(x), lambda: x),
        lambda x: broken(sound(x)),
    ],
)
def test_sm112_is_found_by_the_check_at_its_line(function, tmp_path, monkeypatch):
    (found,) = sm_magics.check(module(function))
    assert (found.code, str(found.severity)) == ("SM112", "error")
    assert (found.file, found.line) == (__file__, LINE)
    assert "--no-custom-gradients" in found.hint
    monkeypatch.setattr(tf.saved_model, "save", None)  # never reached
    with pytest.raises(sm_magics.ExportError, match="SM112"):
        sm_magics.export(module(function), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_sm112_is_silent_where_gradients_are_left_out(tmp_path):
    options = {"experimental_custom_gradients": False}
    assert sm_magics.check(module(broken), options=options) == []
    assert sm_magics.export(module(broken), tmp_path / "out", options=options).findings == ()


def test_sm112_traces_each_body_once():
    def often(x):
        for _ in range(60):
            x = sound(x)
        return x

    traced.clear()
    assert sm_magics.check(module(often)) == []
    assert len(traced) == 1


def test_gradients_of_a_loaded_model_are_sound(tmp_path):
    sm_magics.export(module(sound), tmp_path / "out")
    assert sm_magics.check(tf.saved_model.load(str(tmp_path / "out"))) == []
