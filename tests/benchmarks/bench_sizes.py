"""The size of an export, in MB, against that of Keras's."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmark_models import named
from exporting import Exporting
from interleaved import Row
from ways import KERAS, UNVERIFIED

MB = 1e6


def run(model: str) -> list[Row]:
    """Return the sizes of the directories of a Keras model."""
    with tempfile.TemporaryDirectory() as scratch:
        exporting = Exporting(named(model), Path(scratch))
        ways = exporting.ways()
        for way in (UNVERIFIED, KERAS):
            ways[way]()
        ours, theirs = exporting.size(UNVERIFIED) / MB, exporting.size(KERAS) / MB
    return [Row(f"{model}: directory", ours, KERAS, theirs)]
