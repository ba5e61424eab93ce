"""Ask a SavedModel in a fresh process, which knows nothing of this one and sees no GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Question = tuple[str, dict[str, Any], bool]
    """A signature's key, its tensors by input name, and whether it writes variables."""

CHILD = Path(__file__).with_name("fresh_process_child.py")

_NO_TENSORFLOW = 3
"""What a child ends with where it can't use TensorFlow."""


class RemoteError(RuntimeError):
    """What went wrong in the fresh process; the text begins with the kind of error there."""


class NoAnswersError(RemoteError):
    """The fresh process can't load the export, or died of it; goes after "a fresh process"."""


class NoFreshProcessError(RuntimeError):
    """No other process can run TensorFlow here, which says nothing about the export."""


def run(directory: Path, questions: Sequence[Question]) -> dict[str, dict[str, Any] | Exception]:
    """Answer questions by a SavedModel in another process that imports only TensorFlow.

    Parameters and errors are those of `ask`.
    """
    return ask(CHILD, {"directory": str(directory)}, questions)


def ask(
    child: Path, request: Mapping[str, Any], questions: Sequence[Question]
) -> dict[str, dict[str, Any] | Exception]:
    """Let a program answer questions in a process of its own.

    Parameters
    ----------
    child : Path
        The program. It reads ``request.json`` in the folder that it is given, writes
        ``answer.json`` there, and one file a tensor on either way.
    request : mapping
        What else it has to know, as JSON.
    questions : sequence of (key, feeds, writes)
        Without any it only loads the export.

    Returns
    -------
    dict
        Signature key -> outputs by name, each a list of its parts (a plain tensor has one), or the
        exception that stands for what went wrong there.

    Raises
    ------
    NoAnswersError
        If the process can't load the export, or crashes.
    NoFreshProcessError
        If the process can't be started, or can't use TensorFlow.
    """
    with tempfile.TemporaryDirectory(prefix="sm_magics-") as scratch:
        folder = Path(scratch)
        written = [_written(folder, n, *question) for n, question in enumerate(questions)]
        (folder / "request.json").write_text(
            json.dumps({**request, "questions": written}), encoding="utf-8"
        )
        finished = _finished(child, folder)
        if finished.returncode:
            last = (finished.stderr.strip().splitlines() or ["no message"])[-1]
            if finished.returncode == _NO_TENSORFLOW:
                raise NoFreshProcessError(f"a fresh process {last}")
            raise NoAnswersError(f"ended with {finished.returncode}: {last}")
        answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        if "error" in answer:
            raise NoAnswersError(f"can't load it: {answer['error']}")
        return {key: _read(folder, one) for key, one in answer["answers"].items()}


def _finished(child: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        # -P: the modules next to the child, such as `inspection`, are not in anybody's way.
        return subprocess.run(  # noqa: S603, our own script and interpreter
            [sys.executable, "-P", str(child), str(folder)],
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
            tf.io.parse_tensor((folder / file).read_bytes(), tf.as_dtype(dtype))
            if file
            else tf.TensorSpec(shape, tf.as_dtype(dtype))
            for file, dtype, shape in parts
        ]
        for name, parts in answer["outputs"].items()
    }
