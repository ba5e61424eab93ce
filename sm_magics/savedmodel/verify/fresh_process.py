"""Run a SavedModel in a fresh process that imports only TensorFlow and sees no GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

CHILD = Path(__file__).with_name("fresh_process_child.py")

_NO_TENSORFLOW = 3
"""What the child ends with where TensorFlow can't be imported."""


class RemoteError(RuntimeError):
    """What went wrong in the fresh process; the text begins with the exception's name there."""


class NoFreshProcessError(RuntimeError):
    """No other process can run TensorFlow here, which says nothing about the export."""


def run(
    directory: Path, questions: Sequence[tuple[str, dict[str, Any], bool]]
) -> dict[str, dict[str, Any] | Exception]:
    """Answer questions by a SavedModel in another process.

    Parameters
    ----------
    directory : Path
        The SavedModel.
    questions : sequence of (key, feeds, writes)
        A signature's key, its tensors by input name, and whether it writes variables.

    Returns
    -------
    dict
        Signature key -> outputs by name, each a list of its parts (a plain tensor has one), or the
        exception that stands for what went wrong there.

    Raises
    ------
    NoFreshProcessError
        If the process can't be started, or can't import TensorFlow.
    """
    with tempfile.TemporaryDirectory(prefix="sm_magics-") as scratch:
        folder = Path(scratch)
        request = [_written(folder, n, *question) for n, question in enumerate(questions)]
        (folder / "request.json").write_text(
            json.dumps({"directory": str(directory), "questions": request}), encoding="utf-8"
        )
        finished = _finished(folder)
        if finished.returncode:
            last = (finished.stderr.strip().splitlines() or ["no message"])[-1]
            if finished.returncode == _NO_TENSORFLOW:
                raise NoFreshProcessError(f"a fresh process can't import TensorFlow: {last}")
            error = RemoteError(f"the fresh process ended with {finished.returncode}: {last}")
            return {key: error for key, _, _ in questions}
        answers = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        return {key: _read(folder, answer) for key, answer in answers.items()}


def _finished(folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        # -P: the modules next to the child, such as `inspection`, are not in anybody's way.
        return subprocess.run(  # noqa: S603, our own script and interpreter
            [sys.executable, "-P", str(CHILD), str(folder)],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise NoFreshProcessError(f"no fresh process can be started: {error}") from error


def _written(
    folder: Path,
    number: int,
    key: str,
    feeds: dict[str, Any],
    writes: bool,  # noqa: FBT001
) -> dict[str, Any]:
    import tensorflow as tf

    files = {}
    for index, (name, tensor) in enumerate(feeds.items()):
        files[name] = [f"in-{number}-{index}", tensor.dtype.name]
        # Unlike `tf.io.serialize_tensor` this knows every dtype.
        proto = tf.make_tensor_proto(tensor.numpy(), tensor.dtype, tensor.shape)
        (folder / files[name][0]).write_bytes(proto.SerializeToString())
    return {"key": key, "feeds": files, "writes": writes}


def _read(folder: Path, answer: dict[str, Any]) -> dict[str, Any] | Exception:
    import tensorflow as tf

    if "error" in answer:
        return RemoteError(answer["error"])
    return {
        name: [
            # A handle has no value that could be sent.
            tf.io.parse_tensor((folder / file).read_bytes(), dtype)
            if file
            else tf.TensorSpec(shape, dtype)
            for file, dtype, shape in parts
        ]
        for name, parts in answer["outputs"].items()
    }
