"""The writers, and what each of them makes of each model of a module's `SUBJECTS`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("battery_checks")

import battery_checks  # noqa: E402, pytest rewrites its asserts

WRITERS = ("tensorflow", "fast", "again")
"""Who can write an export; what `saved_model_cli` shows is compared with the first one's.

``"again"`` is the fast writer, which has written the same graph with other values before.
"""


@dataclass
class Case:
    """What a writer made of a model, and what was found in it in a fresh process."""

    live: battery_checks.Live
    directory: Path
    found: Path

    @classmethod
    def of(cls, live: battery_checks.Live, writer: str, folder: Path) -> Case:
        directory = export(live.model, folder / "export", writer)
        (folder / "found").mkdir()
        return cls(live, directory, battery_checks.answers(live, directory, folder / "found"))


def export(model: Any, directory: Path, writer: str) -> Path:
    """Export by one of the writers, which must not leave it to another."""
    import tensorflow as tf

    from sm_magics.savedmodel import export as engine
    from sm_magics.savedmodel import reuse
    from sm_magics.savedmodel.request import request

    def exported(path: Path) -> Any:
        asked = "tensorflow" if writer == "tensorflow" else "fast"
        result = engine.export(request(model, path, verify=False, writer=asked))
        assert result.writer == asked, result
        return result

    reuse.forget(model)
    if writer == "again":
        values = [variable.numpy() for variable in model.variables]
        for variable in model.variables:
            variable.assign(tf.zeros_like(variable))
        exported(directory.with_name("before"))
        for variable, value in zip(model.variables, values, strict=True):
            variable.assign(value)
    result = exported(directory)
    assert result.reused == (writer == "again")
    return result.path


def pytest_generate_tests(metafunc):
    if "live" in metafunc.fixturenames:
        subjects = metafunc.module.SUBJECTS
        if marker := metafunc.definition.get_closest_marker("consumers"):
            (program,) = marker.args
            subjects = [subject for subject in subjects if program in subject.consumers]
        ids = [subject.name for subject in subjects]
        metafunc.parametrize("live", subjects, ids=ids, indirect=True, scope="module")
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", WRITERS, indirect=True, scope="module")


@pytest.fixture(scope="module")
def live(request):
    """A live model, and what it answers; made once for all writers."""
    return battery_checks.Live.of(request.param)


@pytest.fixture(scope="module")
def reference(live):
    """What the first writer makes of it."""
    # Not a folder of pytest's own, which are kept: some exports take gigabytes.
    with tempfile.TemporaryDirectory() as folder:
        yield Case.of(live, WRITERS[0], Path(folder))


@pytest.fixture(scope="module")
def case(request, live, reference):
    """What a writer makes of it."""
    if request.param == WRITERS[0]:
        yield reference
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Case.of(live, request.param, Path(folder))
