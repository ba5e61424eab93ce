"""SM103, SM105 and SM108 for vocabularies, functions in containers, and functions by themselves."""

from __future__ import annotations

import gc

import pytest
import tensorflow as tf

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32, name="x")
GLOBAL = tf.Variable(2.0)


def vocabulary():
    words = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64))
    return tf.lookup.StaticVocabularyTable(words, 2)


def test_a_vocabulary_is_tracked(tmp_path):
    class Words(tf.Module):
        def __init__(self):
            super().__init__()
            self.vocabulary = vocabulary()

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def serve(self, words):
            return self.vocabulary.lookup(words)

    result = sm_magics.export(Words(), tmp_path / "out", target="cpu")
    assert result.findings == ()
    assert result.verification.signatures[0].status == "equal"
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    assert loaded.serve(tf.constant(["b"])).numpy().tolist() == [1]


def holding(functions):
    module = tf.Module()
    module.serve = tf.function(lambda x: x, input_signature=[VECTOR])
    module.held = functions
    return module


def untracked():
    return tf.function(lambda x: x * GLOBAL, input_signature=[VECTOR])


def deleted():
    kept = [tf.Variable(2.0)]
    function = tf.function(lambda x: x * kept[0], input_signature=[VECTOR])
    function.get_concrete_function()
    kept.clear()
    gc.collect()
    return function


@pytest.mark.parametrize(
    ("functions", "path"),
    [
        (lambda f: [f], "held[0]"),
        (lambda f: {"a b": f}, "held['a b']"),
        (lambda f: (f,), "held[0]"),
    ],
)
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (untracked, "SM103"),
        (deleted, "SM105"),
        (lambda: tf.function(lambda x: x), "SM108"),
        (lambda: tf.function(lambda x: x + tf.zeros([20_000_000])[0], [VECTOR]), None),
        (lambda: tf.function(lambda x: x + LARGE[0], input_signature=[VECTOR]), "SM110"),
    ],
)
def test_functions_in_containers(functions, path, make, code):
    findings = sm_magics.check(holding(functions(make())), "serve")
    assert [(f.code, f.function) for f in findings] == ([(code, path)] if code else [])


LARGE = tf.random.stateless_uniform([20_000_000], [1, 2])


def test_functions_in_containers_are_exported(tmp_path):
    double = tf.function(lambda x: x * 2.0, input_signature=[VECTOR])
    module = holding([double, {"again": double}])
    assert sm_magics.export(module, tmp_path / "out", "serve").findings == ()
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    assert loaded.held[0](tf.constant([3.0])).numpy().tolist() == [6.0]
    assert loaded.held[1]["again"](tf.constant([3.0])).numpy().tolist() == [6.0]


def test_a_loaded_model_is_exported_again_without_findings(tmp_path):
    double = tf.function(lambda x: x * GLOBAL, input_signature=[VECTOR])
    module = holding([double])
    module.scale = GLOBAL
    sm_magics.export(module, tmp_path / "out", "serve")
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    result = sm_magics.export(loaded, tmp_path / "again")
    assert result.findings == ()


@pytest.mark.parametrize("concrete", [False, True])
def test_sm105_for_a_function_by_itself(concrete):
    function = deleted()
    if concrete:
        (function,) = function._list_all_concrete_functions()
    (found,) = sm_magics.check(function)
    assert found.code == "SM105"
    assert "self." not in found.hint
