"""--flatten, --batch, --with-optimizer, and the text form for ragged and sparse tensors."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.testing import assert_allclose

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32)


@pytest.fixture(params=[keras, tf_keras], ids=["keras3", "tf_keras"])
def k(request):
    return request.param


class Nested(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"a": {"b": [x, x * 2.0]}, "none": None, "c": (x * 3.0,)}


def test_s17_nested_outputs_are_refused_with_the_names_that_flatten_gives(tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Nested(), tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM205"
    assert "--flatten (flatten=True) names them a.b.0, a.b.1, c.0" in found.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("signatures", [None, "serve", "serve(x: float32[None])"])
def test_s17_flattened_outputs_have_their_paths_as_names(exported, signatures):
    out = exported(Nested(), signatures, flatten=True)
    assert out.names() == (["x"], ["a.b.0", "a.b.1", "c.0"])
    served = out.serve(x=np.array([2.0], "float32"))
    assert_allclose([served["a.b.0"], served["a.b.1"], served["c.0"]], [[2.0], [4.0], [6.0]])
    assert out.result.verification.signatures[0].status == "equal"


def test_s17_flatten_leaves_what_has_names_alone(exported):
    class Named(tf.Module):
        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            return {"y": x}

    assert exported(Named(), flatten=True).names() == (["x"], ["y"])


def test_s17_two_leaves_of_one_name_are_refused(tmp_path):
    class Clash(tf.Module):
        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            return {"a": {"b": x}, "a.b": x}

    with pytest.raises(sm_magics.ExportError, match=r"two outputs would be called 'a\.b'"):
        sm_magics.export(Clash(), tmp_path / "out", flatten=True)


def test_s17_a_subclassed_model_with_nested_outputs(exported):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return {"head": {"a": self.dense(x), "b": x}}

    model = Model()
    model(np.ones((2, 3), "float32"))
    out = exported(model, flatten=True)
    assert out.names()[1] == ["head.a", "head.b"]
    value = np.ones((4, 3), "float32")
    assert_allclose(out.serve(x=value)["head.b"], value)


def subclassed(k):
    class Model(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Model()
    model(np.ones((2, 3), "float32"))
    return model


@pytest.mark.parametrize(("batch", "size"), [(None, "None"), ("free", "None"), ("fixed", "2")])
def test_s24_the_batch_is_free_unless_fixed(k, exported, batch, size):
    out = exported(subclassed(k), batch=batch)
    (signature,) = out.result.signatures
    assert str(signature.inputs[0]).endswith(f"float32[{size}, 3]")
    assert out.result.findings == ()


def rows(k):
    class Model(k.Model):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, x):
            return self.dense(x) + tf.zeros([int(x.shape[0]), 2])

    model = Model()
    model(np.ones((2, 3), "float32"))
    return model


def test_s24_a_body_that_needs_its_batch_size_is_sm206(k, exported):
    out = exported(rows(k))
    (found,) = out.result.findings
    assert (found.code, found.severity) == ("SM206", "warning")
    assert out.serve(**{out.names()[0][0]: np.ones((2, 3), "float32")})


def test_s24_a_fixed_batch_that_is_meant_is_silent(k, exported):
    assert exported(rows(k), batch="fixed").result.findings == ()


def test_s24_a_batch_that_can_not_be_freed_is_an_error(k, tmp_path):
    with pytest.raises(Exception, match="NoneType"):
        sm_magics.export(rows(k), tmp_path / "out", batch="free")
    assert not list(tmp_path.iterdir())


def test_s24_a_size_that_nothing_tells_can_not_be_fixed(k, exported, tmp_path):
    model = k.Sequential([k.Input((3,), name="x"), k.layers.Dense(2, name="out")])
    with pytest.raises(ValueError, match=r"--input 'x: float32\[5, 3\]'"):
        sm_magics.export(model, tmp_path / "out", batch="fixed")
    with pytest.raises(ValueError, match=r"--input 'x: float32\[5, 3\]'"):
        sm_magics.check(model, batch="fixed", inputs="x: float32[None, 3]")
    out = exported(model, batch="fixed", inputs="x: float32[5, 3]")
    assert str(out.result.signatures[0].inputs[0]) == "x: float32[5, 3]"


class Served(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def serve(self, x):
        return x

    @tf.function
    def free(self, x):
        return x


@pytest.mark.parametrize(
    ("keywords", "offer"),
    [
        ({}, r"-s 'serve\(x: float32\[5, 3\]\)'"),
        ({"signatures": "serve", "flatten": True}, r"-s 'serve\(x: float32\[5, 3\]\)'"),
        ({"signatures": "free", "inputs": "x: int32[None, 4]"}, r"--input 'x: int32\[5, 4\]'"),
    ],
)
def test_s24_a_function_of_any_size_is_not_fixed_silently(keywords, offer):
    with pytest.raises(ValueError, match=offer):
        sm_magics.check(Served(), batch="fixed", **keywords)


def test_s24_the_offered_size_is_served(exported):
    out = exported(Served(), "serve(x: float32[5, 3])", batch="fixed")
    assert str(out.result.signatures[0].inputs[0]) == "x: float32[5, 3]"


def test_inputs_other_than_those_of_the_input_signature_are_refused():
    with pytest.raises(ValueError, match=r"-s 'serve\(x: float32\[7, 3\]\)'"):
        sm_magics.check(Served(), inputs="x: float32[7, 3]")
    assert sm_magics.check(Served(), inputs="x: float32[None, 3]", ignore="SM108") == []


def test_s24_a_trace_of_fixed_size_can_not_be_freed(tmp_path):
    @tf.function
    def double(x):
        return x * 2.0

    concrete = double.get_concrete_function(tf.TensorSpec([2, 3]))
    with pytest.raises(ValueError, match=r"x: float32\[None, 3\]"):
        sm_magics.export(concrete, tmp_path / "out", batch="free")


def trained(k):
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    return model


def test_s28_without_the_optimizer_and_the_result_says_how_much_that_saved(k, exported):
    model = trained(k)
    out = exported(model)
    assert len(out.result.inspection.variables) == 2
    slots = 2 * (3 * 2 + 2) * 4
    assert slots < out.result.left_out < slots + 50
    assert "without" in str(out.result)
    assert out.result.findings == ()


def test_s28_with_the_optimizer_training_goes_on_where_it_was(k, exported):
    model = trained(k)
    out = exported(model, with_optimizer=True)
    (found,) = out.result.findings
    assert found.code == "SM109"
    assert "70 %" in found.message or "69 %" in found.message
    fresh = trained(k)
    fresh.fit(np.ones((4, 3)), np.zeros((4, 2)), verbose=0)
    tf.train.Checkpoint(fresh).restore(str(out.path)).expect_partial()
    for wanted, restored in zip(slot_values(model), slot_values(fresh), strict=True):
        assert_allclose(restored, wanted)


def slot_values(model):
    variables = model.optimizer.variables
    return [
        tf.convert_to_tensor(v).numpy() for v in (variables() if callable(variables) else variables)
    ]


class Parts(tf.Module):
    @tf.function
    def sums(self, words, counts):
        return {"sums": tf.reduce_sum(words, axis=1) + tf.sparse.reduce_sum(counts, axis=1)}


TEXT = "sums(words: ragged[float32[None, None]], counts: sparse[float32[None, 3]])"


def test_ragged_and_sparse_inputs_by_text(exported):
    out = exported(Parts(), TEXT + "  # [batch, words], [batch, counts]")
    told = [found for found in out.result.findings if found.code == "SM208"]
    assert "'words', 'words_1'" in told[0].message or "words, words_1" in told[0].message
    assert len(told) == 2
    served = out.serve(
        words=np.array([1, 2, 3], "float32"),
        words_1=np.array([0, 2, 3], "int64"),
        counts=np.array([[1, 2]], "int64"),
        counts_1=np.array([10.0], "float32"),
        counts_2=np.array([2, 3], "int64"),
    )
    assert_allclose(served["sums"], [3.0, 13.0])


def test_a_loaded_keras_export_can_be_called(k, exported):
    model = trained(k)
    out = exported(model)
    value = np.ones((5, 3), "float32")
    found = next(iter(out.loaded(tf.constant(value)).values()))
    assert_allclose(found, tf.convert_to_tensor(model(value)), rtol=1e-6)
