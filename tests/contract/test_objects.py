"""S05 to S08, S18, S42, S44: every kind of object, and every way to point at a function."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32)


class Encoder(tf.Module):
    def __init__(self, weight=2.0):
        super().__init__()
        self.weight = tf.Variable(weight)

    @tf.function(input_signature=[VECTOR])
    def embed(self, x):
        return {"embedding": x * self.weight}

    @tf.function
    def untyped(self, x):
        return x + self.weight


class Outer(tf.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.blocks = [Encoder(3.0), Encoder(4.0)]
        self.named = {"last": Encoder(5.0)}


CALLS = """import tensorflow as tf
weight = tf.Variable(3.0)
@tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
def scale(x):
    return {"scaled": x * weight}
"""


def test_s42_a_bare_function_follows_its_own_variables(exported):
    first, second = tf.Variable(3.0), tf.Variable([1.0, 1.0])

    @tf.function(input_signature=[tf.TensorSpec([2], tf.float32)])
    def combine(x):
        return x * first + second

    first.assign(4.0)
    out = exported(combine)
    assert len(out.result.inspection.variables) == 2
    assert_allclose(out.serve(x=np.array([1.0, 2.0], "float32"))["output_0"], [5.0, 9.0])
    assert_allclose(out.loaded.function(tf.constant([1.0, 2.0])), [5.0, 9.0])


def test_s42_a_bare_function_with_a_table(exported):
    rows = tf.lookup.KeyValueTensorInitializer(tf.constant(["a"]), tf.constant([1], tf.int64))
    table = tf.lookup.StaticHashTable(rows, -1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def lookup(words):
        return {"found": table.lookup(words)}

    out = exported(lookup)
    assert out.serve(words=np.array([b"a", b"z"], object))["found"].tolist() == [1, -1]


def test_s42_a_concrete_function_follows_its_variables(exported):
    weight = tf.Variable(3.0)
    concrete = tf.function(lambda x: x * weight).get_concrete_function(VECTOR)
    out = exported(concrete)
    assert_allclose(out.serve(x=np.array([2.0], "float32"))["output_0"], [6.0])
    assert_allclose(out.run(x=[2.0])["output_0"], [6.0])


def test_s42_a_bare_function_through_the_magic(notebook, tmp_path):
    notebook.run(CALLS)
    notebook.run("%savedmodel export scale out")
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    answer = loaded.signatures["serving_default"](x=tf.constant([2.0]))["scaled"]
    assert_allclose(answer, [6.0])


def test_s28_a_checkpoint_object_with_a_function_of_what_it_holds(exported):
    encoder = Encoder()
    out = exported(tf.train.Checkpoint(encoder=encoder), {"embed": encoder.embed})
    assert_allclose(out.serve("embed", x=[1.0])["embedding"], [2.0])
    other = tf.train.Checkpoint(encoder=Encoder(9.0))
    other.restore(str(out.path)).expect_partial()
    assert_allclose(other.encoder.weight, 2.0)


def test_s09_a_checkpoint_object_without_a_function_lists_the_choices(tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(tf.train.Checkpoint(encoder=Encoder()), tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM201"
    assert "-s encoder.embed" in found.hint


def test_s18_a_loaded_model_keeps_keys_names_and_weights(exported, tmp_path):
    encoder = Encoder()
    first = sm_magics.export(encoder, tmp_path / "first", {"a": encoder.embed, "b": encoder.embed})
    loaded = tf.saved_model.load(str(first.path))
    out = exported(loaded)
    assert [s.key for s in out.result.inspection.signatures] == ["a", "b"]
    for key in ("a", "b"):
        assert out.names(key) == (["x"], ["embedding"])
        assert_allclose(out.serve(key, x=[1.0])["embedding"], [2.0])


def test_s18_a_loaded_model_may_replace_itself(exported):
    once = exported(Encoder())
    again = exported(once.loaded)
    assert again.path == once.path
    assert_allclose(again.serve(x=[1.0])["embedding"], [2.0])


def test_s18_a_changed_variable_of_a_loaded_model_is_exported(exported):
    once = exported(Encoder())
    once.loaded.weight.assign(7.0)
    assert_allclose(exported(once.loaded).serve(x=[1.0])["embedding"], [7.0])


@pytest.mark.parametrize(
    ("path", "factor"),
    [
        ("encoder.embed", 2.0),
        ("blocks[0].embed", 3.0),
        ("blocks[1].embed", 4.0),
        ("named['last'].embed", 5.0),
    ],
)
def test_s08_nested_functions_by_their_path(path, factor, exported):
    out = exported(Outer(), f"found={path}")
    assert_allclose(out.serve("found", x=[1.0])["embedding"], [factor])


def test_s08_nested_functions_are_offered_and_the_offers_work(exported, tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Outer(), tmp_path / "never")
    (found,) = raised.value.findings
    for path in ("encoder.embed", "blocks[0].embed", "blocks[1].embed"):
        assert f"-s {path}" in found.hint
    assert_allclose(exported(Outer(), "blocks[1].embed").serve(x=[1.0])["embedding"], [4.0])


def test_s08_a_nested_function_with_its_inputs_spelled_out(exported):
    out = exported(Outer(), "plus=encoder.untyped(row: float32[None, 2])")
    assert out.names("plus") == (["row"], ["output_0"])
    assert_allclose(out.serve("plus", row=np.ones((1, 2)))["output_0"], [[3.0, 3.0]])


def test_s06_bound_methods_of_what_the_object_holds(exported):
    outer = Outer()
    out = exported(outer, {"one": outer.encoder.embed, "two": outer.blocks[1].embed})
    assert_allclose(out.serve("one", x=[1.0])["embedding"], [2.0])
    assert_allclose(out.serve("two", x=[1.0])["embedding"], [4.0])


def test_s44_functions_and_concrete_functions_in_one_dict(exported):
    encoder = Encoder()
    concrete = encoder.untyped.get_concrete_function(VECTOR)
    out = exported(encoder, {"typed": encoder.embed, "traced": concrete})
    assert_allclose(out.serve("typed", x=[1.0])["embedding"], [2.0])
    assert_allclose(out.serve("traced", x=[1.0])["output_0"], [3.0])
    assert len(out.result.inspection.variables) == 1


def test_s06_what_is_captured_must_belong_to_the_object(tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Encoder(), tmp_path / "out", {"other": Encoder(9.0).embed})
    assert {found.code for found in raised.value.findings} <= {"SM103", "SM105"}
    assert not list(tmp_path.iterdir())


def test_s05_a_dict_of_signatures_through_the_magic(notebook, tmp_path):
    notebook.run(CALLS)
    notebook.run(
        "class Two(tf.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.w = tf.Variable(2.0)\n"
        "    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])\n"
        "    def up(self, x):\n"
        "        return x * self.w\n"
        "    @tf.function\n"
        "    def down(self, x):\n"
        "        return x / self.w\n"
        "two = Two()"
    )
    notebook.run("%savedmodel export two out -s up=up -s 'down=down(x: float32[None])'")
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    assert_allclose(loaded.signatures["up"](x=tf.constant([3.0]))["output_0"], [6.0])
    assert_allclose(loaded.signatures["down"](x=tf.constant([3.0]))["output_0"], [1.5])
