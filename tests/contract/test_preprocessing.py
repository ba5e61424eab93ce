"""S30 on Keras: preprocessing layers keep their vocabularies and statistics in the export."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.testing import assert_allclose


@pytest.fixture(params=[keras, tf_keras], ids=["keras3", "tf_keras"])
def k(request):
    return request.param


def texts(*rows) -> np.ndarray:
    return np.array([[row] for row in rows], object)


def over(k, layer, dtype, shape=(1,)):
    inputs = k.Input(shape, name="x", dtype=dtype)
    outputs = layer(inputs)
    return k.Model(inputs, outputs)


def fitted_words(k):
    layer = k.layers.TextVectorization(output_mode="int", output_sequence_length=4)
    layer.adapt(tf.constant(["a red fox", "a blue bird", "a red bird"]))
    return layer


def fitted_lookup(k):
    layer = k.layers.StringLookup()
    layer.adapt(tf.constant([["red"], ["blue"], ["red"]]))
    return layer


def counts(k):
    return k.layers.TextVectorization(vocabulary=["a", "red", "bird"], output_mode="count")


LOOKUPS = {
    "StringLookup": (lambda k: k.layers.StringLookup(vocabulary=["red", "blue"]), "string"),
    "StringLookup adapted": (fitted_lookup, "string"),
    "StringLookup one hot": (
        lambda k: k.layers.StringLookup(vocabulary=["red", "blue"], output_mode="multi_hot"),
        "string",
    ),
    "IntegerLookup": (lambda k: k.layers.IntegerLookup(vocabulary=[12, 36]), "int64"),
    "TextVectorization": (fitted_words, "string"),
    "TextVectorization counts": (counts, "string"),
    "Hashing": (lambda k: k.layers.Hashing(num_bins=5), "string"),
    "CategoryEncoding": (
        lambda k: k.layers.CategoryEncoding(num_tokens=40, output_mode="multi_hot"),
        "int64",
    ),
    "Discretization": (lambda k: k.layers.Discretization([0.0, 20.0]), "float32"),
}
ROWS = {
    "string": texts("red", "a blue bird", "none"),
    "int64": np.array([[36], [12], [5]], "int64"),
    "float32": np.array([[-1.0], [36.0], [5.0]], "float32"),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_s30_preprocessing_layers_answer_as_they_did(name, k, exported):
    build, dtype = LOOKUPS[name]
    model = over(k, build(k), dtype)
    live = model(tf.constant(ROWS[dtype])).numpy()
    out = exported(model, target="cpu")
    assert out.result.findings == ()
    assert out.result.verification.signatures[0].status == "equal"
    (output,) = out.names()[1]
    assert_allclose(out.run(x=ROWS[dtype])[output], live)
    assert_allclose(out.serve(x=ROWS[dtype])[output], live)


def test_s30_normalization_keeps_its_statistics(k, exported):
    layer = k.layers.Normalization()
    layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]], "float32"))
    model = over(k, layer, "float32", (2,))
    rows = np.array([[2.0, 40.0]], "float32")
    out = exported(model)
    (output,) = out.names()[1]
    assert out.result.findings == ()
    assert_allclose(out.serve(x=rows)[output], [[0.0, 2.0]], atol=1e-5)


@pytest.mark.parametrize("by", ["file", "list"])
def test_s30_a_vocabulary_survives_the_loss_of_its_file(by, k, exported, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("red\nblue\n")
    layer = k.layers.StringLookup(vocabulary=str(path) if by == "file" else ["red", "blue"])
    model = over(k, layer, "string")
    out = exported(model)
    path.unlink()
    (output,) = out.names()[1]
    rows = texts("blue", "none", "red")
    assert out.serve(x=rows)[output].ravel().tolist() == [2, 0, 1]
    assert out.run(x=rows)[output].ravel().tolist() == [2, 0, 1]


def test_s30_text_to_score_in_one_model(k, exported):
    inputs = k.Input((1,), name="review", dtype="string")
    words = k.layers.TextVectorization(vocabulary=["bad", "good"], output_sequence_length=3)
    hidden = k.layers.Flatten()(k.layers.Embedding(4, 2)(words(inputs)))
    model = k.Model(inputs, k.layers.Dense(1, name="score")(hidden))
    rows = texts("good film", "a bad one")
    out = exported(model, target="cpu")
    assert out.names() == (["review"], ["score"])
    assert out.result.findings == ()
    assert_allclose(out.serve(review=rows)["score"], model(tf.constant(rows)), rtol=1e-5)


def test_s30_a_mixed_table_of_columns(k, exported):
    age, town = k.Input((1,), name="age"), k.Input((1,), name="town", dtype="string")
    scaled = k.layers.Normalization(mean=40.0, variance=100.0)(age)
    towns = k.layers.StringLookup(vocabulary=["Rome", "Oslo"], output_mode="multi_hot")(town)
    joined = k.layers.Concatenate()(
        [scaled, k.layers.Lambda(lambda t: tf.cast(t, "float32"))(towns)]
    )
    model = k.Model({"age": age, "town": town}, k.layers.Dense(1, name="y")(joined))
    feeds = {"age": np.array([[30.0], [50.0]], "float32"), "town": texts("Oslo", "Bonn")}
    live = model({name: tf.constant(value) for name, value in feeds.items()})
    out = exported(model, target="cpu")
    assert out.result.findings == ()
    assert_allclose(out.serve(**feeds)["y"], live, rtol=1e-5)
