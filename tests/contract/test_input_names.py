"""S11 to S14: whatever inputs are called, each reaches the argument that it is for."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.testing import assert_allclose

import sm_magics


def named(*names):
    return [tf.TensorSpec([], tf.float32, name=name) for name in names]


class Swapped(tf.Module):
    @tf.function(input_signature=named("y", "x"))
    def f(self, x, y):
        return x - 10.0 * y


class Rotated(tf.Module):
    @tf.function(input_signature=named("b", "c", "a"))
    def f(self, a, b, c):
        return {"out": a + 10.0 * b + 100.0 * c}


class Untyped(tf.Module):
    @tf.function
    def f(self, x, y):
        return x - 10.0 * y


@pytest.mark.parametrize(
    ("module", "feeds", "name", "answer"),
    [
        (Swapped(), {"y": 2.0, "x": 1.0}, "output_0", -8.0),
        (Rotated(), {"b": 1.0, "c": 2.0, "a": 3.0}, "out", 321.0),
    ],
    ids=["swapped", "rotated"],
)
def test_s13_names_of_other_parameters_are_routed_by_position(
    module, feeds, name, answer, exported
):
    out = exported(module)
    assert sorted(out.names()[0]) == sorted(feeds)
    assert_allclose(out.run(**feeds)[name], answer)
    assert_allclose(out.serve(**feeds)[name], answer)
    live = tf.nest.flatten(out.loaded.f(*map(tf.constant, feeds.values())))
    assert_allclose(live, [answer])


def test_s13_names_of_a_concrete_function_are_routed_by_position(exported):
    module = Untyped()
    out = exported(module, module.f.get_concrete_function(*named("y", "x")))
    assert_allclose(out.run(y=2.0, x=1.0)["output_0"], -8.0)
    assert_allclose(out.serve(y=2.0, x=1.0)["output_0"], -8.0)


def test_s14_names_that_differ_in_case_alone_are_an_error(tmp_path):
    class Cased(tf.Module):
        @tf.function(input_signature=named("X", "x"))
        def f(self, a, b):
            return a - b

    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Cased(), tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM204"
    assert "X, x_1" in found.hint
    assert not list(tmp_path.iterdir())


def test_s14_typed_names_that_differ_in_case_alone_are_an_error(tmp_path):
    with pytest.raises(sm_magics.ExportError, match="SM204"):
        sm_magics.export(Untyped(), tmp_path / "out", "f(X: float32[], x: float32[])")


@pytest.mark.parametrize("k", [keras, tf_keras])
@pytest.mark.parametrize(
    ("names", "written"), [(("X", "x"), ["X", "x_1"]), (("self", "x"), ["self_", "x"])]
)
def test_s25_names_that_tensorflow_refuses_are_made_others(k, names, written, exported):
    a, b = (k.Input((2,), name=name) for name in names)
    model = k.Model([a, b], k.layers.Subtract(name="out")([a, b]))
    out = exported(model)
    assert sorted(out.names()[0]) == sorted(written)
    feeds = dict(
        zip(written, (np.ones((1, 2), "float32"), np.zeros((1, 2), "float32")), strict=True)
    )
    assert_allclose(out.serve(**feeds)["out"], [[1.0, 1.0]])
    assert_allclose(out.run(**feeds)["out"], [[1.0, 1.0]])
