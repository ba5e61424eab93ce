"""What the hints of SM103 and SM106 say to type is typed, and the export that was refused works."""

from __future__ import annotations

import re
import sys

import pytest
import tensorflow as tf

IMPORTS = "import keras, tf_keras\nimport tensorflow as tf\n\nSIGNATURE = [tf.TensorSpec([None])]"
MODULE = """
class Model(tf.Module):
    def __init__(self):
        super().__init__()
        {init}

    @tf.function(input_signature=SIGNATURE)
    def serve(self, x):
        return {body}

model = Model()
"""


def module(body, init="pass"):
    return MODULE.format(body=body, init=init)


# name of the case: (cells, what the findings name)
UNTRACKED = {
    "a list and keys that are no names": (
        [
            "v = tf.Variable\nws = {'a': [v(2.0), v(3.0)], 'class': v(1.0), 'a_0': v(1.0)}",
            module("x * ws['a'][0] * ws['a'][1] * ws['class'] * ws['a_0']", "self.ws_class = 3"),
        ],
        ["variable `ws['a'][0]`", "`ws['a'][1]`", "`ws['class']`", "`ws['a_0']`"],
    ),
    "an attribute that is taken": (
        ["scale = tf.Variable(1.0)", module("x * scale", "self.scale = 3")],
        ["variable `scale`"],
    ),
    "two of the same name": (
        [
            (
                "class Scaler:\n    def __init__(self):\n        self.w = tf.Variable(2.0)\n\n"
                "first, second = Scaler(), Scaler()"
            ),
            module("x * first.w * second.w"),
        ],
        ["variable `first.w`", "variable `second.w`"],
    ),
    "a metric": (
        [module("self.met(x) + x", "self.met = keras.metrics.Mean()")],
        ["the state of the Mean `model.met`"],
    ),
    "metrics in a list": (
        [
            module(
                "self.all[0].result() + self.all[1].result() + x",
                "self.all = [keras.metrics.Mean(), keras.metrics.Mean()]",
            )
        ],
        ["the Mean `model.all[0]`", "the Mean `model.all[1]`"],
    ),
    "a seed of Keras": (
        [
            module(
                "x + keras.random.normal((), seed=self.seed)",
                "self.seed = keras.random.SeedGenerator()",
            )
        ],
        ["the SeedGenerator `model.seed`"],
    ),
    "Keras layers and variables of the notebook": (
        [
            (
                "new, old = keras.layers.Dense(2), tf_keras.layers.Dense(2)\n"
                "new.build([None, 1]), old.build([None, 1])\nfactor = keras.Variable(2.0)"
            ),
            module("new(x[:, None]) * factor + old(x[:, None])"),
        ],
        ["the Dense `new`", "variable `factor`", "the Dense `old`"],
    ),
    "a vocabulary": (
        [
            (
                "words = tf.lookup.KeyValueTensorInitializer(['1'], tf.constant([0], tf.int64))\n"
                "vocabulary = tf.lookup.StaticVocabularyTable(words, 2)"
            ),
            module("vocabulary.lookup(tf.as_string(x))"),
        ],
        ["the table `vocabulary`"],
    ),
    "a local name of the function around": (
        [
            (
                "def make():\n    hidden = [tf.Variable(2.0)]\n\n"
                "    @tf.function(input_signature=SIGNATURE)\n"
                "    def scale(x):\n        return x * hidden[0]\n\n    return scale"
            ),
            "hidden = 5\nmodel = tf.Module()\nmodel.serve = make()",
        ],
        ["variable `hidden[0]`"],
    ),
    "a local name of the function around the class": (
        [
            (
                "def make():\n    hidden = tf.Variable(2.0)\n\n"
                "    class Local(tf.Module):\n"
                "        @tf.function(input_signature=SIGNATURE)\n"
                "        def serve(self, x):\n            return x * hidden\n\n    return Local()"
            ),
            "hidden = 5\nmodel = make()",
        ],
        ["variable `hidden`"],
    ),
    "a Keras 3 model": (
        [
            (
                "scale = tf.Variable(2.0)\nentry = keras.Input((1,))\n"
                "model = keras.Model(entry, keras.layers.Lambda(lambda x: x * scale)(entry))"
            )
        ],
        ["variable `scale`"],
    ),
    "a tf_keras model": (
        [
            (
                "scale = tf.Variable(2.0)\nentry = tf_keras.Input((1,))\n"
                "model = tf_keras.Model(entry, tf_keras.layers.Lambda(lambda x: x * scale)(entry))"
            )
        ],
        ["variable `scale`"],
    ),
}
UNSAVABLE = {
    "a list": ("[tf.Variable(1.0), tf.Variable(2.0)]", "model.v[0] = model.v[1]"),
    "a list in a dict": (
        "{'a.b': [tf.Variable(1.0), tf.Variable(2.0)]}",
        "model.v['a.b'][1] = model.v['a.b'][0]",
    ),
    "keys that are no strings": ("{1: tf.Variable(1.0), 2: [tf.Variable(2.0)]}", "pass"),
    "such keys in a dict": ("{'a': {1: tf.Variable(1.0)}}", "pass"),
    "lists in a list": (
        "[[tf.Variable(1.0), tf.Variable(2.0)], [tf.Variable(3.0)]]",
        "model.v[0][0] = tf.Variable(4.0)\nmodel.v[1][0] = tf.Variable(5.0)",
    ),
    "a list in a tuple": (
        "([tf.Variable(1.0)], [tf.Variable(2.0)])",
        "model.v[1][0] = tf.Variable(3.0)",
    ),
}
_TYPED = re.compile(r"`(import \w+|model\.\w+ = [^`]+)`")


