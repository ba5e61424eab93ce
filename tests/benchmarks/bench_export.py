"""Exports of the benchmark models, against TensorFlow's and Keras's own: time."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

from benchmark_models import LARGE, Subject
from exporting import AGAIN, KERAS, SAVE, Exporting
from interleaved import Row, medians

from sm_magics.savedmodel.verify import LEVELS

# Rounds, and whether an uncounted one comes first. EfficientNetB7 takes minutes a round.
ROUNDS = {
    "ResNet50": (3, True),
    "EfficientNetB7": (2, False),
    "24-layer transformer": (3, False),
    "LSTM": (5, True),
    "1 GiB module": (5, True),
    "5,000 small variables": (2, False),
}

# A fresh process takes seconds to import TensorFlow, whatever the model.
IN_OTHER_PROCESSES = ("ResNet50", "LSTM")


def run() -> list[Row]:
    """Return every way of ours against each peer, model by model."""
    rows = []
    for subject in LARGE:
        with tempfile.TemporaryDirectory() as scratch:
            rows += _one(subject, Path(scratch))
        gc.collect()
    return rows


def _one(subject: Subject, scratch: Path) -> list[Row]:
    exporting = Exporting(subject, scratch)
    rounds, warm = ROUNDS[subject.name]
    ways = exporting.ways(LEVELS if subject.name in IN_OTHER_PROCESSES else LEVELS[:2])
    # Whoever exports again has exported before.
    exporting.before(AGAIN)
    ways[AGAIN]()
    taken = medians(ways, rounds, warm=warm, before=exporting.before)
    peers = [peer for peer in (SAVE, KERAS) if peer in ways]
    return [
        Row(f"{subject.name}: {name}", taken[name], peer, taken[peer])
        for peer in peers
        for name in ways
        if name not in (SAVE, KERAS)
    ]
