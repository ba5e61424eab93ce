"""What differs between two directories that TensorFlow wrote."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.difference import diff
from sm_magics.savedmodel.inspection import bundle


class Net(tf.Module):
    def __init__(self, first, rows=2):
        super().__init__()
        self.weight = tf.Variable([first] * rows, name="weight")
        self.bias = tf.Variable(0.5, name="bias")
        self.words = tf.Variable(["a", "b"], name="words")

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, "x")])
    def serve(self, x):
        return {"out": tf.reduce_sum(x) * tf.reduce_sum(self.weight) + self.bias}


class Wider(Net):
    def __init__(self):
        super().__init__(1.0, rows=3)
        del self.words
        self.more = tf.Variable(1, name="more")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, "image")])
    def serve(self, x):
        return {"out": tf.exp(x), "score": tf.exp(self.bias)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, "x")])
    def other(self, x):
        return x


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    modules = {"old": Net(1.0), "again": Net(1.0), "trained": Net(2.0), "wider": Wider()}
    for name, module in modules.items():
        tf.saved_model.save(module, folder / name, signatures=module.serve)
    shutil.copytree(folder / "old", folder / "copy")
    return folder


def test_a_copy_is_identical(saved):
    found = diff(saved / "old", saved / "copy")
    assert found.identical
    assert found.equivalent
    assert found.files == ()
    assert found.variables.unchanged == 3


def test_a_second_export_is_equivalent_but_its_files_differ(saved):
    found = diff(saved / "old", saved / "again")
    assert found.equivalent
    assert not found.identical
    assert {file.path for file in found.files} == {"fingerprint.pb", "saved_model.pb"}


def test_other_values_show_by_checksum_alone(saved):
    found = diff(saved / "old", saved / "trained")
    assert [old.name for old, _ in found.variables.changed] == ["weight"]
    assert found.variables.unchanged == 2
    assert not found.equivalent
    assert (found.signatures, found.breaking) == ((), ())


def test_everything_that_differs_is_told(saved):
    found = diff(saved / "old", saved / "wider")
    assert [(c.part, c.what, (c.old or c.new).name) for c in found.breaking] == [
        ("input", "removed", "x"),
        ("input", "added", "image"),
        ("output", "other shape", "out"),
    ]
    assert [str(c.new) for c in found.signatures[3:]] == ["score: float32[]"]
    assert {v.name for v in found.variables.removed} == {"words"}
    assert {v.name for v in found.variables.added} == {"more"}
    assert [(old.shape, new.shape) for old, new in found.variables.reshaped] == [((2,), (3,))]
    assert found.variables.unchanged == 1
    graph = found.graphs[0]
    assert graph.ops["Exp"] == (0, 2)
    assert graph.ops["Sum"] == (2, 0)
    assert [one.path for one in graph.functions_added] == ["other", "serve"]
    assert [one.path for one in graph.functions_removed] == ["serve"]  # with other arguments
    sizes = {file.path: (file.bytes_a, file.bytes_b) for file in found.files}
    for name, pair in sizes.items():
        assert pair == tuple((saved / which / name).stat().st_size for which in ("old", "wider"))


@pytest.mark.parametrize("other", ["copy", "again", "trained", "wider"])
def test_the_way_back_mirrors_the_way(saved, other):
    there, back = diff(saved / "old", saved / other), diff(saved / other, saved / "old")
    assert (there.bytes_a, there.bytes_b) == (back.bytes_b, back.bytes_a)
    assert there.variables.added == back.variables.removed
    assert there.variables.changed == tuple((old, new) for new, old in back.variables.changed)
    assert there.graphs[0].ops == {op: (a, b) for op, (b, a) in back.graphs[0].ops.items()}
    assert there.identical == back.identical
    assert [(f.path, f.bytes_a, f.bytes_b) for f in there.files] == [
        (f.path, f.bytes_b, f.bytes_a) for f in back.files
    ]


def test_an_asset_of_the_same_size_differs_by_its_bytes(saved, tmp_path):
    for name, text in (("a", "cat"), ("b", "dog")):
        shutil.copytree(saved / "old", tmp_path / name)
        (tmp_path / name / "assets" / "words.txt").write_text(text)
    (found,) = diff(tmp_path / "a", tmp_path / "b").files
    assert found == type(found)("assets/words.txt", 3, 3)


def test_metagraphs_that_come_and_go(saved, tmp_path):
    shutil.copytree(saved / "old", tmp_path / "tagged")
    file = tmp_path / "tagged" / "saved_model.pb"
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    more = proto.meta_graphs.add()
    more.CopyFrom(proto.meta_graphs[0])
    more.meta_info_def.tags[:] = ["train"]
    file.write_bytes(proto.SerializeToString())
    found = diff(saved / "old", tmp_path / "tagged")
    assert found.tags_added == (("train",),)
    assert not found.equivalent
    assert diff(tmp_path / "tagged", saved / "old").tags_removed == (("train",),)
    more.meta_info_def.tags[:] = ["serve"]
    del proto.meta_graphs[1]
    proto.meta_graphs[0].meta_info_def.tags[:] = ["serve", "tpu"]
    file.write_bytes(proto.SerializeToString())
    assert diff(saved / "old", tmp_path / "tagged").graphs[0].other_tags == ("serve", "tpu")


@pytest.mark.parametrize("changed", [0, 1])
def test_slices_have_checksums_together(tmp_path, changed):
    def written(name, values):
        tf.raw_ops.SaveV2(
            prefix=str(tmp_path / name / "variables"),
            tensor_names=["w", "w"],
            shape_and_slices=["4 0,2", "4 2,2"],
            tensors=[tf.constant(part) for part in values],
        )
        (entry,) = bundle.read_index(tmp_path / name / bundle.INDEX_NAME).entries
        return entry

    values = [[1.0, 2.0], [3.0, 4.0]]
    first, same = written("a", values), written("b", values)
    values[changed] = [1.0, 9.0]
    assert first.checksum == same.checksum != written("c", values).checksum


def test_a_directory_that_is_none_is_told(saved, tmp_path):
    with pytest.raises(sm_magics.InspectionError, match="nowhere does not exist"):
        sm_magics.diff(saved / "old", tmp_path / "nowhere")


def test_tensorflow_is_not_imported(saved):
    program = (
        "import sys, sm_magics\n"
        f"print(sm_magics.diff({str(saved / 'old')!r}, {str(saved / 'wider')!r}))\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert ran.stdout.startswith("From ")
