"""Exports of the benchmark models, against TensorFlow's and Keras's own: time."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmark_models import named
from exporting import Exporting
from interleaved import Row, medians
from ways import AGAIN, KERAS, SAVE

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


def run(model: str) -> list[Row]:
    """Return every way of ours against each peer."""
    _warm()
    rounds, warm = ROUNDS[model]
    with tempfile.TemporaryDirectory() as scratch:
        exporting = Exporting(named(model), Path(scratch))
        ways = exporting.ways(LEVELS if model in IN_OTHER_PROCESSES else LEVELS[:2])
        # Whoever exports again has exported before.
        exporting.before(AGAIN)
        ways[AGAIN]()
        taken = medians(ways, rounds, warm=warm, before=exporting.before)
    peers = [peer for peer in (SAVE, KERAS) if peer in ways]
    return [
        Row(f"{model}: {name}", taken[name], peer, taken[peer])
        for peer in peers
        for name in ways
        if name not in (SAVE, KERAS)
    ]


def _warm() -> None:
    """Do once, with a small model, what a process pays for once: it would count as the peers'."""
    with tempfile.TemporaryDirectory() as scratch:
        for way in Exporting(named("small LSTM"), Path(scratch)).ways(LEVELS[:2]).values():
            way()
