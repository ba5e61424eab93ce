"""SM505: a partial export is told by what it lacks, and only its own files are ever replaced."""

from __future__ import annotations

import shutil

import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.checks.destination import check
from sm_magics.savedmodel.publishing.destination import resolve


class Scaled(tf.Module):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable([2.0] * 100)

    @tf.function(input_signature=[tf.TensorSpec([100], tf.float32, "x")])
    def serve(self, x):
        return x * self.scale


@pytest.fixture
def export(tmp_path):
    return sm_magics.export(Scaled(), tmp_path / "out").path


def shard(path):
    (found,) = path.glob("variables/variables.data-*")
    return found


def shard_gone(path):
    shard(path).unlink()


def shard_truncated(path):
    shard(path).write_bytes(shard(path).read_bytes()[:40])


def graph_truncated(path):
    written = path / "saved_model.pb"
    written.write_bytes(written.read_bytes()[:-50])


def graph_empty(path):
    (path / "saved_model.pb").write_bytes(b"")


def graph_gone(path):
    (path / "saved_model.pb").unlink()


def variables_gone(path):
    shutil.rmtree(path / "variables")


def index_gone(path):
    (path / "variables" / "variables.index").unlink()


def interrupted(path):
    graph_gone(path)
    (path / "fingerprint.pb").unlink()
    temporary = path / "variables" / "variables_temp"
    temporary.mkdir()
    shard(path).rename(temporary / "part-00000-of-00001")
    (path / "variables" / "variables.index").unlink()


DAMAGE = {
    shard_gone: "is missing: variables lie in it",
    shard_truncated: "is truncated: 40 of at least",
    graph_truncated: "it can't be parsed",
    graph_empty: "saved_model.pb is empty",
    graph_gone: "it has variables but no saved_model.pb",
    variables_gone: "has variables in its graph, but no variables/variables.index",
    index_gone: "no variables/variables.index",
    interrupted: "it has variables but no saved_model.pb",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_sm505_says_what_is_missing_and_overwriting_mends_it(damage, export):
    damage(export)
    found = {one.code: one for one in check(resolve(export))}
    assert set(found) == {"SM505", "SM502"}
    assert found["SM505"].message.startswith(f"{export} is a partial export: ")
    assert DAMAGE[damage] in found["SM505"].message
    assert "--overwrite" in found["SM505"].hint
    assert "--overwrite" in found["SM502"].hint
    with pytest.raises(sm_magics.ExportError, match="SM505"):
        sm_magics.export(Scaled(), export)
    result = sm_magics.export(Scaled(), export, overwrite=True)
    assert [one.code for one in result.findings] == ["SM505"]
    assert result.replaced
    assert check(resolve(export), overwrite=True) == []


def test_a_whole_export_is_no_partial_one(export):
    assert [one.code for one in check(resolve(export))] == ["SM502"]


@pytest.mark.parametrize(
    "precious",
    ["notes.txt", "variables/mine.csv", "variables/checkpoint", "assets/picture.png", "src/a.py"],
)
def test_foreign_files_keep_a_partial_export_from_being_replaced(precious, export):
    graph_gone(export)
    (export / precious).parent.mkdir(exist_ok=True)
    (export / precious).write_text("precious")
    before = sorted(path for path in export.rglob("*"))
    with pytest.raises(sm_magics.ExportError, match="SM502"):
        sm_magics.export(Scaled(), export, overwrite=True)
    assert sorted(path for path in export.rglob("*")) == before


def test_a_checkpoint_of_another_name_is_no_partial_export(tmp_path):
    model = Scaled()
    tf.train.Checkpoint(model=model).write(str(tmp_path / "out" / "variables" / "epoch"))
    with pytest.raises(sm_magics.ExportError, match="SM502"):
        sm_magics.export(model, tmp_path / "out", overwrite=True)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "variables").symlink_to(tmp_path / "out" / "variables")
    with pytest.raises(sm_magics.ExportError, match="SM502"):
        sm_magics.export(model, tmp_path / "linked", overwrite=True)
