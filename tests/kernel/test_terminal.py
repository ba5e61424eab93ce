"""The magics in a plain terminal IPython."""

from __future__ import annotations

import os
import subprocess
import sys

LINES = """
import tensorflow as tf
class Adder(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def add(self, x):
        return x + 1.0

adder = Adder()
%load_ext sm_magics
%savedmodel
%savedmodel export adder out
%savedmodel show out
%savedmodel export adder out
"""


def test_a_session_typed_into_a_terminal(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=nocolor", "--simple-prompt"],
        input=LINES,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")},
        timeout=180,
        check=False,
    )
    assert "adder" in done.stdout
    assert "serving_default  x: float32[None] -> output_0: float32[None]" in done.stdout
    assert "equal" in done.stdout
    assert "SM502" in done.stdout + done.stderr
    assert "\x1b[" not in done.stdout
    assert (tmp_path / "out/saved_model.pb").exists()


def test_a_script_run_by_ipython_exports_and_fails_as_a_script_should(tmp_path):
    script = tmp_path / "export.ipy"
    script.write_text(LINES)
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", str(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")},
        timeout=180,
        check=False,
    )
    assert (tmp_path / "out/saved_model.pb").exists()
    assert done.returncode != 0
    assert "SM502" in done.stdout + done.stderr
