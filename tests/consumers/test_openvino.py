"""OpenVINO reads an export, in a process without TensorFlow, and answers as the live objects do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.consumers

SCRIPT = Path(__file__).with_name("answer_with_openvino.py")


def answers(reader, one, folder):
    np.savez(folder / "in.npz", **one.feeds)
    finished = subprocess.run(
        [sys.executable, SCRIPT, reader, one.path, folder / "in.npz", folder / "out.npz"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return dict(np.load(folder / "out.npz"))


@pytest.mark.parametrize(
    "name",
    [
        "Keras functional",
        "Keras subclassed",
        "Keras convolution",
        "Keras LSTM",
        "Keras, several inputs and outputs",
        "Keras 2 functional",
        "tf.Module",
    ],
)
def test_it_answers_as_the_live_object(name, case, tmp_path):
    one = case(name)
    one.agrees(answers("read_model", one, tmp_path))


def test_its_converter_reads_it_too(case, tmp_path):
    one = case("Keras functional")
    one.agrees(answers("convert_model", one, tmp_path))
