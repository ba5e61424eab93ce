"""1 GiB that is on the disk, against TensorFlow's save, after which it may still be in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmark_models import named
from exporting import Exporting
from interleaved import Row, medians
from ways import AGAIN, SAVE, UNVERIFIED

ROUNDS = 7


def run() -> list[Row]:
    """Return a fresh export and one more, both flushed to the disk."""
    with tempfile.TemporaryDirectory() as scratch:
        exporting = Exporting(named("1 GiB module"), Path(scratch))
        ways = {name: exporting.ways()[name] for name in (UNVERIFIED, AGAIN, SAVE)}
        taken = medians(ways, ROUNDS, before=exporting.before)
    peer = f"{SAVE}, not flushed"
    return [
        Row(f"1 GiB: {name}, flushed", taken[name], peer, taken[SAVE])
        for name in (UNVERIFIED, AGAIN)
    ]
