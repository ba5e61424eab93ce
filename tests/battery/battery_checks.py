"""What a SavedModel must do, as functions over the live model and what a writer made of it.

`answers` loads it in a fresh process, once for all the checks that look at what was found there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.verify import serving

if TYPE_CHECKING:
    from benchmark_models import Subject

HERE = Path(__file__).parent
CHILD = HERE / "battery_child.py"
OPENVINO = HERE.parent / "consumers" / "answer_with_openvino.py"
_COUNTED = re.compile(r"(__inference_\w+?)_\d+")


@dataclass
class Live:
    """A model, and what it answers now; gradients are those of a loss, by trained variable."""

    subject: Subject
    model: Any
    feeds: dict[str, np.ndarray]
    answer: np.ndarray
    loss: np.ndarray
    gradients: list[np.ndarray]

    @classmethod
    def of(cls, subject: Subject) -> Live:
        """Make the model, with no weights that are all zero, and ask it."""
        model, feeds = subject.build(), subject.sample()
        rng = np.random.default_rng(1)
        for variable in getattr(model, subject.trainable):
            if not np.any(variable.numpy()):
                variable.assign(0.1 * rng.random(variable.shape, "float32"))
        fed = {name: tf.constant(value) for name, value in feeds.items()}
        trained = [tf_private.raw_variable(v) for v in getattr(model, subject.trainable)]
        with tf.GradientTape() as tape:
            answer = subject.answer(model, fed)
            loss = rng.random(answer.shape, "float32") - 0.3
            total = tf.reduce_sum(answer * loss)
        gradients = [np.asarray(tf.convert_to_tensor(g)) for g in tape.gradient(total, trained)]
        return cls(subject, model, feeds, np.asarray(answer), np.asarray(loss), gradients)

    def listed(self, name: str) -> list[Any]:
        """Return the model's variables; `name` is "variables" or "trainable"."""
        return list(getattr(self.model, getattr(self.subject, name)))


def answers(live: Live, directory: Path, folder: Path) -> Path:
    """Load the directory in a fresh process; return the folder with what it found there."""
    np.savez(folder / "inputs.npz", **live.feeds)
    np.save(folder / "loss.npy", live.loss)
    names = (live.subject.variables, live.subject.trainable)
    wanted = ["onnx"] if "onnxruntime" in live.subject.consumers else []
    _run(CHILD, directory, folder, *names, *wanted)
    return folder


def answers_equal(live: Live, loaded: Path) -> None:
    """The loaded signature and the loaded function answer as the live object does."""
    close(np.load(loaded / "signature.npy"), live.answer)
    close(np.load(loaded / "function.npy"), live.answer)


def variables_equal(live: Live, loaded: Path) -> None:
    """All variables, and those that are trained, are listed in order with their values."""
    for name in ("variables", "trainable"):
        there, here = sorted((loaded / name).iterdir()), live.listed(name)
        assert len(there) == len(here) > 0
        for file, variable in zip(there, here, strict=True):
            np.testing.assert_array_equal(np.load(file), variable.numpy())


def gradients_equal(live: Live, loaded: Path) -> None:
    """Gradients of a loss are those of the live object, finite and not all zero."""
    there = [np.load(file) for file in sorted((loaded / "gradients").iterdir())]
    assert len(there) == len(live.gradients) > 0
    assert any(map(np.any, there))
    # Some are zero but for rounding, such as those of a bias that a normalisation takes out again.
    largest = max(map(np.linalg.norm, live.gradients))
    for written, gradient in zip(there, live.gradients, strict=True):
        assert np.all(np.isfinite(written))
        close(written, gradient, 1e-5 * largest)


def session_equal(live: Live, file: Path) -> None:
    """In a TensorFlow 1 session the signature answered as the live object does."""
    close(np.load(file), live.answer)


def server_equal(live: Live, directory: Path) -> None:
    """TensorFlow's C API, which places hard, answers as the live object does."""
    feeds = {name: tf.constant(value) for name, value in live.feeds.items()}
    (answer,) = serving.run(directory, [("serving_default", feeds, False)]).values()
    assert not isinstance(answer, Exception), answer
    ((output,),) = answer.values()
    close(output, live.answer)


def restores(live: Live, directory: Path) -> None:
    """`tf.train.Checkpoint` restores every weight of the model, after each was changed."""
    # Not the seeds of Keras's layers: no checkpoint has them.
    variables = getattr(live.model, "weights", None) or live.listed("variables")
    before = [variable.numpy() for variable in variables]
    try:
        for variable in variables:
            variable.assign(variable + 1)
        checkpoint = tf.train.Checkpoint(live.model)
        checkpoint.restore(str(directory / "variables/variables")).expect_partial()
        for variable, value in zip(variables, before, strict=True):
            np.testing.assert_array_equal(variable.numpy(), value)
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def has_its_fingerprint(directory: Path) -> None:
    """The fingerprint, computed again from the files, is the one that was written."""
    from tensorflow.core.protobuf.fingerprint_pb2 import FingerprintDef
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    written = FingerprintDef.FromString((directory / "fingerprint.pb").read_bytes())
    now = FingerprintDef.FromString(fingerprinting.CreateFingerprintDef(str(directory)))
    assert written.uuid
    assert written.checkpoint_hash
    now.uuid = written.uuid  # a random one each time
    assert written == now
    assert not tf_private.is_mixed_export(str(directory))


def shown_equal(ours: Path, theirs: Path) -> None:
    """`saved_model_cli show --all` prints the same of two directories of one model."""
    assert _shown(ours) == _shown(theirs)
    assert "signature_def['serving_default']" in _shown(ours)[0]


def onnxruntime_equal(live: Live, file: Path) -> None:
    """ONNX Runtime answers as the live object does, once tf2onnx has converted it."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, live.feeds)
    close(answer, live.answer)


def openvino_equal(live: Live, directory: Path, folder: Path) -> None:
    """OpenVINO reads it without TensorFlow, and answers as the live object does."""
    np.savez(folder / "inputs.npz", **live.feeds)
    _run(OPENVINO, "read_model", directory, folder / "inputs.npz", folder / "outputs.npz")
    (answer,) = np.load(folder / "outputs.npz").values()
    close(answer, live.answer)


def close(there: Any, here: np.ndarray, within: float = 0.0) -> None:
    """Compare by the size of the whole: small numbers may be sums of large ones."""
    there = np.asarray(there)
    assert there.shape == here.shape
    assert np.linalg.norm(there - here) <= 1e-4 * np.linalg.norm(here) + within


def _shown(file: Path) -> tuple[str, str]:
    """Return the signatures and the functions; ops of the whole graph, the saver's too, go."""
    text = _COUNTED.sub(r"\1", file.read_text(encoding="utf-8"))
    signatures, _, rest = text.partition("The MetaGraph with tag set")
    return signatures, rest.partition("\n")[2]


def _run(script: Path, *arguments: Any) -> None:
    finished = subprocess.run(
        [sys.executable, "-P", script, *map(str, arguments)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
