"""Inputs that do not fit the function are refused, with some that do."""

from __future__ import annotations

import inspect

import pytest
import tensorflow as tf

import sm_magics


class Both(tf.Module):
    @tf.function
    def free(self, x, y):
        return x - y

    @tf.function
    def many(self, x, *rest):
        return tf.add_n([x, *rest])

    @tf.function
    def more(self, x, *, scale, offset=1.0):
        return x * scale + offset

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def serve(self, x):
        return x


def line(name):
    lines, start = inspect.getsourcelines(Both)
    return start + next(at for at, text in enumerate(lines) if f"def {name}(" in text)


@pytest.mark.parametrize(
    ("typed", "says", "offer"),
    [
        ("free(x: float32[None, 3])", "'y'", "-s 'free(x: float32[None, 3], y: float32[None])'"),
        ("k=free(x: int32[])", "'y'", "-s 'k=free(x: int32[], y: float32[None])'"),
        ("free(a: int32[])", "'y'", "-s 'free(x: int32[], y: float32[None])'"),
        (
            "free(a: int32[], b: int32[], c: int32[])",
            "too many",
            "-s 'free(x: int32[], y: int32[])'",
        ),
        (
            "free(y: float32[], q: float32[])",
            "'q' is no parameter of it, 'y' is",
            "-s 'free(y: float32[], x: float32[])'",
        ),
        (
            "free(q: float32[], x: float32[])",
            "'q' is no parameter of it, 'x' is",
            "-s 'free(y: float32[], x: float32[])'",
        ),
        (
            "many(rest_0: float32[], x: float32[])",
            "'rest_0' is no parameter",
            "-s 'many(x: float32[])'",
        ),
        ("more(x: float32[])", "'scale'", "-s 'more(x: float32[], scale: float32[None])'"),
        ("serve(x: int32[None, 3])", "'x: float32[None, 3]'", "-s serve "),
        ("serve(a: float32[4])", "'x: float32[None, 3]'", "-s serve "),
        ("serve(x: float32[None, 3], y: float32[])", "'y' is no parameter", "-s serve "),
        ("serve(a: float32[None, 3], y: float32[])", "too many", "-s serve "),
    ],
)
def test_sm202_inputs_that_do_not_fit(typed, says, offer):
    (found,) = sm_magics.check(Both(), typed)
    name = typed.partition("(")[0].rpartition("=")[2]
    assert (found.code, found.severity, found.function) == ("SM202", "error", name)
    assert found.line == line(name)
    assert says in found.message
    assert offer in found.hint


@pytest.mark.parametrize(
    "typed",
    [
        "free(y: float32[], x: float32[])",
        "free(p: float32[], q: float32[])",
        "many(x: float32[], rest_0: float32[])",
        "more(scale: float32[], x: float32[])",
        "serve(x: float32[2, 3])",
        "serve(rows: float32[None, 3])",
    ],
)
def test_inputs_that_fit_are_silent(typed):
    assert sm_magics.check(Both(), typed, ignore="SM108") == []


def test_sm202_a_bare_function_offers_inputs():
    @tf.function
    def difference(x, y):
        return x - y

    (found,) = sm_magics.check(difference, inputs="x: float32[]")
    assert found.code == "SM202"
    assert "--input 'x: float32[], y: float32[None]'" in found.hint


@pytest.mark.parametrize("inputs", ["x: int32[]", "x: float32[], q: float32[]", "a: float32[]"])
def test_sm202_a_trace_takes_what_it_takes(inputs):
    spec = tf.TensorSpec([], tf.float32)
    trace = Both().free.get_concrete_function(spec, spec)
    (found,) = sm_magics.check(trace, inputs=inputs)
    assert found.code == "SM202"


def test_a_loaded_function_is_served_for_what_it_was_saved_with(tmp_path):
    module = Both()
    module.free(tf.ones([2]), tf.ones([2]))
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert sm_magics.check(loaded, "free(y: float32[2], x: float32[2])", ignore="SM108") == []
    assert sm_magics.check(loaded, "free(a: float32[2], b: float32[2])", ignore="SM108") == []
    (found,) = sm_magics.check(loaded, "free(x: float32[2])", ignore="SM108")
    assert found.code == "SM202"
