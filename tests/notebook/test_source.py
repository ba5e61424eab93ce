"""Lines are those of the cell as its author sees it, whatever IPython made of it before."""

from __future__ import annotations

import pytest

MODEL = """class Model(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def serve(self, x):
        return x * scale
model = Model()"""
INDENTED = "\n".join("    " + line for line in MODEL.split("\n"))

CELLS = {
    "plain": (MODEL, 4, 5),
    "leading blank lines": ("\n\n" + MODEL, 6, 7),
    "a line magic above": ("%time x = 1\n" + MODEL, 5, 6),
    "a shell command over three lines": ("!true \\\n  1 \\\n  2\n" + MODEL, 7, 8),
    "an indented cell with leading blank lines": ("\n\n" + INDENTED, 6, 7),
    "a text that stands twice": (
        "def other(x):\n    if x:\n        return x * scale\n!true \\\n  1\n" + MODEL,
        9,
        10,
    ),
    "question mark help below": (MODEL + "\nmodel?", 4, 5),
}


@pytest.mark.parametrize("case", CELLS)
def test_the_line_that_uses_a_variable_and_the_one_that_made_it(notebook, case):
    cell, used, _ = CELLS[case]
    notebook.run("import tensorflow as tf")
    made = case != "plain"
    notebook.run(("\n" if made else "") + "scale = tf.Variable(2.0)")
    # A body of its own: TensorFlow keeps the compiled form of equal ones.
    notebook.run(cell.replace("x * scale", f"x * scale + {list(CELLS).index(case)}.0"))
    (found,) = notebook.run("%savedmodel check model").value
    assert (found.code, found.cell, found.line) == ("SM103", 3, used)
    assert [(place.cell, place.line) for place in found.related] == [(2, 1 + made)]


@pytest.mark.parametrize("case", CELLS)
def test_the_line_that_binds_a_model(notebook, case):
    cell, _, bound = CELLS[case]
    notebook.run("import tensorflow as tf, sm_magics\nscale = tf.Variable(2.0)")
    notebook.run(cell)
    (model,) = [m for m in notebook.run("sm_magics.models()").value if m.name == "model"]
    assert (model.cell, model.line) == (2, bound)


def test_the_python_api_knows_the_notebooks_name_for_an_object(notebook):
    notebook.run("import tensorflow as tf, sm_magics")
    notebook.run("class M(tf.Module):\n    pass\n\nscaler = M()\nscaler.signatures = {}")
    found = notebook.run("sm_magics.check(scaler)").value
    assert [(one.code, one.cell, one.line) for one in found] == [("SM104", 2, 4)]
    (one,) = notebook.run("sm_magics.check(M())").value
    assert (one.code, one.cell) == ("SM201", None)


def test_the_python_api_looks_functions_up_in_the_notebook(notebook, tmp_path):
    notebook.run("import tensorflow as tf, sm_magics")
    notebook.run(
        "class M(tf.Module):\n"
        "    @tf.function(input_signature=[tf.TensorSpec([None])])\n"
        "    def serve(self, x):\n"
        "        return x\n"
        "class Outer(tf.Module):\n"
        "    def __init__(self, inner):\n"
        "        self.part = inner\n"
        "encoder = M()\nouter = Outer(encoder)"
    )
    ran = notebook.run("sm_magics.export(outer, 'out', 'embed=encoder.serve')")
    assert [signature.key for signature in ran.value.signatures] == ["embed"]
    assert (tmp_path / "out" / "saved_model.pb").exists()


EDITED = """class Pinned(tf.Module):
    def __init__(self):
        super().__init__()
        self.gain = 1.0

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def serve(self, x):
        with tf.device("/GPU:0"):
            return tf.nn.relu(x + 0.125)
pinned = Pinned()"""


def test_a_cell_that_was_edited_and_run_again_is_the_one_that_is_named(notebook):
    # TensorFlow keeps the compiled form of an equal body, with the file of its first run.
    notebook.run("import tensorflow as tf")
    for gain, cell in (("1.0", 2), ("2.0", 4)):
        notebook.run(EDITED.replace("1.0", gain))
        (found,) = notebook.run("%savedmodel check pinned").value
        assert (found.code, found.cell, found.line) == ("SM301", cell, 8)
