"""The memory that an export takes at its peak, in MB above what stood there, a process each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmark_models import LARGE
from exporting import SAVE, UNVERIFIED
from interleaved import Row

CHILD = Path(__file__).with_name("memory_child.py")
MB = 1e6


def run() -> list[Row]:
    """Return the peaks of a fresh export and of TensorFlow's save of each model."""
    return [
        Row(
            f"{subject.name}: {UNVERIFIED}",
            _peak(subject.name, UNVERIFIED) / MB,
            SAVE,
            _peak(subject.name, SAVE) / MB,
        )
        for subject in LARGE
    ]


def _peak(name: str, way: str) -> int:
    finished = subprocess.run(
        [sys.executable, CHILD, name, way], check=True, capture_output=True, text=True
    )
    return int(finished.stdout.split()[-1])
