"""S40, S41, S44 to S46: aliases, forms of signatures, and every field of SaveOptions."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from tensorflow.core.protobuf import saved_model_pb2

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32)
PAGE_EXAMPLE = """import tensorflow as tf
class MyModel(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def func(self, x):
        return x + 1.0
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def serve(self, x):
        return {"y": self.func(x) * 2.0}
model = MyModel()
"""


class Model(tf.Module):
    def __init__(self):
        super().__init__()
        self.offset = tf.Variable(1.0)

    @tf.function
    def func(self, x):
        return x + self.offset

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": self.func(x) * 2.0}


def written(directory):
    proto = saved_model_pb2.SavedModel.FromString((directory / "saved_model.pb").read_bytes())
    return proto.meta_graphs[0]


def aliases(directory) -> dict[str, str]:
    return dict(written(directory).meta_info_def.function_aliases)


def library(directory) -> set[str]:
    return {function.signature.name for function in written(directory).graph_def.library.function}


def test_s40_every_alias_stands_for_a_function_of_the_library(exported):
    model = Model()
    out = exported(model, options={"function_aliases": {"my_func": model.func}})
    found = aliases(out.path)
    assert set(found.values()) == {"my_func"}
    assert set(found) <= library(out.path)
    assert_allclose(out.serve(x=[1.0])["y"], [4.0])


def test_s40_traces_made_before_leave_no_dangling_alias(exported):
    model = Model()
    model.func(tf.constant([1.0]))
    model.func(tf.constant([1.0, 2.0]))
    out = exported(model, options={"function_aliases": {"my_func": model.func}})
    found = aliases(out.path)
    assert found
    assert set(found) <= library(out.path)


def test_s40_an_alias_of_an_untraced_function_is_an_error(tmp_path):
    model = Model()

    @tf.function
    def never(x):
        return x

    with pytest.raises(sm_magics.ExportError, match=r"never|nothing"):
        sm_magics.export(model, tmp_path / "out", options={"function_aliases": {"nothing": never}})
    assert not list(tmp_path.iterdir())


def test_s40_an_untraced_alias_has_its_code(tmp_path):
    @tf.function
    def never(x):
        return x

    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Model(), tmp_path / "out", options={"function_aliases": {"a": never}})
    assert [found.code for found in raised.value.findings] == ["SM211"]


def test_s41_the_repaired_example_works_as_a_cell(notebook, tmp_path):
    notebook.run("%%savedmodel out -s serve --function-alias my_func=func\n" + PAGE_EXAMPLE)
    found = aliases(tmp_path / "out")
    assert set(found.values()) == {"my_func"}
    assert set(found) <= library(tmp_path / "out")
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    assert_allclose(loaded.signatures["serving_default"](x=tf.constant([1.0]))["y"], [4.0])


@pytest.mark.parametrize("form", ["function", "concrete", "dict"])
def test_s44_three_forms_of_signatures(form, exported):
    model = Model()
    given = {
        "function": lambda: model.serve,
        "concrete": model.serve.get_concrete_function,
        "dict": lambda: {"serving_default": model.serve},
    }[form]()
    out = exported(model, given)
    assert out.names() == (["x"], ["y"])
    assert_allclose(out.serve(x=np.array([1.0], "float32"))["y"], [4.0])


@pytest.mark.python_only("a line has no lists")
def test_s44_a_list_of_functions_is_a_value_error(tmp_path):
    model = Model()
    with pytest.raises(ValueError, match=r"pass a tf\.function"):
        sm_magics.export(model, tmp_path / "out", [model.serve])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["a key / with:all", "größe", "__serve", "serving_default"])
def test_s45_any_string_is_a_key(key, exported):
    model = Model()
    out = exported(model, {key: model.serve})
    assert_allclose(out.serve(key, x=np.array([1.0], "float32"))["y"], [4.0])


@pytest.mark.python_only("an empty key can't be typed")
def test_s45_even_the_empty_string_is_a_key(exported):
    model = Model()
    assert list(exported(model, {"": model.serve}).signatures) == [""]


@pytest.mark.python_only("keys that are no text")
@pytest.mark.parametrize("key", ["__saved_model_init_op", "__saved_model_train_op", 3, None, b"k"])
def test_s45_reserved_and_other_keys_are_refused(key, tmp_path):
    model = Model()
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(model, tmp_path / "out", {key: model.serve})
    assert [found.code for found in raised.value.findings] == ["SM209"]
    assert repr(key) in raised.value.findings[0].message
    assert not list(tmp_path.iterdir())


def test_s46_options_are_built_from_a_dict(exported):
    out = exported(Model(), options={"save_debug_info": True, "extra_tags": ["cpu"]})
    assert (out.path / "debug/saved_model_debug_info.pb").exists()
    assert set(out.result.inspection.tags) == {"serve", "cpu"}


@pytest.mark.python_only("an object")
def test_s46_a_save_options_is_taken_as_it_is(exported):
    out = exported(Model(), options=tf.saved_model.SaveOptions(save_debug_info=True))
    assert (out.path / "debug/saved_model_debug_info.pb").exists()
    assert_allclose(out.serve(x=[1.0])["y"], [4.0])


@pytest.mark.python_only("values that are no text")
@pytest.mark.parametrize("options", [{"no_such": 1}, {"extra_tags": "gpu"}, {"io_device": "x:y"}])
def test_s46_what_makes_no_sense_is_refused_before_writing(options, tmp_path):
    with pytest.raises(ValueError, match=next(iter(options))):
        sm_magics.export(Model(), tmp_path / "out", options=options)
    assert not list(tmp_path.iterdir())


def test_s46_sharding_splits_the_checkpoint(exported):
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.tables = [tf.Variable(tf.ones([200])), tf.Variable(tf.ones([200]))]

    out = exported(Two(), options={"sharding_callback": "1KB"})
    assert len(list(out.path.glob("variables/variables.data-*"))) > 1
    assert_allclose(out.serve(x=[1.0])["y"], [4.0])
    assert_allclose(out.loaded.tables[1], np.ones(200))


@pytest.mark.parametrize("policy", ["none", "save_variable_devices"])
def test_s46_variable_policies(policy, exported):
    out = exported(Model(), options={"experimental_variable_policy": policy})
    assert_allclose(out.serve(x=[1.0])["y"], [4.0])


class Checked(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": tf.debugging.check_numerics(x, "bad") * 2.0}


def test_s46_the_debug_stripper_takes_the_checks_out(exported):
    out = exported(Checked(), options={"debug_stripper": True})
    assert np.isnan(out.serve(x=[np.nan])["y"]).all()
    with pytest.raises(tf.errors.InvalidArgumentError):
        exported(Checked()).serve(x=[np.nan])


def test_s46_without_custom_gradients_it_still_serves(exported):
    class Clipped(tf.Module):
        def __init__(self):
            super().__init__()

            @tf.custom_gradient
            def clip(x):
                return x * 2.0, lambda upstream: upstream * 0.5

            self.clip = clip

        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            return {"y": self.clip(x)}

    for kept in (True, False):
        out = exported(Clipped(), options={"custom_gradients": kept})
        assert_allclose(out.serve(x=[3.0])["y"], [6.0])


def test_s46_without_a_saver_python_still_loads_it(exported):
    out = exported(Model(), options={"experimental_skip_saver": True})
    assert_allclose(out.run(x=[1.0])["y"], [4.0])
    assert (
        not written(out.path).saver_def.restore_op_name
        if written(out.path).HasField("saver_def")
        else True
    )


def test_s46_the_image_format_is_refused_with_the_reason(tmp_path):
    with pytest.raises(ValueError, match="open-source build"):
        sm_magics.export(Model(), tmp_path / "out", options={"experimental_image_format": True})
    assert not list(tmp_path.iterdir())


def test_s46_the_namespace_list(exported):
    out = exported(Model(), options={"namespace_whitelist": ["Text"]})
    assert_allclose(out.serve(x=[1.0])["y"], [4.0])
