"""SM103 names the variable or table, the cell that made it, and the line that uses it."""

from __future__ import annotations

import re
import sys

import pytest

IMPORTS = "import tensorflow as tf, keras"
MODULE = """
class Model(tf.Module):
    def __init__(self, **parts):
        super().__init__()
        vars(self).update(parts)

    @tf.function(input_signature=[tf.TensorSpec([None], {dtype})])
    def serve(self, x):
        first = tf.identity(x)
        return {body}
"""
# name of the case: (cell that makes it, cell with the model, expected name, made, used)
CASES = {
    "a variable of the notebook": (
        "one = 1\nscale = tf.Variable(2.0)",
        MODULE.format(dtype="tf.float32", body="first * scale") + "model = Model()",
        "the variable `scale`",
        (2, 2),
        (3, 10),
    ),
    "a table of the notebook": (
        (
            "\n\nkeys = tf.lookup.KeyValueTensorInitializer(['a'], [1])\n"
            "table = tf.lookup.StaticHashTable(keys, 0)"
        ),
        MODULE.format(dtype="tf.string", body="table.lookup(first)") + "model = Model()",
        "the table `table`",
        (2, 4),
        (3, 10),
    ),
    "a variable in a dict": (
        "weights = {'a': [tf.Variable(2.0)]}",
        MODULE.format(dtype="tf.float32", body="first * weights['a'][0]") + "model = Model()",
        "the variable `weights['a'][0]`",
        (2, 1),
        (3, 10),
    ),
    "a variable of a plain Python object": (
        "class Scaler:\n    def __init__(self):\n        self.factor = tf.Variable(2.0)",
        MODULE.format(dtype="tf.float32", body="first * self.scaler.factor")
        + "model = Model(scaler=Scaler())",
        "the variable `model.scaler.factor`",
        (2, 3),
        (3, 10),
    ),
    "a variable in a closure": (
        (
            "def make():\n    hidden = tf.Variable(2.0)\n\n"
            "    @tf.function(input_signature=[tf.TensorSpec([None])])\n"
            "    def scale(x):\n        return x * hidden\n\n    return scale"
        ),
        "model = tf.Module()\nmodel.serve = make()",
        "the variable `hidden`",
        None,
        (2, 6),
    ),
    "a Keras Lambda over a global": (
        "scale = tf.Variable(2.0)",
        (
            "model = keras.Sequential(\n    [\n        keras.Input((3,)),\n"
            "        keras.layers.Lambda(lambda x: x * scale),\n    ]\n)"
        ),
        "the variable `scale`",
        (2, 1),
        (3, 4),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sm103_names_it_with_both_places(notebook, case):
    maker, model, named, made, used = CASES[case]
    for cell in (IMPORTS, maker, model):
        notebook.run(cell)
    findings = notebook.run("%savedmodel check model").value
    # Tables are told to run on the host, too.
    (found,) = [one for one in findings if one.code != "SM312"]
    assert found.code == "SM103"
    assert named in found.message
    assert (found.cell, found.line) == used
    places = [(place.cell, place.line) for place in found.related]
    assert places == ([] if made is None else [made])


def test_sm103_in_a_module_of_its_own_has_the_file(notebook, tmp_path):
    source = MODULE.format(dtype="tf.float32", body="first * SCALE")
    (tmp_path / "scaling.py").write_text(f"{IMPORTS}\nSCALE = tf.Variable(2.0)\n{source}")
    sys.path.insert(0, str(tmp_path))
    try:
        notebook.run("import scaling\nmodel = scaling.Model()")
        (found,) = notebook.run("%savedmodel check model").value
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("scaling", None)
    assert "`scaling.SCALE`" in found.message
    assert (found.cell, found.file, found.line) == (None, str(tmp_path / "scaling.py"), 12)
    assert "scaling.py, line 12" in str(found)


def test_sm103_in_the_body_of_the_cell_magic(notebook, tmp_path):
    notebook.run(IMPORTS)
    notebook.run("scale = tf.Variable(2.0)")
    body = MODULE.format(dtype="tf.float32", body="first * scale")
    ran = notebook.run(f"\n%%savedmodel out\n{body}model = Model()", fails=True)
    assert re.search(r"SM103 error {2}cell \[3\], line 12, in serve", ran.shown)
    assert "made in cell [2], line 1" in ran.shown
    assert not (tmp_path / "out").exists()


def test_the_hint_works_when_typed(notebook, tmp_path):
    notebook.run(IMPORTS)
    notebook.run("scale = tf.Variable(2.0)")
    notebook.run(MODULE.format(dtype="tf.float32", body="first * scale") + "model = Model()")
    (found,) = notebook.run("%savedmodel check model").value
    assignment = re.search(r"`self\.(\w+ = \w+)`", found.hint).group(1)
    notebook.run(f"model.{assignment}")
    ran = notebook.run("%savedmodel export model out")
    assert "verified" in ran.shown
    assert (tmp_path / "out" / "saved_model.pb").exists()


def places(found):
    return [(place.cell, place.line) for place in found.related]


def test_sm103_in_a_cell_that_was_changed_and_run_again_names_that_one(notebook):
    cell = (
        "class Model(tf.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.version = {}\n\n"
        "    @tf.function(input_signature=[tf.TensorSpec([None])])\n"
        "    def serve(self, x):\n        return x * scale"
    )
    notebook.run(f"{IMPORTS}\nscale = tf.Variable(2.0)")
    notebook.run(cell.format(1))
    notebook.run("_ = Model().serve(tf.ones([2]))")
    notebook.run(cell.format(2))
    notebook.run("model = Model()")
    (found,) = notebook.run("%savedmodel check model").value
    assert (found.cell, found.line) == (4, 8)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("scaled(x)", 4),
        ("tf.cond(tf.size(x) > 0, lambda: x, lambda: scaled(x))", 4),
        ("tf.while_loop(lambda y: tf.size(y) < 0, lambda y: (y * scale,), (x,))[0]", 14),
    ],
)
def test_sm103_in_a_nested_function_has_the_line_that_uses_it(call, line, notebook):
    notebook.run(f"{IMPORTS}\nscale = tf.Variable(2.0)")
    notebook.run(
        "@tf.function\ndef scaled(x):\n    first = x + 1.0\n    return first * scale\n"
        + MODULE.format(dtype="tf.float32", body=call).replace("first = tf.identity(x)", "pass")
        + "model = Model()"
    )
    (found,) = notebook.run("%savedmodel check model").value
    assert (found.cell, found.line) == (2, line)


