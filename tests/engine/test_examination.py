"""`%savedmodel show DIR --target cpu`: findings about what somebody else wrote, without loading."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.examination import examine

VECTOR = tf.TensorSpec([None], tf.float32, name="x")


class Pinned(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        with tf.device("/GPU:0"):
            return tf.sin(x)


class Python(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return tf.ensure_shape(tf.numpy_function(lambda v: v, [x], tf.float32), [None])


class Reading(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * tf.strings.to_number(tf.io.read_file("factor.txt"))


def saved(obj, path, **options):
    tf.saved_model.save(
        obj, str(path), signatures=obj.serve, options=tf.saved_model.SaveOptions(**options)
    )
    return path


def codes(found):
    return [(one.code, one.severity.value) for one in found.findings]


@pytest.mark.parametrize(
    ("target", "severity"), [("cpu", "warning"), ("gpu", "info"), ("any", "warning")]
)
def test_pins_of_a_plain_save(tmp_path, target, severity):
    found = examine(saved(Pinned(), tmp_path / "out"), target)
    assert codes(found) == [("SM301", severity)]
    (one,) = found.findings
    assert (one.line, one.file, one.count) == (None, None, 1)
    assert one.message.startswith("1 op of ")


def test_lines_come_from_debug_info(tmp_path):
    found = examine(saved(Pinned(), tmp_path / "out", save_debug_info=True), "cpu")
    (one,) = found.findings
    assert one.file == __file__
    line = Path(__file__).read_text("utf-8").split("\n")[one.line - 1]
    assert line == one.source == '        with tf.device("/GPU:0"):'


def test_python_and_files_are_told_of_without_running(tmp_path):
    assert ("SM401", "error") in codes(examine(saved(Python(), tmp_path / "python"), "cpu"))
    found = examine(saved(Reading(), tmp_path / "files"), "cpu")
    assert codes(found) == [("SM405", "warning")]
    assert "`ReadFile` reads files" in found.findings[0].message


def test_what_an_older_release_refuses(tmp_path):
    module = Pinned()
    module.weight = tf.Variable(1.0)
    path = saved(module, tmp_path / "out")
    found = examine(path, "gpu", consumer="2.4")
    assert {"SM403", "SM404"} <= {one.code for one in found.findings}
    assert {one.code for one in examine(path, "gpu", consumer="2.21").findings} == {"SM301"}


def test_an_ordinary_model_has_no_findings(tmp_path):
    module = Pinned()
    module.serve = tf.function(lambda x: x * module.weight, input_signature=[VECTOR])
    module.weight = tf.Variable(1.0)
    assert codes(examine(saved(module, tmp_path / "out"), "any")) == []


def test_a_wrong_target_or_release_says_which_there_are(tmp_path):
    path = saved(Pinned(), tmp_path / "out")
    with pytest.raises(ValueError, match="target is one of cpu, gpu, tpu, any"):
        sm_magics.inspect(path, target="npu")
    with pytest.raises(ValueError, match=r"tables of 2\.4, 2\.12, 2\.16, 2\.21"):
        sm_magics.inspect(path, consumer="1.15")


def test_tensorflow_is_not_imported(tmp_path):
    path = saved(Reading(), tmp_path / "out")
    code = (
        "import sys, sm_magics\n"
        f"found = sm_magics.inspect({str(path)!r}, target='cpu', consumer='2.12')\n"
        "print([one.code for one in found.findings], 'tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['SM405'] False"


def test_show_in_a_notebook(notebook, tmp_path):
    path = saved(Pinned(), tmp_path / "out", save_debug_info=True)
    ran = notebook.run(f"%savedmodel show {path} --target cpu")
    assert [one.code for one in ran.value.findings] == ["SM301"]
    assert "with tf.device" in str(ran.value)
    quiet = notebook.run(f"%savedmodel show {path} --target cpu --ignore SM3")
    assert quiet.value.findings == ()
    notebook.run("%config SavedModelMagics.target = 'gpu'")
    (one,) = notebook.run(f"%savedmodel show {path}").value.findings
    assert one.severity == "info"


def test_functions_go_by_their_paths(tmp_path):
    class Part(tf.Module):
        @tf.function(input_signature=[VECTOR])
        def bb(self, x):
            with tf.device("/GPU:0"):
                return tf.sin(x)

    module = Part()
    module.part = Part()
    tf.saved_model.save(module, str(tmp_path / "out"), signatures={})
    found = examine(tmp_path / "out", "cpu")
    assert sorted(one.function for one in found.findings) == ["bb", "part.bb"]


def test_what_no_signature_reaches_is_told_of_like_a_security_scan_does(tmp_path):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        tf.io.write_file("out.txt", "text")
        y = x * 2.0
        v1.saved_model.simple_save(session, str(tmp_path / "out"), {"x": x}, {"y": y})
    found = examine(tmp_path / "out", "cpu")
    assert [(one.code, "WriteFile" in one.message) for one in found.findings] == [("SM405", True)]


def test_the_fix_is_one_of_another_export(tmp_path):
    (one,) = examine(saved(Pinned(), tmp_path / "out"), "cpu").findings
    assert "or export it again with --fix devices" in one.hint


@tf.custom_gradient
def writing(x):
    def gradient(upstream):
        with tf.control_dependencies([tf.io.write_file("gradient.txt", "text")]):
            return tf.identity(upstream)

    return tf.identity(x), gradient


def test_gradient_functions_are_looked_at_before_anything_is_published(tmp_path):
    module = tf.Module()
    module.serve = tf.function(lambda x: writing(x) * 2.0, input_signature=[VECTOR])
    result = sm_magics.export(module, tmp_path / "out")
    assert "SM405" in {one.code for one in result.findings}
    with pytest.raises(sm_magics.ExportError, match="SM405"):
        sm_magics.export(module, tmp_path / "strict", strict=True)
    assert not (tmp_path / "strict").exists()