def about_the_object(notebook):
    findings = notebook.run("%savedmodel check model").value
    return [found for found in findings if found.code.startswith("SM1")]


def type_hints(notebook, findings):
    for found in findings:
        lines = _TYPED.findall(found.hint)
        assert lines, found.hint
        for line in lines:
            notebook.run(line)


@pytest.mark.parametrize("case", UNTRACKED)
def test_sm103(case, notebook, tmp_path):
    cells, named = UNTRACKED[case]
    for cell in (IMPORTS, *cells):
        notebook.run(cell)
    findings = about_the_object(notebook)
    assert [found.code for found in findings] == ["SM103"] * len(named)
    for found, name in zip(findings, named, strict=True):
        assert name in found.message
    proposed = [re.search(r"model\.(\w+) = ", found.hint).group(1) for found in findings]
    assert len(set(proposed)) == len(proposed)
    assert not any("list objects" in f.hint or "dict objects" in f.hint for f in findings)
    type_hints(notebook, findings)
    assert "verified" in notebook.run("%savedmodel export model out").shown
    assert (tmp_path / "out" / "saved_model.pb").exists()


def test_sm103_of_a_helper_in_a_module(notebook, tmp_path):
    (tmp_path / "scaling.py").write_text(
        "import tensorflow as tf\n\nfactor = tf.Variable(3.0)\n\n\n"
        "def scaled(x):\n    return x * factor\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        notebook.run(IMPORTS)
        notebook.run("from scaling import scaled\n\nfactor = 5")
        notebook.run(module("scaled(x)"))
        (found,) = notebook.run("%savedmodel check model").value
        assert "the variable `scaling.factor` is used" in found.message
        assert (found.file, found.line) == (str(tmp_path / "scaling.py"), 7)
        (made,) = found.related
        assert (made.file, made.line, made.cell) == (str(tmp_path / "scaling.py"), 3, None)
        type_hints(notebook, [found])
        assert "verified" in notebook.run("%savedmodel export model out").shown
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("scaling", None)


def test_sm103_of_keras_draws_without_a_seed(notebook):
    notebook.run(IMPORTS)
    notebook.run(module("x + keras.random.normal(())"))
    (found,) = about_the_object(notebook)
    assert found.code == "SM103"
    assert "the seed that Keras draws from where none is given" in found.message
    first, argument, second = re.findall(r"`(\w*\.?seed\w* ?=[^`]+|self[^`]+)`", found.hint)
    notebook.run(module(f"x + keras.random.normal((), {argument})", f"{first}\n        {second}"))
    assert "verified" in notebook.run("%savedmodel export model out").shown


@pytest.mark.parametrize("case", UNSAVABLE)
def test_sm106(case, notebook):
    value, change = UNSAVABLE[case]
    notebook.run(IMPORTS)
    notebook.run(module("x", f"self.v = {value}"))
    notebook.run(change)
    findings = notebook.run("%savedmodel check model").value
    assert {found.code for found in findings} == {"SM106"}
    type_hints(notebook, findings)
    ran = notebook.run("%savedmodel export model out")
    assert "verified" in ran.shown
    path = "out/variables/variables"
    written = [
        float(tf.train.load_variable(path, key))
        for key, _ in tf.train.list_variables(path)
        if key.startswith("v/")
    ]
    live = notebook.run("[float(v) for v in tf.nest.flatten(model.v)]").value
    assert set(live) == set(written)


def test_paths_can_be_typed(notebook):
    notebook.run(IMPORTS)
    notebook.run(module("x", "self.its = {'a': [iter(tf.data.Dataset.range(3))]}"))
    (found,) = notebook.run("%savedmodel check model").value
    assert found.code == "SM107"
    path = re.match(r"`([^`]+)`", found.message).group(1)
    assert path == "model.its['a'][0]"
    assert "Iterator" in notebook.run(f"type({path}).__name__").value


def test_sm103_of_a_script_whose_name_the_notebook_bound_anew(notebook, tmp_path):
    notebook.run(IMPORTS)
    script = f"{IMPORTS}\nscale = tf.Variable(2.0)\n{module('x * scale')}"
    (tmp_path / "script.py").write_text(script)
    notebook.run("%run script.py")
    notebook.run("scale = tf.Variable(5.0)")
    (found,) = notebook.run("%savedmodel check model").value
    assert found.related == ()
    type_hints(notebook, [found])
    assert notebook.run("float(model.scale)").value == 2.0
    assert "verified" in notebook.run("%savedmodel export model out").shown
