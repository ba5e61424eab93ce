"""The fresh process: only TensorFlow, only the CPU, and words for whatever goes wrong there."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.verify import fresh_process

VECTOR = tf.TensorSpec([None], tf.float32, name="x")


class Doubler(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def double(self, x):
        return {"doubled": 2.0 * x}

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="x")])
    def picky(self, x):
        return tf.ensure_shape(x, [None] * 4)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("exports") / "doubler"
    sm_magics.export(Doubler(), path, ["double=double", "picky=picky"], verify=False)
    return path


@pytest.fixture
def child(monkeypatch, tmp_path):
    """Put another script in the place of the one that runs in the fresh process."""

    def put(source):
        script = tmp_path / "child.py"
        script.write_text(source, encoding="utf-8")
        monkeypatch.setattr(fresh_process, "CHILD", script)

    return put


def ask(directory, key="double", value=(1.0, 2.0)):
    return fresh_process.run(directory, [(key, {"x": tf.constant(value)}, False)])[key]


def test_answers_and_failures_come_back_by_signature(directory):
    feeds = {"x": tf.constant([1.0, 2.0])}
    answers = fresh_process.run(
        directory, [("picky", feeds, False), ("double", feeds, False), ("nosuch", feeds, False)]
    )
    (doubled,) = answers["double"]["doubled"]
    np.testing.assert_array_equal(doubled, [2.0, 4.0])
    assert isinstance(answers["picky"], fresh_process.RemoteError)
    assert "InvalidArgumentError" in str(answers["picky"])
    assert "nosuch" in str(answers["nosuch"])


def test_what_can_not_be_loaded_is_said(tmp_path):
    with pytest.raises(
        fresh_process.NoAnswersError, match=r"^can't load it: OSError: SavedModel file does not"
    ):
        ask(tmp_path)


@pytest.fixture
def typed():
    """Let this process's standard input have something to read."""
    kept, (read, write) = os.dup(0), os.pipe()
    os.write(write, b"typed")
    os.close(write)
    os.dup2(read, 0)
    yield
    os.dup2(kept, 0)
    os.close(kept)
    os.close(read)


@pytest.mark.usefixtures("typed")
def test_only_tensorflow_is_imported_and_no_gpu_seen(directory, child):
    # The script itself, then what it left behind.
    source = fresh_process.CHILD.read_text(encoding="utf-8")
    child(
        source
        + """
    import os
    seen = [name for name, module in sys.modules.items() if module is not None
            and name.partition(".")[0] in ("sm_magics", "keras", "tf_keras", "IPython")]
    report = {"seen": seen, "path": str(Path(__file__).parent) in sys.path,
              "gpus": os.environ["CUDA_VISIBLE_DEVICES"], "stdin": sys.stdin.read()}
    answer = json.loads((Path(sys.argv[1]) / "answer.json").read_text())
    answer["answers"]["double"] = {"error": json.dumps(report)}
    (Path(sys.argv[1]) / "answer.json").write_text(json.dumps(answer))
"""
    )
    assert "import tensorflow as tf" in source
    assert json.loads(str(ask(directory))) == {"seen": [], "path": False, "gpus": "-1", "stdin": ""}


def test_a_keras_model_runs_where_keras_is_not(tmp_path):
    model = keras.Sequential(
        [keras.Input((1,), dtype="string"), keras.layers.TextVectorization(vocabulary=["a", "b"])]
    )
    result = sm_magics.export(model, tmp_path / "out", verify="process", sample=[["b a"]])
    (check,) = result.verification.signatures
    assert (result.verification.level, check.status) == ("process", "equal")


def test_where_tensorflow_is_missing_nothing_is_said_of_the_export(directory, child, tmp_path):
    source = fresh_process.CHILD.read_text(encoding="utf-8")
    child(source.replace("import tensorflow as tf", "import tensorflow_that_is_not_there as tf", 1))
    with pytest.raises(fresh_process.NoFreshProcessError, match="can't import TensorFlow"):
        ask(directory)
    result = sm_magics.export(Doubler(), tmp_path / "out", "double", verify="process")
    assert result.verification.level == "structural"
    assert "can't import TensorFlow" in result.verification.reason


def test_an_interpreter_that_can_not_be_started_says_nothing_of_the_export(directory, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(fresh_process.NoFreshProcessError, match="no fresh process can be started"):
        ask(directory)


def test_a_crash_is_said(directory, child):
    child(
        "import os, sys\nsys.stderr.write('bad \\udcff'.encode('utf-8', 'replace').decode())\n"
        "sys.stderr.flush()\nos.abort()"
    )
    with pytest.raises(fresh_process.NoAnswersError, match=r"^ended with -6: bad"):
        ask(directory)


def test_nothing_is_left_behind(directory, child, tmp_path, monkeypatch):
    child("raise SystemExit(1)")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(fresh_process.tempfile, "tempdir", str(scratch))
    with pytest.raises(fresh_process.NoAnswersError):
        ask(directory)
    assert not list(scratch.iterdir())


def test_an_interrupt_ends_the_process(directory, child, monkeypatch):
    child("import time; time.sleep(60)")
    started = []

    class Interrupted(subprocess.Popen):
        def communicate(self, *_args, **_keywords):
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        ask(directory)
    assert started[0].poll() is not None
