"""tf2onnx converts an export, and ONNX Runtime answers as the live objects do."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.consumers


def convert(directory, file):
    """Convert; return the errors that it logged, with which it still ends with 0."""
    signature = ["--tag", "serve", "--signature_def", "serving_default"]
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "tf2onnx.convert", "--saved-model", directory),
            *(*signature, "--output", file),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "Successfully converted" in finished.stderr
    return [line for line in finished.stderr.splitlines() if " - ERROR - " in line]


def answers(file, feeds):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


@pytest.mark.parametrize(
    "name",
    [
        "Keras functional",
        "Keras convolution",
        "Keras LSTM",
        "Keras, several inputs and outputs",
        "tf.Module",
    ],
)
def test_it_answers_as_the_live_object(name, case, tmp_path):
    one = case(name)
    assert convert(one.path, tmp_path / "model.onnx") == []
    one.agrees(answers(tmp_path / "model.onnx", one.feeds))


def test_an_op_that_it_can_not_convert_is_in_its_log_alone(case, tmp_path):
    errors = convert(case("tf.Module with SVD").path, tmp_path / "model.onnx")
    assert any("Unsupported ops" in line and "Svd" in line for line in errors)
