"""Text is shown without what HTML, a search for models and publishing take."""

from __future__ import annotations

import subprocess
import sys

import tensorflow as tf

import sm_magics

SHOW = """
import sys, sm_magics
print(sm_magics.inspect(sys.argv[1]))
heavy = {"tensorflow", "jinja2", "filelock", "IPython", "sm_magics.savedmodel.tf_private"}
print("imported:", sorted(heavy & set(sys.modules)))
"""


def test_showing_a_directory_as_text_imports_no_more_than_that_takes(tmp_path):
    module = tf.Module()
    module.v = tf.Variable(1.0)
    module.serve = tf.function(
        lambda x: {"y": x * module.v}, input_signature=[tf.TensorSpec([], tf.float32, name="x")]
    )
    path = sm_magics.export(module, tmp_path / "out").path
    shown = subprocess.run(
        [sys.executable, "-c", SHOW, path], check=True, capture_output=True, text=True
    ).stdout
    assert "serving_default  x: float32[] -> y: float32[]" in shown
    assert shown.endswith("imported: []\n")
