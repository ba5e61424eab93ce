"""What was read of a written graph holds for the same bytes only."""

from __future__ import annotations

import dataclasses

import keras
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import sm_magics
from sm_magics.savedmodel import fixes, reading

ROWS = tf.TensorSpec([None, 3], tf.float32, name="rows")


class Pinned(tf.Module):
    """With a gradient of the author's, which is a function only once it is written."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(2.0)

    @tf.function(input_signature=[ROWS])
    def serve(self, rows):
        @tf.custom_gradient
        def doubled(x):
            def gradient(upstream):
                with tf.device("/GPU:1"):
                    return upstream * 2.0

            return x * 2.0, gradient

        with tf.device("/GPU:0"):
            return {"scores": doubled(rows) * self.weight}


@pytest.fixture
def graphs(monkeypatch):
    """The directories whose graphs are read."""
    found, metagraph = [], reading.metagraph
    monkeypatch.setattr(reading, "metagraph", lambda path: found.append(path) or metagraph(path))
    return found


def told(result):
    """Return all that a result says but how long it took, and whether it was the first."""
    fields = {one.name: getattr(result, one.name) for one in dataclasses.fields(result)}
    for name in ("seconds", "reused", "replaced", "verification", "bytes"):
        del fields[name]
    # A fingerprint has a number of its own, whose size differs.
    files = tuple(one for one in result.inspection.files if one.path != "fingerprint.pb")
    fields["inspection"] = result.inspection._replace(fingerprint={}, files=files)
    return fields


@pytest.mark.parametrize("obj", [Pinned, "keras"])
@pytest.mark.parametrize("verify", ["structural", False])
def test_the_results_of_an_export_and_of_the_next_are_the_same(obj, verify, graphs, tmp_path):
    if obj == "keras":
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "silu")])
    else:
        model = obj()
    results = [
        sm_magics.export(model, tmp_path / "out", overwrite=True, verify=verify) for _ in range(3)
    ]
    assert [one.reused for one in results] == [False, True, True]
    assert told(results[0]) == told(results[1]) == told(results[2])
    assert [one.verification.level for one in results] == [verify or "none"] * 3
    assert len(graphs) == 1


def test_findings_of_the_graph_are_told_again_whatever_was_selected(graphs, tmp_path):
    module = Pinned()
    first = sm_magics.export(module, tmp_path / "1", verify=False)
    codes = [one.code for one in first.findings]
    assert {"SM301", "SM303"} <= set(codes)
    none = sm_magics.export(module, tmp_path / "2", verify=False, ignore=["SM3"])
    assert none.findings == ()
    third = sm_magics.export(module, tmp_path / "3", verify=False)
    assert third.findings == first.findings
    assert (third.reused, len(graphs)) == (True, 1)


def test_what_a_fix_changed_is_read_each_time(graphs, tmp_path):
    module = Pinned()
    results = [
        sm_magics.export(module, tmp_path / str(number), verify=False, fix="devices")
        for number in range(3)
    ]
    assert [one.reused for one in results] == [False, True, True]
    assert all(one.fixed for one in results)
    assert not {"SM301", "SM303"} & {one.code for result in results for one in result.findings}
    assert len(graphs) == 3


def test_a_graph_that_was_changed_on_the_disk_is_read_again(tmp_path, monkeypatch):
    module = Pinned()
    first = sm_magics.export(module, tmp_path / "1", verify=False)

    def tamper(directory, *_):
        path = directory / "saved_model.pb"
        model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
        model.meta_graphs[0].graph_def.node.add(name="strange", op="OfNobody")
        path.write_bytes(model.SerializeToString())
        return ()

    with monkeypatch.context() as patch:
        patch.setattr(fixes, "rewrite", tamper)
        second = sm_magics.export(module, tmp_path / "2", verify=False)
    assert second.reused
    assert (first.oldest_consumer is None, second.oldest_consumer) == (False, None)
    third = sm_magics.export(module, tmp_path / "3", verify=False)
    assert third.oldest_consumer == first.oldest_consumer
