"""The walk over a graph and the checks of its ops, live and written, for 10,000 nodes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import tensorflow as tf
from interleaved import Row, medians

import sm_magics
from sm_magics.savedmodel.checks import reachable
from sm_magics.savedmodel.graphs import live
from sm_magics.savedmodel.inspection import metagraph
from sm_magics.savedmodel.saved import Saved
from sm_magics.savedmodel.signatures import choice

NODES = 10_000


def run() -> list[Row]:
    """Return times for 10,000 nodes, from those of EfficientNetB7, which has some 7,000."""
    model = keras.applications.EfficientNetB7(weights=None)
    (endpoint,) = choice.choose(model)
    traces = {"call": [endpoint.concrete]}
    saved = Saved(nodes={}, functions={}, traces=traces, owners={}, unsavable=())
    count = len(list(live.nodes(traces)))
    with tempfile.TemporaryDirectory() as scratch:
        path = sm_magics.export(model, Path(scratch) / "model", verify=False).path
        meta_graph = metagraph(path)
        taken = medians(
            {
                "live": lambda: list(reachable.check(saved, None, "any")),
                "written": lambda: reachable.examine(path, "any"),
                "graph": endpoint.concrete.graph.as_graph_def,
                "parse": lambda: metagraph(path),
                "load": lambda: tf.saved_model.load(str(path)),
            },
            rounds=5,
        )
    total = sum(len(f.node_def) for f in meta_graph.graph_def.library.function)
    of = {name: NODES / (count if name in ("live", "graph") else total) for name in taken}
    each = {name: ms * of[name] for name, ms in taken.items()}
    return [
        Row("walk and checks, live", each["live"], "`graph.as_graph_def()`", each["graph"]),
        Row("walk and checks, written", each["written"], "`tf.saved_model.load`", each["load"]),
        Row("of it, reading the file", each["parse"], "`tf.saved_model.load`", each["load"]),
    ]
