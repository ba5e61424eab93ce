"""S30: tables, assets, generators and mutable tables are saved; dataset iterators are refused."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

import sm_magics

TEXTS = tf.TensorSpec([None], tf.string)
VECTOR = tf.TensorSpec([None], tf.float32)


class Holder(tf.Module):
    def __init__(self, table):
        super().__init__()
        self.table = table

    @tf.function(input_signature=[TEXTS])
    def serve(self, words):
        return {"found": self.table.lookup(words)}


def static():
    keys, values = tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)


def mutable():
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    table.insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
    return table


def dense():
    table = tf.lookup.experimental.DenseHashTable(tf.string, tf.int64, -1, "", "deleted")
    table.insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
    return table


@pytest.mark.parametrize("make", [static, mutable, dense])
def test_s30_tables_come_back_with_their_rows(make, exported):
    out = exported(Holder(make()))
    words = np.array([b"b", b"a", b"none"], object)
    assert_array_equal(out.run(words=words)["found"], [2, 1, -1])
    assert_array_equal(out.serve(words=words)["found"], [2, 1, -1])


def vocabulary_holder(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\nb\n")
    rows = tf.lookup.TextFileInitializer(
        str(path),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    return Holder(tf.lookup.StaticHashTable(rows, -1)), path


def test_s30_assets_go_with_the_export(exported, tmp_path):
    module, path = vocabulary_holder(tmp_path)
    out = exported(module)
    path.unlink()
    assert (out.path / "assets/words.txt").read_text() == "a\nb\n"
    (listed,) = [f for f in out.result.inspection.files if f.path == "assets/words.txt"]
    assert listed.bytes == 4
    words = np.array([b"b", b"none"], object)
    assert_array_equal(out.serve(words=words)["found"], [1, -1])


def test_s30_an_export_with_assets_can_be_moved(exported, tmp_path):
    module, path = vocabulary_holder(tmp_path)
    out = exported(module)
    path.unlink()
    moved = out.path.rename(tmp_path / "moved")
    loaded = tf.saved_model.load(str(moved))
    found = loaded.signatures["serving_default"](words=tf.constant(["b"]))["found"]
    assert_array_equal(found, [1])


class Counting(tf.Module):
    def __init__(self):
        super().__init__()
        self.calls = tf.Variable(0, dtype=tf.int64)

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": x, "calls": self.calls.assign_add(1)}


def test_s30_a_counter_counts_on_after_a_load_and_stays_here(exported):
    module = Counting()
    module.serve(tf.constant([1.0]))
    out = exported(module)
    assert int(module.calls) == 1
    assert [int(out.run(x=[1.0])["calls"]) for _ in range(2)] == [2, 3]


class Drawing(tf.Module):
    def __init__(self):
        super().__init__()
        self.generator = tf.random.Generator.from_seed(7)

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": x + self.generator.uniform(tf.shape(x))}


def test_s30_a_generator_goes_on_from_its_state(exported):
    module = Drawing()
    module.serve(tf.constant([0.0]))
    out = exported(module)
    drawn = out.run(x=[0.0, 0.0])["y"]
    assert_allclose(drawn, module.serve(tf.constant([0.0, 0.0]))["y"])
    assert out.serve(x=[0.0])["y"].shape == (1,)


class Iterating(tf.Module):
    def __init__(self):
        super().__init__()
        self.rows = iter(tf.data.Dataset.range(3))

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * 2.0


def test_s30_a_dataset_iterator_is_refused_by_name(tmp_path):
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(Iterating(), tmp_path / "out")
    (found,) = raised.value.findings
    assert found.code == "SM107"
    assert "rows" in found.message
    assert not list(tmp_path.iterdir())


def test_s30_a_dataset_that_no_one_iterates_is_fine(exported):
    module = Iterating()
    module.rows = tf.data.Dataset.range(3)
    out = exported(module)
    assert_allclose(out.serve(x=[1.0])["output_0"], [2.0])


def test_s30_a_missing_asset_is_refused(tmp_path):
    module, path = vocabulary_holder(tmp_path)
    path.unlink()
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(module, tmp_path / "out")
    assert [found.code for found in raised.value.findings] == ["SM111"]
    assert "words.txt" in raised.value.findings[0].message
    assert not list(tmp_path.iterdir())
