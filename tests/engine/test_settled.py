"""An export leaves an object as the next one finds it, and Python as it was."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.garbage import uncollected
from sm_magics.savedmodel.writing import checkpoint

ROWS = tf.TensorSpec([None], tf.float32, name="x")


class Module(tf.Module):
    """Something that was called before it is exported."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(2.0)

    @tf.function
    def times(self, x):
        return x * self.weight

    @tf.function(input_signature=[ROWS])
    def serve(self, x):
        return self.times(x) + 1.0


@pytest.fixture
def module():
    module = Module()
    module.times(tf.constant([1.0, 2.0]))
    return module


def test_the_second_export_uses_the_graph_again_where_the_save_itself_traced(module, tmp_path):
    sm_magics.export(module, tmp_path / "a")
    module.weight.assign(5.0)
    second = sm_magics.export(module, tmp_path / "b")
    assert second.reused
    loaded = tf.saved_model.load(str(second.path))
    np.testing.assert_array_equal(loaded.times(tf.constant([1.0, 2.0])), [5.0, 10.0])
    np.testing.assert_array_equal(loaded.serve(tf.constant([1.0, 2.0])), [6.0, 11.0])


def test_a_call_between_two_exports_is_written_by_the_second(module, tmp_path):
    sm_magics.export(module, tmp_path / "a")
    module.times(tf.constant([[1.0]]))
    second = sm_magics.export(module, tmp_path / "b")
    assert not second.reused
    loaded = tf.saved_model.load(str(second.path))
    np.testing.assert_array_equal(loaded.times(tf.constant([[1.0]])), [[2.0]])


def test_what_another_thread_traces_meanwhile_is_written_by_the_next_export(
    module, tmp_path, monkeypatch
):
    write = checkpoint.write

    def writing(*arguments):
        module.times(tf.constant([[1.0]]))
        write(*arguments)

    monkeypatch.setattr(checkpoint, "write", writing)
    sm_magics.export(module, tmp_path / "a")
    second = sm_magics.export(module, tmp_path / "b")
    loaded = tf.saved_model.load(str(second.path))
    np.testing.assert_array_equal(loaded.times(tf.constant([[1.0]])), [[2.0]])
    assert sm_magics.export(module, tmp_path / "c").reused


def test_a_check_before_makes_no_difference(module, tmp_path):
    assert not sm_magics.check(module)
    told = [sm_magics.export(module, tmp_path / name).reused for name in "abc"]
    assert told == [False, True, True]


@pytest.mark.parametrize("collects", [True, False])
def test_no_garbage_is_looked_for_in_a_trace_and_all_is_as_before_after_it(tmp_path, collects):
    seen = []

    @tf.function(input_signature=[ROWS])
    def serve(x):
        seen.append(gc.isenabled())
        return x + 1.0

    (gc.enable if collects else gc.disable)()
    try:
        sm_magics.export(serve, tmp_path / "a", verify=False)
        assert gc.isenabled() == collects
    finally:
        gc.enable()
    assert seen == [False]


def test_an_error_leaves_the_collector_on():
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()
