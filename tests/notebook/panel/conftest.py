"""Panels in a shell of their own, closed when their test ends."""

from __future__ import annotations

import pytest

import sm_magics

SETUP = """
import numpy as np, tensorflow as tf, keras
model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3, name="out")])
class Pair(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def double(self, x):
        return x * 2.0
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def triple(self, x):
        return x * 3.0
class Untyped(tf.Module):
    def __init__(self):
        self.part = Pair()
    @tf.function
    def serve(self, x):
        return x * 2.0
pair = Pair()
"""


@pytest.fixture
def ready(notebook):
    notebook.run(SETUP)
    return notebook


@pytest.fixture
def opened(ready):
    """Open panels as a person does, and close them in the end."""
    panels = []

    def open_panel(model=None):
        assert ready.shell is not None
        panels.append(sm_magics.panel(model))
        return panels[-1]

    yield open_panel
    for panel in panels:
        panel.close()
