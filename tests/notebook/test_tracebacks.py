"""An error of TensorFlow's in a magic: short, with the line of the cell; whole with --traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel import writing

SETUP = """
import tensorflow as tf
class Broken(tf.Module):
    def __init__(self):
        self.factor = 2.0
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def serve(self, x):
        y = x + 1.0
        return y * self.factor
broken = Broken()
broken.serve(tf.ones([2, 3]))
class Shapes(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def serve(self, x):
        return tf.matmul(x, tf.ones([4, 4]))
shapes = Shapes()
"""


@pytest.fixture
def cells(notebook):
    # A first cell, so that counts and lines are not the same by chance.
    notebook.run("first = 1")
    notebook.run(SETUP)
    return notebook


def nothing_left(notebook):
    left = {path.name for path in Path().iterdir()} - {"ipython"}
    assert not left, left
    assert notebook.run("1").value == 1


def test_an_attribute_that_is_gone_when_it_is_saved(cells):
    cells.run("del broken.factor")
    ran = cells.run("%savedmodel export broken out --writer tensorflow", fails=True)
    lines = ran.stdout.strip().splitlines()
    assert lines == [
        "AttributeError: 'Broken' object has no attribute 'factor'",
        "    cell [2], line 9, in serve: return y * self.factor",
        "nothing was written; the whole traceback: add --traceback",
    ]
    assert type(ran.error) is AttributeError
    assert "'Broken' object has no attribute 'factor'" in str(ran.error)
    nothing_left(cells)


def test_a_shape_error_in_an_export(cells):
    ran = cells.run("%savedmodel export shapes out", fails=True)
    lines = ran.stdout.strip().splitlines()
    assert lines[0].startswith("ValueError: Dimensions must be equal, but are 3 and 4")
    assert "{{" not in lines[0]
    assert lines[1] == "    cell [2], line 15, in serve: return tf.matmul(x, tf.ones([4, 4]))"
    assert len(lines) == 3
    assert type(ran.error) is ValueError
    nothing_left(cells)


def test_an_error_in_a_check(cells):
    ran = cells.run("%savedmodel check shapes", fails=True)
    lines = ran.stdout.strip().splitlines()
    assert lines[0].startswith("ValueError: Dimensions must be equal")
    assert lines[1].startswith("    cell [2], line 15, in serve")
    nothing_left(cells)


def test_an_error_below_the_cell_magic(cells):
    ran = cells.run("%%savedmodel out\nother = Shapes()\nother", fails=True)
    shown = ran.stdout.strip().splitlines()[-3:]
    assert shown[0].startswith("ValueError: Dimensions must be equal")
    assert shown[1].startswith("    cell [2], line 15, in serve")
    nothing_left(cells)


@pytest.mark.parametrize("command", ["export shapes out", "check shapes"])
def test_the_whole_traceback_is_one_flag_away(cells, command):
    ran = cells.run(f"%savedmodel {command} --traceback", fails=True)
    assert "tensorflow/python" in ran.stdout
    assert len(ran.stdout.splitlines()) > 30
    assert "--traceback" not in ran.stdout.splitlines()[-1]
    nothing_left(cells)


def test_a_keras_layer_that_fails(cells):
    cells.run(
        "import keras\n"
        "class Net(keras.Model):\n"
        "    def call(self, x):\n"
        "        return tf.matmul(x, tf.ones([5, 5]))\n"
        "net = Net()"
    )
    ran = cells.run("%savedmodel export net out --input 'x: float32[None, 3]'", fails=True)
    lines = ran.stdout.strip().splitlines()
    assert "Exception encountered" not in lines[0]
    assert "Matrix size-incompatible" in lines[0]
    assert lines[1] == "    cell [3], line 4, in call: return tf.matmul(x, tf.ones([5, 5]))"
    nothing_left(cells)


def test_what_is_not_tensorflows_stays_as_it_was(cells):
    ran = cells.run("%savedmodel export first out", fails=True)
    assert isinstance(ran.error, sm_magics.ExportError)
    assert "--traceback" not in ran.stdout
    ran = cells.run("%savedmodel export broken out --input 'x: float33[3]'", fails=True)
    assert type(ran.error).__name__ == "UsageError"
    assert "--traceback" not in ran.stdout


def test_an_interrupt_stays_an_interrupt(cells, monkeypatch):
    def interrupted(*_args, **_keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "write", interrupted)
    ran = cells.run("%savedmodel export broken out", fails=True)
    assert type(ran.error) is KeyboardInterrupt
    assert not hasattr(ran.error, "_render_traceback_")
    nothing_left(cells)


def test_code_is_printed_and_kept(cells):
    ran = cells.run("%savedmodel export broken out --code")
    assert "tf.saved_model.save(" in ran.stdout
    assert "broken.serve" in ran.stdout
    data, _ = cells.shell.display_formatter.format(ran.value)
    assert data["text/plain"] == ran.value
    assert "&quot;serving_default&quot;" in data["text/html"]
    nothing_left(cells)
    assert cells.run("'tf.saved_model.save(' in Out[3]").value
    cells.run("exec(Out[3])")
    assert list(tf.saved_model.load("out").signatures) == ["serving_default"]


def test_code_below_a_cell_magic(cells):
    ran = cells.run("%%savedmodel out --code\nmade = Broken()\nmade.extra = 3")
    assert "made.serve" in ran.value
    nothing_left(cells)


def test_code_that_cannot_be_said_is_one_line(cells):
    cells.run(
        "class Loop:\n"
        "    def __call__(self):\n"
        "        return tf.function(lambda x: x, "
        "input_signature=[tf.TensorSpec([3], tf.float32)])\n"
        "hidden = {'f': Loop()()}"
    )
    with pytest.raises(ValueError, match="'k' has no path"):
        sm_magics.code(
            cells.shell.user_ns["broken"],
            "out",
            signatures={"k": cells.shell.user_ns["hidden"]["f"]},
        )
    assert not Path("out").exists()


def test_from_python_the_error_carries_a_note(cells):
    cells.run("del broken.factor\nimport sm_magics")
    ran = cells.run("sm_magics.export(broken, 'out', writer='tensorflow')", fails=True)
    assert type(ran.error) is AttributeError
    (note,) = ran.error.__notes__
    assert note.startswith("sm_magics: while saving broken: nothing was written; ")
    assert note.endswith(", line 8")
    nothing_left(cells)


@pytest.mark.parametrize("k", ["keras", "tf_keras"])
def test_an_error_inside_a_keras_model_says_what_it_is(cells, k):
    cells.run(
        f"import {k} as k\n"
        "class Wrong(k.Model):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.dense = k.layers.Dense(2)\n"
        "    def call(self, x):\n"
        "        return tf.matmul(self.dense(x), tf.ones([5, 5]))\n"
        "wrong = Wrong()"
    )
    ran = cells.run("%savedmodel export wrong out --input 'x: float32[None, 3]'", fails=True)
    first, second, _ = ran.stdout.strip().splitlines()
    assert "Exception encountered" not in first
    assert "5" in first, "the sizes that do not fit"
    assert second.startswith("    cell [3], line 7, in call: return tf.matmul(")
    nothing_left(cells)
