"""TensorFlow's `saved_model_cli run`, in a process of its own, answers as the live objects do."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import sm_magics

CLI = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli"]


def run(directory, key, outdir, *, files=None, literals=None):
    """Run a signature on arrays from files and on literals; return the finished process."""
    arguments = ["--dir", directory, "--tag_set", "serve", "--signature_def", key]
    if files:
        for name, value in files.items():
            np.save(outdir.with_name(f"{name}.npy"), value)
        names = [f"{name}={outdir.with_name(name)}.npy" for name in files]
        arguments += ["--inputs", ";".join(names)]
    if literals:
        texts = [f"{name}={value.tolist()!r}" for name, value in literals.items()]
        arguments += ["--input_exprs", ";".join(texts)]
    return subprocess.run(
        [*CLI, "run", *map(str, arguments), "--outdir", str(outdir)],
        capture_output=True,
        text=True,
        check=False,
    )


def answers(directory, outdir, key="serving_default", **inputs):
    finished = run(directory, key, outdir, **inputs)
    assert finished.returncode == 0, finished.stderr
    return {path.stem: np.load(path) for path in outdir.iterdir()}


@pytest.mark.parametrize(
    "name",
    [
        "tf.Module",
        "Keras functional",
        "Keras sequential",
        "Keras subclassed",
        "Keras LSTM",
        "Keras 2 functional",
    ],
)
def test_it_answers_as_the_live_object(name, case, tmp_path):
    one = case(name)
    one.agrees(answers(one.path, tmp_path / "out", files=one.feeds))


def test_a_table_of_strings_is_initialised(case, tmp_path):
    one = case("Keras StringLookup")
    one.agrees(answers(one.path, tmp_path / "out", literals=one.feeds))


def test_several_inputs_and_outputs_are_not_swapped(case, tmp_path):
    one = case("Keras, several inputs and outputs")
    price, area = ({name: one.feeds[name]} for name in ("price", "area"))
    one.agrees(answers(one.path, tmp_path / "out", files=price, literals=area))


def test_every_key_is_a_signature(tmp_path):
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3, name="y")])
    model.doubled = tf.function(
        lambda x: {"twice": 2.0 * model(x)}, input_signature=[tf.TensorSpec([None, 4], name="x")]
    )
    path = tmp_path / "export"
    rows = np.random.default_rng(0).random((2, 4), "float32")
    live = 2 * model(rows)
    sm_magics.export(model, path, ["serving_default=call", "doubled=doubled"])
    answer = answers(path, tmp_path / "out", "doubled", files={"x": rows})
    assert list(answer) == ["twice"]
    np.testing.assert_allclose(answer["twice"], live, rtol=1e-5)


def test_a_keras_model_saved_by_tensorflow_alone_does_not_run(tmp_path):
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3)])
    tf.saved_model.save(model, str(tmp_path / "plain"))
    rows = np.ones((2, 4), "float32")
    finished = run(tmp_path / "plain", "serving_default", tmp_path / "out", files={"inputs": rows})
    assert finished.returncode != 0
    assert "Could not find variable" in finished.stderr
    assert not (tmp_path / "out").exists()
