"""The checks of the battery find what is wrong: here, the export of other weights."""

from __future__ import annotations

import shutil

import battery_checks as checks
import numpy as np
import pytest
from benchmark_models import SMALL

import sm_magics

# With a custom gradient, and an op set that all programs know.
SUBJECTS = [subject for subject in SMALL if subject.name == "small EfficientNet"]


@pytest.fixture(scope="module")
def other(live):
    """The same model with other weights."""
    return checks.Live.of(live.subject)


def test_other_weights_fail_every_check(other, reference, tmp_path):
    loaded = reference.found / "loaded"
    for check, *given in (
        (checks.answers_equal, loaded),
        (checks.variables_equal, loaded),
        (checks.gradients_equal, loaded),
        (checks.session_equal, reference.found / "session.npy"),
        (checks.server_equal, reference.directory),
        (checks.restores, reference.directory),
        (checks.onnxruntime_equal, reference.found / "model.onnx"),
        (checks.openvino_equal, reference.directory, tmp_path),
    ):
        with pytest.raises(AssertionError):
            check(other, *given)


def test_a_gradient_that_is_no_number_fails(live, reference, tmp_path):
    loaded = shutil.copytree(reference.found / "loaded", tmp_path / "loaded")
    gradient = np.load(loaded / "gradients/00000.npy")
    np.save(loaded / "gradients/00000.npy", gradient * float("nan"))
    with pytest.raises(AssertionError):
        checks.gradients_equal(live, loaded)


@pytest.mark.parametrize("part", ["saved_model.pb", "variables/variables.index"])
def test_a_changed_file_fails_the_fingerprint(part, live, reference, tmp_path):
    directory = shutil.copytree(reference.directory, tmp_path / "export")
    other = checks.Live.of(live.subject).model
    shutil.copy(sm_magics.export(other, tmp_path / "other").path / part, directory / part)
    with pytest.raises(AssertionError):
        checks.has_its_fingerprint(directory)


def test_another_input_is_shown(reference, tmp_path):
    shown = (reference.found / "shown.txt").read_text()
    (tmp_path / "shown.txt").write_text(shown.replace("(-1, 16, 16, 3)", "(-1, 16, 16, 4)"))
    with pytest.raises(AssertionError):
        checks.shown_equal(tmp_path / "shown.txt", reference.found / "shown.txt")
