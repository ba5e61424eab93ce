"""SM211: aliases that would name nothing are found before anything is written."""

from __future__ import annotations

import keras
import pytest
import tensorflow as tf

import sm_magics

VECTOR = [tf.TensorSpec([None], tf.float32, "x")]
stray = tf.function(lambda x: x + 1.0, input_signature=VECTOR)


@tf.function(input_signature=VECTOR)
def called(x):
    return x * 2.0


class Pair(tf.Module):
    def __init__(self):
        super().__init__()
        self.inner = tf.Module()
        self.inner.embed = tf.function(lambda x: x * 3.0, input_signature=VECTOR)
        self.listed = [tf.function(lambda x: x * 4.0, input_signature=VECTOR)]

    @tf.function(input_signature=VECTOR)
    def serve(self, x):
        return called(x)

    @tf.function
    def free(self, x):
        return x


def dense():
    x = keras.Input((3,), name="x")
    return keras.Model(x, keras.layers.Dense(2)(x))


def refused(obj, function, tmp_path, **keywords):
    """Return the SM211 that an export and a check find alike, with nothing written."""
    keywords = {"options": {"function_aliases": {"q": function}}} | keywords
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(obj, tmp_path / "out", **keywords)
    assert not list(tmp_path.iterdir())
    found = [one for one in raised.value.findings if one.code == "SM211"]
    checked = [one for one in sm_magics.check(obj, **keywords) if one.code == "SM211"]
    assert checked == found
    return found[0]


def written(obj, function, path, **keywords):
    options = {"function_aliases": {"q": function}}
    result = sm_magics.export(obj, path, options=options, **keywords)
    return result.inspection.meta_graphs[0].aliases


def test_a_name_that_is_no_function_offers_those_that_are(tmp_path):
    found = refused(Pair(), "nosuch", tmp_path)
    assert "'nosuch' is no tf.function of the Pair" in found.message
    assert "--function-alias q=serve" in found.hint
    assert "--function-alias q=inner.embed" in found.hint
    assert "-s " not in found.hint


@pytest.mark.parametrize("name", ["call", "nosuch"])
def test_a_keras_model_says_what_can_be_aliased(name, tmp_path):
    found = refused(dense(), name, tmp_path)
    assert "is no tf.function" in found.message
    assert "@tf.function(input_signature=[...])" in found.hint


def test_a_trace_of_a_tf_function_names_its_maker(tmp_path):
    model = Pair()
    found = refused(model, model.serve.get_concrete_function(), tmp_path)
    assert "the save traces anew" in found.message
    assert found.hint.endswith("--function-alias q=serve")
    (line,) = {found.line}
    assert line is not None
    trace = model.free.get_concrete_function(*VECTOR)
    assert refused(model, [trace], tmp_path, signatures="serve").hint.endswith("q=free")


def test_a_function_that_is_no_part_of_the_object(tmp_path):
    found = refused(Pair(), stray, tmp_path)
    assert "is no part of the Pair, and nothing that is exported calls it" in found.message
    assert "--function-alias q=serve" in found.hint


def test_what_is_exported_can_be_aliased(tmp_path):
    model = Pair()
    model.kept = model.free.get_concrete_function(tf.TensorSpec([2], tf.float32))
    served = model.free.get_concrete_function(tf.TensorSpec([3], tf.float32, "x"))
    functions = [model.kept, model.serve, model.inner.embed, called, model.listed[0], model.free]
    for index, function in enumerate(functions):
        assert written(model, function, tmp_path / str(index), signatures="serve") == ("q",)
    assert written(model, served, tmp_path / "served", signatures={"k": served}) == ("q",)
    assert written(model, stray, tmp_path / "stray", signatures={"k": stray}) == ("q",)
    assert written(called, called, tmp_path / "itself") == ("q",)


@pytest.mark.parametrize(
    ("aliases", "says"),
    [
        ({"": called}, "an alias is a text, not empty"),
        ({3: called}, "an alias is a text"),
        ({"q": 3}, "'q' is given a int"),
        ({"q": lambda x: x}, "'q' is given a function"),
        ({"q": []}, "'q' is given a list"),
    ],
)
@pytest.mark.parametrize("make", [dict, tf.saved_model.SaveOptions])
def test_what_is_no_alias_is_refused(aliases, says, make, tmp_path):
    with pytest.raises(ValueError, match=says):
        sm_magics.export(Pair(), tmp_path / "out", options=make(function_aliases=aliases))
    assert not list(tmp_path.iterdir())


def test_check_takes_the_flags_of_the_save(notebook):
    notebook.run("import tensorflow as tf\nm = tf.Module()")
    notebook.run("m.serve = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])")
    checked = notebook.run("%savedmodel check m --function-alias q=nosuch")
    assert [found.code for found in checked.value] == ["SM211"]
    assert "--function-alias q=serve" in checked.value[0].hint
    assert not notebook.run("%savedmodel check m --function-alias q=serve --extra-tag gpu").value
    ran = notebook.run("%savedmodel check m --io-device nonsense", fails=True)
    assert "is no device here" in str(ran.error)
    assert "q=serve" in notebook.complete("%savedmodel check m --function-alias q=s")
