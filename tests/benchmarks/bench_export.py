"""A verified export against an unverified one by TensorFlow and by Keras."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import keras
import tensorflow as tf
from interleaved import Row, medians

import sm_magics

MIB = 2**20


class Adder(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec(shape=None, dtype=tf.float32)])
    def add(self, x):
        return x + x + 1.0


class Gibibyte(tf.Module):
    def __init__(self):
        super().__init__()
        self.parts = [tf.Variable(tf.random.uniform([16 * MIB])) for _ in range(16)]

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def serve(self, x):
        return tf.add_n([part[0] for part in self.parts]) * x


def run() -> list[Row]:
    """Return exports of a tiny module, ResNet50 and 1 GiB of variables."""
    rows = []
    for name, model, rounds in (
        ("Adder", Adder(), 9),
        ("ResNet50", keras.applications.ResNet50(weights=None), 5),
        ("1 GiB module", Gibibyte(), 5),
    ):
        with tempfile.TemporaryDirectory() as scratch:
            rows += _one(name, model, Path(scratch), rounds)
    return rows


def _one(name: str, model: object, scratch: Path, rounds: int) -> list[Row]:
    def fresh(kind: str) -> str:
        path = scratch / kind
        shutil.rmtree(path, ignore_errors=True)
        return str(path)

    ways = {
        "verified": lambda: sm_magics.export(model, fresh("verified")),
        "unverified": lambda: sm_magics.export(model, fresh("unverified"), verify=False),
        "tf": lambda: tf.saved_model.save(model, fresh("tf")),
    }
    if isinstance(model, keras.Model):
        ways["keras"] = lambda: model.export(fresh("keras"), verbose=False)
    taken = medians(ways, rounds)
    peers = {"tf": "`tf.saved_model.save`", "keras": "`keras.Model.export`"}
    return [
        Row(f"{name}: export, {ours}", taken[ours], f"{peer}, unverified", taken[key])
        for key, peer in peers.items()
        if key in taken
        for ours in ("verified", "unverified")
    ]


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
