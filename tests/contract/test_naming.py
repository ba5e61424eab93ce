"""S10 to S19: what tensors, outputs and functions are called, and what is refused."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32)


def serving(body, *specs):
    """Return a module whose `serve` has the given body and input_signature."""
    module = tf.Module()
    module.serve = tf.function(body, input_signature=list(specs))
    return module


def named(name):
    return tf.TensorSpec([None], tf.float32, name=name)


def codes(found) -> list[str]:
    return [one.code for one in found]


class Attached(tf.Module):
    def __init__(self, inner=None):
        super().__init__()
        self.inner = inner

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * 2.0

    @tf.function
    def extra(self, x):
        return x * 3.0


def test_s10_traced_functions_are_usable_after_a_load(exported):
    module = Attached()
    module.extra(tf.constant([1.0, 2.0]))
    out = exported(module)
    assert out.result.findings == ()
    assert_allclose(out.loaded.extra(tf.constant([1.0, 2.0])), [3.0, 6.0])


def test_s10_each_untraced_function_is_warned_of_by_name(exported):
    out = exported(Attached(Attached()), "serve")
    found = [one for one in out.result.findings if one.code == "SM108"]
    assert {one.function for one in found} == {"extra", "inner.extra"}
    assert {one.severity for one in found} == {"warning"}
    assert all(one.function in one.message for one in found)
    with pytest.raises(ValueError, match="zero restored functions"):
        out.loaded.extra(tf.constant([1.0]))


def test_s10_a_strict_export_stops_at_an_untraced_function(tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Attached(), tmp_path / "out", strict=True)
    assert codes(raised.value.findings) == ["SM108"]
    assert not list(tmp_path.iterdir())


def test_s11_s12_inputs_are_the_arguments_names(exported):
    out = exported(serving(lambda first, second: first - 10.0 * second, VECTOR, VECTOR))
    assert out.names() == (["first", "second"], ["output_0"])
    feeds = {"second": np.array([1.0], "float32"), "first": np.array([2.0], "float32")}
    assert_allclose(out.run(**feeds)["output_0"], [-8.0])
    assert_allclose(out.serve(**feeds)["output_0"], [-8.0])
    with pytest.raises(TypeError):
        out.signatures["serving_default"](tf.constant([1.0]), tf.constant([2.0]))


def test_s12_variadic_arguments_are_numbered(exported):
    out = exported(serving(lambda *xs: xs[0] - 10.0 * xs[1], VECTOR, VECTOR))
    assert out.names() == (["xs_0", "xs_1"], ["output_0"])
    assert_allclose(out.serve(xs_0=[2.0], xs_1=[1.0])["output_0"], [-8.0])


@pytest.mark.parametrize("name", ["inp", "a.b", "9x", "a/b", "a-b", "a>b", ".dot", "A_1"])
def test_s13_the_spec_names_the_input(name, exported):
    out = exported(serving(lambda x: x * 2.0, named(name)))
    (written,), _ = out.names()
    assert_allclose(out.serve(**{written: [2.0]})["output_0"], [4.0])
    assert_allclose(out.run(**{written: [2.0]})["output_0"], [4.0])


@pytest.mark.parametrize("name", ["inp", "A_1"])
def test_s13_a_plain_name_is_kept_as_it_is(name, exported):
    out = exported(serving(lambda x: x * 2.0, named(name)))
    assert out.names()[0] == [name]


@pytest.mark.parametrize("name", ["my in", "a:0", "_l", "é"])
def test_s13_a_bad_name_is_an_error_that_tells_so(name, tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(serving(lambda x: x * 2.0, named(name)), tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM203"
    assert repr(name) in found.message
    assert not list(tmp_path.iterdir())


def test_s13_an_empty_name_means_the_argument(exported):
    out = exported(serving(lambda x: x * 2.0, named("")))
    assert out.names()[0] == ["x"]


def test_s14_several_tensors_in_one_argument_need_names(tmp_path):
    module = serving(lambda xs: xs[0] - xs[1], [VECTOR, VECTOR])
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(module, tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM204"
    assert "xs" in found.message
    assert "name=" in found.hint
    assert not list(tmp_path.iterdir())


def test_s14_named_tensors_in_one_argument_are_routed(exported):
    out = exported(serving(lambda xs: xs[0] - 10.0 * xs[1], [named("b"), named("a")]))
    assert sorted(out.names()[0]) == ["a", "b"]
    assert_allclose(out.run(a=[1.0], b=[2.0])["output_0"], [-8.0])
    assert_allclose(out.serve(a=[1.0], b=[2.0])["output_0"], [-8.0])


def test_s14_names_that_tensorflow_would_change_are_an_error(tmp_path):
    module = serving(lambda x, y: x - y, named("y"), VECTOR)
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(module, tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM204"
    assert "y_1" in found.message + found.hint


def test_s14_a_spec_of_one_tensor_in_a_list_is_fine(exported):
    out = exported(serving(lambda xs: xs[0] * 2.0, [named("only")]))
    assert out.names()[0] == ["only"]
    assert_allclose(out.serve(only=[2.0])["output_0"], [4.0])


@pytest.mark.parametrize(
    ("pack", "count"),
    [(lambda a, b: [a, b], 2), (lambda a, b: (a, b), 2), (lambda a, _: a, 1)],
    ids=["list", "tuple", "single"],
)
def test_s15_flat_outputs_are_numbered(pack, count, exported):
    out = exported(serving(lambda x: pack(x + 1.0, x + 2.0), VECTOR))
    assert out.names()[1] == [f"output_{index}" for index in range(count)]
    for answer in (out.run(x=[0.0]), out.serve(x=[0.0])):
        assert [answer[f"output_{i}"][0] for i in range(count)] == [1.0, 2.0][:count]


def test_s16_dict_outputs_name_themselves(exported):
    out = exported(serving(lambda x: {"z": x + 1.0, "a": x + 2.0}, VECTOR))
    assert sorted(out.names()[1]) == ["a", "z"]
    assert_allclose(out.serve(x=[0.0])["z"], [1.0])
    assert out.result.findings == ()


Parts = namedtuple("Parts", ["left", "right"])  # noqa: PYI024, the plain form is what people have


def test_s16_a_namedtuple_names_by_its_fields(exported):
    out = exported(serving(lambda x: Parts(x + 1.0, x + 2.0), VECTOR))
    assert out.names()[1] == ["left", "right"]
    assert_allclose(out.serve(x=[0.0])["right"], [2.0])


@pytest.mark.parametrize("key", ["", "a b/c:0"])
def test_s16_odd_keys_are_written_with_a_warning(key, exported):
    out = exported(serving(lambda x: {key: x + 1.0}, VECTOR))
    (found,) = out.result.findings
    assert (found.severity, found.code[:3]) == ("warning", "SM2")
    assert repr(key) in found.message
    assert_allclose(out.run(x=[0.0])[key], [1.0])
    assert_allclose(out.serve(x=[0.0])[key], [1.0])


@pytest.mark.parametrize(
    ("outputs", "leaf"),
    [
        (lambda x: {"a": {"b": x}}, "'a'"),
        (lambda x: {"a": x, "gone": None}, "'gone'"),
        (lambda x: {7: x}, "7"),
        (lambda x: [x, [x]], "output_1"),
    ],
    ids=["nested", "none", "int", "nested list"],
)
def test_s17_the_error_names_the_leaf(outputs, leaf, tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(serving(outputs, VECTOR), tmp_path / "out", "serve")
    (found,) = raised.value.findings
    assert found.code == "SM205"
    assert leaf in found.message
    assert not list(tmp_path.iterdir())


def test_s17_an_empty_list_is_refused(tmp_path):
    module = serving(lambda x: [] if x.shape.rank else x, VECTOR)
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(module, tmp_path / "out", "serve")
    assert codes(raised.value.findings) == ["SM205"]


def test_s17_flattening_is_offered_and_names_the_leaves(exported, tmp_path):
    module = serving(lambda x: {"a": {"b": [x + 1.0, x + 2.0]}, "c": x + 3.0}, VECTOR)
    with pytest.raises(sm_magics.ExportError, match="flatten"):
        sm_magics.export(module, tmp_path / "never", "serve")
    out = exported(module, "serve", flatten=True)
    assert sorted(out.names()[1]) == ["a.b.0", "a.b.1", "c"]
    for answer in (out.run(x=[0.0]), out.serve(x=[0.0])):
        assert [answer[name][0] for name in ("a.b.0", "a.b.1", "c")] == [1.0, 2.0, 3.0]


def test_s18_the_loaded_object_has_its_signatures(exported):
    module = Attached()
    out = exported(module, {"twice": module.serve})
    assert list(out.loaded.signatures) == ["twice"]
    answer = out.loaded.signatures["twice"](x=tf.constant([2.0]))
    assert_allclose(answer["output_0"], [4.0])


def with_attribute(value):
    module = Attached()
    module.signatures = value
    return module


class Looked(Attached):
    ran = False

    @property
    def signatures(self):
        type(self).ran = True
        return {}


@pytest.mark.parametrize(
    "value",
    [3, "text", {"a": 1}, [], lambda: 1, tf.Variable(1.0), tf.Module()],
    ids=lambda value: type(value).__name__,
)
def test_s19_an_attribute_called_signatures_always_raises(value, tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(with_attribute(value), tmp_path / "out")
    assert codes(raised.value.findings) == ["SM104"]
    assert not list(tmp_path.iterdir())


def test_s19_a_property_raises_without_being_run(tmp_path):
    with pytest.raises(sm_magics.ExportError, match="SM104"):
        sm_magics.export(Looked(), tmp_path / "out")
    assert not Looked.ran
    assert not list(tmp_path.iterdir())


def test_s19_through_the_magic(notebook, tmp_path):
    notebook.run("import tensorflow as tf\nmodule = tf.Module()\nmodule.signatures = 3")
    ran = notebook.run("%savedmodel export module out", fails=True)
    assert "SM104" in ran.stdout + ran.stderr + str(ran.error) + ran.shown
    assert not (tmp_path / "out").exists()
