"""S04 to S09: which functions of an object are served, under which names."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32)


class Adder(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec(shape=None, dtype=tf.float32)])
    def add(self, x):
        return x + x + 1.0


class Pair(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def double(self, x):
        return x * 2.0

    @tf.function(input_signature=[VECTOR])
    def triple(self, x):
        return {"tripled": x * 3.0}


class Mixed(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * 5.0

    @tf.function
    def helper(self, x):
        return x


class Untyped(tf.Module):
    @tf.function
    def call(self, x):
        return x * 7.0


class Outer(tf.Module):
    def __init__(self):
        super().__init__()
        self.inner = Adder()


def bodies(result: sm_magics.Result, op: str) -> int:
    """Return how often an op type that only the body has was stored."""
    return result.inspection.ops.get(op, 0)


def test_s04_adder_takes_x_of_any_shape(exported):
    out = exported(Adder())
    (signature,) = out.result.signatures
    assert [str(spec) for spec in signature.inputs] == ["x: float32[...]"]
    assert out.names() == (["x"], ["output_0"])
    for shape in [(), (3,), (2, 3)]:
        value = np.ones(shape, "float32")
        assert_allclose(out.run(x=value)["output_0"], 3.0 * value)
        assert_allclose(out.serve(x=value)["output_0"], 3.0 * value)


def test_s05_served_and_loadable_are_shown_apart(exported):
    out = exported(Pair(), signatures="double")
    assert [s.key for s in out.result.inspection.signatures] == ["serving_default"]
    loadable = {function.path for function in out.result.inspection.functions}
    assert {"double", "triple"} <= loadable
    assert_allclose(out.loaded.triple(tf.constant([2.0]))["tripled"], [6.0])


def test_s06_function_with_input_signature_is_passed_directly(exported):
    pair = Pair()
    out = exported(pair, pair.triple)
    assert out.names() == (["x"], ["tripled"])
    assert_allclose(out.serve(x=np.array([2.0], "float32"))["tripled"], [6.0])


def test_s06_function_that_is_no_part_of_the_object(exported):
    @tf.function(input_signature=[VECTOR])
    def outside(x):
        return x - 1.0

    out = exported(Adder(), {"minus": outside})
    assert_allclose(out.run("minus", x=[2.0])["output_0"], [1.0])


def test_s06_without_input_signature_its_traces_are_offered(tmp_path):
    module = Untyped()
    module.call(tf.zeros([2, 3]))
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(module, tmp_path / "out", module.call)
    (found,) = raised.value.findings
    assert found.code == "SM202"
    assert "call(x: float32[None, 3])" in found.hint
    assert not list(tmp_path.iterdir())


def test_s06_the_offer_works_when_typed(exported):
    module = Untyped()
    module.call(tf.zeros([2, 3]))
    out = exported(module, "serving_default=call(x: float32[2, 3])")
    assert_allclose(out.serve(x=np.ones((2, 3), "float32"))["output_0"], np.full((2, 3), 7.0))


def test_s07_concrete_function_is_accepted_and_its_body_stored_once(exported):
    class Sines(tf.Module):
        @tf.function(input_signature=[VECTOR])
        def sine(self, x):
            return tf.sin(x)

    module = Sines()
    out = exported(module, module.sine.get_concrete_function())
    assert_allclose(out.serve(x=np.array([1.0], "float32"))["output_0"], np.sin([1.0]), rtol=1e-6)
    assert bodies(out.result, "Sin") == 1


def test_s07_concrete_function_for_a_spec_with_a_name(exported):
    module = Untyped()
    concrete = module.call.get_concrete_function(tf.TensorSpec([None, 3], tf.float32, name="inp"))
    out = exported(module, concrete)
    assert out.names() == (["inp"], ["output_0"])
    assert_allclose(out.serve(inp=np.ones((4, 3), "float32"))["output_0"], np.full((4, 3), 7.0))


def test_s08_only_the_objects_own_functions_are_searched(tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Outer(), tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM201"
    assert "-s inner.add" in found.hint


def test_s08_the_nested_choice_works_when_typed(exported):
    out = exported(Outer(), "inner.add")
    assert_allclose(out.serve(x=np.array([1.0], "float32"))["output_0"], [3.0])


def test_s09_the_only_servable_function_is_the_default_and_says_so(exported):
    out = exported(Mixed())
    (signature,) = out.result.signatures
    assert signature.key == "serving_default"
    assert signature.function == "serve"
    assert "only servable" in signature.why
    assert "helper" in signature.why
    assert_allclose(out.serve(x=np.array([1.0], "float32"))["output_0"], [5.0])


def test_s09_two_functions_are_an_error_with_a_flag_for_each(tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Pair(), tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM201"
    assert "-s double" in found.hint
    assert "-s triple" in found.hint
    assert not list(tmp_path.iterdir())


def test_s09_no_signature_is_written_only_when_asked_for(exported):
    out = exported(Pair(), allow_no_signature=True)
    assert out.result.inspection.signatures == ()
    assert_allclose(out.loaded.double(tf.constant([2.0])), [4.0])


def test_s09_bad_outputs_do_not_count(exported):
    class OneGood(tf.Module):
        @tf.function(input_signature=[VECTOR])
        def nested(self, x):
            return {"a": {"b": x}}

        @tf.function(input_signature=[VECTOR])
        def good(self, x):
            return x + 1.0

    out = exported(OneGood())
    assert out.result.signatures[0].function == "good"
    assert_allclose(out.serve(x=np.array([1.0], "float32"))["output_0"], [2.0])


def test_s17_outputs_that_have_no_names_are_refused(tmp_path):
    class Nested(tf.Module):
        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            return {"a": {"b": x}}

    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Nested(), tmp_path / "out", "serve")
    (found,) = raised.value.findings
    assert found.code == "SM205"
    assert "'a'" in found.message
    assert not list(tmp_path.iterdir())


def test_s42_a_bare_function_is_exported_with_its_variables(exported):
    weight = tf.Variable(3.0)

    @tf.function(input_signature=[VECTOR])
    def scale(x):
        return {"scaled": x * weight}

    out = exported(scale)
    assert_allclose(out.serve(x=np.array([2.0], "float32"))["scaled"], [6.0])


def test_s42_a_bare_function_without_input_signature_takes_the_offer(exported, tmp_path):
    @tf.function
    def double(x):
        return x * 2.0

    double(tf.zeros([3]))
    with pytest.raises(sm_magics.ExportError, match="--input 'x: float32") as raised:
        sm_magics.export(double, tmp_path / "never")
    assert raised.value.findings[0].code == "SM202"
    out = exported(double, inputs="x: float32[None]")
    assert_allclose(out.serve(x=np.array([2.0], "float32"))["output_0"], [4.0])


def test_s42_a_concrete_function_is_exported(exported):
    @tf.function
    def double(x):
        return x * 2.0

    out = exported(double.get_concrete_function(VECTOR))
    assert_allclose(out.serve(x=np.array([2.0], "float32"))["output_0"], [4.0])


@pytest.mark.parametrize("obj", [3, None, [1], {"a": 1}, Adder, lambda x: x, "text"])
def test_s42_what_is_not_trackable_is_a_value_error(obj, tmp_path):
    with pytest.raises(ValueError, match="SM101"):
        sm_magics.export(obj, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_s47_refused_while_a_graph_is_built(tmp_path):
    adder = Adder()
    with tf.Graph().as_default(), pytest.raises(RuntimeError, match="eager"):
        sm_magics.export(adder, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_s49_refused_inside_a_function(tmp_path):
    adder = Adder()

    @tf.function
    def body():
        sm_magics.export(adder, tmp_path / "out")

    with pytest.raises(AssertionError, match="inside"):
        body()
    assert not list(tmp_path.iterdir())


def test_a_loaded_model_keeps_its_signatures(exported):
    first = exported(Pair(), ["double", "other=triple"])
    again = exported(first.loaded)
    assert_allclose(again.serve("other", x=np.array([2.0], "float32"))["tripled"], [6.0])
    assert_allclose(again.run(x=[2.0])["output_0"], [4.0])