@pytest.mark.parametrize(
    "line",
    [
        "self.factor, self.other = tf.Variable(2.0), 1",
        "self.factor: tf.Variable = (kept := tf.Variable(2.0))",
        "for self.factor in [tf.Variable(2.0)]: pass",
    ],
)
def test_the_line_that_made_an_attribute(line, notebook):
    notebook.run(f"{IMPORTS}, functools")
    notebook.run(
        "def logged(function):\n    @functools.wraps(function)\n    def inner(*args):\n"
        "        return function(*args)\n\n    return inner\n\n"
        "class Other:\n    def change(self, other):\n        other.factor = 1\n\n"
        f"class Scaler(Other):\n    @logged\n    def __init__(self):\n        {line}"
    )
    notebook.run(
        MODULE.format(dtype="tf.float32", body="first * self.scaler.factor")
        + "model = Model(scaler=Scaler())"
    )
    (found,) = notebook.run("%savedmodel check model").value
    assert places(found) == [(2, 15)]


def test_no_line_made_what_was_typed_later(notebook):
    notebook.run(IMPORTS)
    notebook.run("class Plain:\n    def drop(self, other):\n        other.factor = None")
    notebook.run("plain = Plain()")
    notebook.run("plain.factor = tf.Variable(2.0)")
    notebook.run(MODULE.format(dtype="tf.float32", body="first * plain.factor") + "model = Model()")
    (found,) = notebook.run("%savedmodel check model").value
    assert "`plain.factor`" in found.message
    assert found.related == ()


def test_a_name_of_a_closure_is_not_that_of_the_notebook(notebook):
    maker, model, *_ = CASES["a variable in a closure"]
    notebook.run(IMPORTS)
    notebook.run(maker)
    notebook.run("hidden = 5")
    notebook.run(model)
    (found,) = notebook.run("%savedmodel check model").value
    assert found.related == ()
    assert "= hidden`" not in found.hint


def test_what_was_typed_later_has_no_line_of_the_class(notebook):
    notebook.run(IMPORTS)
    notebook.run(
        MODULE.format(dtype="tf.float32", body="first")
        + "\n    def drop(self, other):\n        other.its = None\n"
    )
    notebook.run("model = Model()")
    notebook.run("model.its = iter(tf.data.Dataset.range(3))")
    (found,) = notebook.run("%savedmodel check model").value
    assert (found.code, found.cell, found.line) == ("SM107", 3, 1)
