"""S01 to S03, S43, S48, S50: where an export goes, what lies there, and that every face agrees."""

from __future__ import annotations

import gc
import inspect
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32)
CELL = """import tensorflow as tf
class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(3.0, name="factor")
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def serve(self, x):
        return {"scaled": x * self.factor}
scale = Scale()
"""


class Scale(tf.Module):
    def __init__(self, factor=3.0):
        super().__init__()
        self.factor = tf.Variable(factor, name="factor")

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"scaled": x * self.factor}


def answer(directory) -> list[float]:
    loaded = tf.saved_model.load(str(directory))
    return loaded.signatures["serving_default"](x=tf.constant([2.0]))["scaled"].numpy().tolist()


def test_s01_writes_every_part_of_a_saved_model_and_shows_it(exported):
    out = exported(Scale())
    on_disk = {path.relative_to(out.path).as_posix() for path in out.path.rglob("*")}
    assert {"saved_model.pb", "variables", "assets", "fingerprint.pb"} <= on_disk
    shown = str(out.result)
    for path in on_disk:
        assert path.rsplit("/", 1)[-1] in shown
    listed = {file.path.rstrip("/") for file in out.result.inspection.files}
    assert listed == {name for name in on_disk if name != "variables"}
    assert_allclose(out.serve(x=[2.0])["scaled"], [6.0])


def test_s02_the_compat_aliases_are_one_function():
    assert tf.saved_model.save is tf.compat.v1.saved_model.experimental.save


def test_s02_one_engine_behind_every_face(notebook):
    notebook.run(CELL)
    notebook.run("%savedmodel export scale line")
    notebook.run("%%savedmodel cell\n" + CELL)
    sm_magics.export(notebook.shell.user_ns["scale"], "python")
    seen = [sm_magics.inspect(name) for name in ("line", "cell", "python")]
    for inspection in seen:
        assert answer(inspection.path) == [6.0]
        (signature,) = inspection.signatures
        assert [str(spec) for spec in signature.inputs] == ["x: float32[None]"]
        assert inspection.variables == seen[0].variables
        assert inspection.ops == seen[0].ops
        assert [file.path for file in inspection.files] == [file.path for file in seen[0].files]


@pytest.mark.python_only("the parameters of the function")
def test_s03_the_same_four_parameters_and_ours_by_keyword():
    theirs = list(inspect.signature(tf.saved_model.save).parameters)
    ours = inspect.signature(sm_magics.export).parameters
    assert list(ours)[:4] == theirs == ["obj", "export_dir", "signatures", "options"]
    rest = [p.kind for name, p in ours.items() if name not in theirs]
    assert set(rest) == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.python_only("a line has no positions")
def test_s03_all_four_by_position(tmp_path):
    module = Scale()
    options = tf.saved_model.SaveOptions(extra_tags=["cpu"])
    result = sm_magics.export(module, tmp_path / "out", {"scale": module.serve}, options)
    assert [signature.key for signature in result.inspection.signatures] == ["scale"]
    assert set(result.inspection.tags) == {"serve", "cpu"}


def test_s43_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    result = sm_magics.export(Scale(), "~/models/scale")
    assert result.path == (tmp_path / "home/models/scale").resolve()
    assert answer(result.path) == [6.0]
    assert not Path("~").exists()


def test_s43_home_is_expanded_in_a_magic(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    notebook.run(CELL)
    notebook.run("%savedmodel export scale ~/scale")
    assert answer(tmp_path / "home/scale") == [6.0]
    assert not Path("~").exists()


@pytest.mark.parametrize("empty", ["", "  "])
def test_s43_an_empty_name_is_refused(empty, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="must name a directory"):
        sm_magics.export(Scale(), empty)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("spelled", [str, Path, lambda path: f"{path}/"])
def test_s43_text_and_path_mean_the_same(spelled, tmp_path):
    result = sm_magics.export(Scale(), spelled(tmp_path / "new" / "out"))
    assert result.path == (tmp_path / "new" / "out").resolve()
    assert answer(result.path) == [6.0]


def live_objects(kind: str) -> int:
    gc.collect()
    return sum(type(thing).__name__ == kind for thing in gc.get_objects())


def test_s48_nothing_grows_over_fifty_exports(tmp_path):
    module = Scale()

    def export():
        return sm_magics.export(module, tmp_path / "out", overwrite=True)

    first = [export() for _ in range(3)][-1]
    nodes = len(tf.compat.v1.get_default_graph().get_operations())
    graphs = live_objects("FuncGraph")
    for _ in range(47):
        last = export()
    assert len(tf.compat.v1.get_default_graph().get_operations()) == nodes
    assert live_objects("FuncGraph") <= graphs
    assert last.inspection.ops == first.inspection.ops
    assert abs(last.bytes - first.bytes) < 200
    assert [path.name for path in tmp_path.iterdir() if path.name != "out"] == []
    assert answer(last.path) == [6.0]


def test_s50_while_functions_run_eagerly(exported):
    module = Scale()
    tf.config.run_functions_eagerly(True)  # noqa: FBT003, TensorFlow's own form
    try:
        out = exported(module)
        assert tf.config.functions_run_eagerly()
    finally:
        tf.config.run_functions_eagerly(False)  # noqa: FBT003, as above
    assert out.result.verification.signatures[0].status == "equal"
    assert_allclose(out.serve(x=np.array([2.0], "float32"))["scaled"], [6.0])
    assert_allclose(out.loaded.serve(tf.constant([1.0]))["scaled"], [3.0])
