"""`inspect` against `saved_model_cli show --all`: as processes, with their memory, and inside."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmark_models import named
from interleaved import Row, medians

import sm_magics

OURS = [sys.executable, "-c", "import sys, sm_magics; print(sm_magics.inspect(sys.argv[1]))"]
CLI = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "show", "--all", "--dir"]
SHOW = "`saved_model_cli show --all`"
KIB, MB = 1024, 1e6


def run(model: str) -> list[Row]:
    """Return whole processes, and the call alone in a process that has TensorFlow."""
    with tempfile.TemporaryDirectory() as scratch:
        built = named(model).build()
        made = sm_magics.export(built, Path(scratch) / "model", verify=False)
        return _measured(model, str(made.path))


def _measured(model: str, path: str) -> list[Row]:
    from tensorflow.python.tools import saved_model_cli

    commands = {"ours": [*OURS, path], "cli": [*CLI, path]}
    whole = medians({key: lambda c=c: _run(c) for key, c in commands.items()}, rounds=3)
    memory = {key: _peak(command) for key, command in commands.items()}
    inside = medians(
        {
            "ours": lambda: sm_magics.inspect(path),
            "shown": lambda: str(sm_magics.inspect(path)),
            "cli": lambda: _quiet(saved_model_cli._show_all, path),
        },
        rounds=5,
    )
    peer = f"{SHOW}, in the kernel"
    return [
        Row(f"{model}: whole process", whole["ours"], SHOW, whole["cli"]),
        Row(f"{model}: its peak memory, MB", memory["ours"], SHOW, memory["cli"]),
        Row(f"{model}: in the kernel", inside["ours"], peer, inside["cli"]),
        Row(f"{model}: in the kernel, and as text", inside["shown"], peer, inside["cli"]),
    ]


def _run(command: list[str], stdout: int = subprocess.DEVNULL) -> str:
    # An installed package has its bytecode; without it, Python compiles our files at every start.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        command, stdout=stdout, stderr=subprocess.DEVNULL, env=env, check=True, text=True
    )
    return done.stdout


def _peak(command: list[str]) -> float:
    """Run a command; return the peak of its resident memory in MB."""
    # From a small process: what a process takes counts from where it was forked.
    return int(_run([sys.executable, "-c", _LAUNCHER, *command], subprocess.PIPE)) * KIB / MB


_LAUNCHER = """
import os, subprocess, sys
quiet = subprocess.DEVNULL
process = subprocess.Popen(sys.argv[1:], stdout=quiet, stderr=quiet)
print(os.wait4(process.pid, 0)[2].ru_maxrss)
"""


def _quiet(function, *args: object) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        function(*args)
