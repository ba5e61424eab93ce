"""What every writer makes of small kin of the benchmark models passes the whole battery."""

from __future__ import annotations

import battery_checks as checks
import pytest
from benchmark_models import SMALL

SUBJECTS = SMALL
LOADED = ("loaded", "loaded again")
SESSIONS = ("session.npy", "session again.npy")


@pytest.mark.parametrize("loaded", LOADED)
def test_signature_and_function_answer_as_the_live_object(case, loaded):
    checks.answers_equal(case.live, case.found / loaded)


@pytest.mark.parametrize("loaded", LOADED)
def test_variables_are_listed_with_their_values(case, loaded):
    checks.variables_equal(case.live, case.found / loaded)


@pytest.mark.parametrize("loaded", LOADED)
def test_gradients_are_those_of_the_live_object(case, loaded):
    checks.gradients_equal(case.live, case.found / loaded)


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_answers_as_the_live_object(case, session):
    checks.session_equal(case.live, case.found / session)


def test_a_server_answers_as_the_live_object(case):
    checks.server_equal(case.live, case.directory)


def test_a_checkpoint_restores_the_model(case):
    checks.restores(case.live, case.directory)


def test_the_fingerprint_is_that_of_the_files(case):
    checks.has_its_fingerprint(case.directory)


def test_saved_model_cli_shows_the_same(case, reference):
    checks.shown_equal(case.found / "shown.txt", reference.found / "shown.txt")


@pytest.mark.consumers("onnxruntime")
def test_onnx_runtime_answers_as_the_live_object(case):
    checks.onnxruntime_equal(case.live, case.found / "model.onnx")


@pytest.mark.consumers("openvino")
def test_openvino_answers_as_the_live_object(case, tmp_path):
    checks.openvino_equal(case.live, case.directory, tmp_path)
