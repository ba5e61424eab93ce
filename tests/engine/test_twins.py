"""SM109: copies of large variables are told, constants and small ones are not."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import sm_magics

MILLION = np.random.default_rng(0).random((300, 1000), "float32")


class Averaged(tf.Module):
    def __init__(self, value, copy):
        super().__init__()
        self.weight = tf.Variable(value, name="weight")
        self.shadow = tf.Variable(copy, name="shadow")

    @tf.function(input_signature=[tf.TensorSpec([None, 300], tf.float32)])
    def serve(self, x):
        return x @ self.weight


def test_sm109_a_copy_of_a_large_variable(tmp_path):
    result = sm_magics.export(Averaged(MILLION, MILLION), tmp_path / "out")
    (found,) = result.findings
    assert (found.code, found.severity) == ("SM109", "info")
    assert "1.2 MB, 50 % of the variables" in found.message
    assert "shadow" in found.message
    assert sm_magics.export(Averaged(MILLION, MILLION), tmp_path / "b", ignore="SM1").findings == ()


def test_sm109_is_silent_for_other_values_constants_and_small_ones(tmp_path):
    zeros = np.zeros_like(MILLION)
    for number, pair in enumerate([(MILLION, MILLION + 1), (zeros, zeros)]):
        assert sm_magics.export(Averaged(*pair), tmp_path / f"{number}").findings == ()
    small = MILLION[:, :10]
    assert sm_magics.export(Averaged(small, small), tmp_path / "small").findings == ()
