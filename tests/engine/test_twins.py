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


def test_sm109_constants_beside_a_varied_one_are_no_twins(tmp_path):
    module = Averaged(MILLION, np.zeros_like(MILLION))
    module.slots = [tf.Variable(np.zeros_like(MILLION)), tf.Variable(np.ones_like(MILLION))]
    assert sm_magics.export(module, tmp_path / "out").findings == ()


def test_sm109_counts_the_twins_alone(tmp_path):
    module = Averaged(MILLION, MILLION)
    module.slots = [tf.Variable(np.zeros_like(MILLION)) for _ in range(2)]
    (found,) = sm_magics.export(module, tmp_path / "out").findings
    assert "1.2 MB, 25 % of the variables (" in found.message
    assert "slots" not in found.message
