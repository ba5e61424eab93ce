"""The size of an export, in MB, against that of Keras's."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmark_models import LARGE
from exporting import KERAS, UNVERIFIED, Exporting
from interleaved import Row

MB = 1e6


def run() -> list[Row]:
    """Return the sizes of the directories of the Keras models."""
    rows = []
    for subject in LARGE:
        with tempfile.TemporaryDirectory() as scratch:
            exporting = Exporting(subject, Path(scratch))
            ways = exporting.ways()
            if KERAS in ways:
                ways[UNVERIFIED]()
                ways[KERAS]()
                ours, theirs = exporting.size(UNVERIFIED) / MB, exporting.size(KERAS) / MB
                rows.append(Row(f"{subject.name}: directory", ours, KERAS, theirs))
    return rows
