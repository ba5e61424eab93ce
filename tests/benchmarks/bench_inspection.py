"""`inspect` against `saved_model_cli show --all`, as processes and in the kernel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
from interleaved import Row, medians

import sm_magics

OURS = "import sys, sm_magics; print(sm_magics.inspect(sys.argv[1]))"


def run() -> list[Row]:
    """Return whole processes, and the call alone in a process that has TensorFlow."""
    rows = []
    for build in (keras.applications.ResNet50, keras.applications.EfficientNetB7):
        model = build(weights=None)
        with tempfile.TemporaryDirectory() as scratch:
            path = sm_magics.export(model, Path(scratch) / "model", verify=False).path
            rows += _one(model.name, str(path))
    return rows


def _one(name: str, path: str) -> list[Row]:
    from tensorflow.python.tools import saved_model_cli

    cli = shutil.which("saved_model_cli", path=Path(sys.executable).parent) or "saved_model_cli"
    whole = medians(
        {
            "ours": lambda: subprocess.run(
                [sys.executable, "-c", OURS, path], check=True, capture_output=True
            ),
            "cli": lambda: subprocess.run(
                [cli, "show", "--dir", path, "--all"], check=True, capture_output=True
            ),
        },
        rounds=3,
    )
    inside = medians(
        {
            "ours": lambda: sm_magics.inspect(path),
            "cli": lambda: _quiet(saved_model_cli._show_all, path),
        },
        rounds=5,
    )
    return [
        Row(f"{name}: whole process", whole["ours"], "`saved_model_cli show --all`", whole["cli"]),
        Row(
            f"{name}: in the kernel",
            inside["ours"],
            "its `_show_all`, in the kernel",
            inside["cli"],
        ),
    ]


def _quiet(function, *args: object) -> None:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        function(*args)
