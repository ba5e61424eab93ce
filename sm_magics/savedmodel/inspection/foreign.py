"""What stands where a SavedModel was expected, and what to type instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_magics.savedmodel.inspection import protos

if TYPE_CHECKING:
    from pathlib import Path

_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
_MANY = 5
_REMOTE = re.compile(r"[a-z0-9]{2,}:/")  # a Path keeps one slash of gs://

# A file's name ends with -> what it is and how that is read.
_OTHERS = (
    (".keras", "a Keras file: keras.models.load_model({path!r})"),
    (".weights.h5", "Keras weights: model.load_weights({path!r})"),
    (".h5", "a Keras (HDF5) file: keras.models.load_model({path!r})"),
    (".hdf5", "a Keras (HDF5) file: keras.models.load_model({path!r})"),
    (".tflite", "a TensorFlow Lite model: tf.lite.Interpreter({path!r})"),
    (".onnx", "an ONNX model: onnx.load({path!r})"),
    ("model.json", "a TensorFlow.js model"),
)


def explain(path: Path) -> str | None:
    """Return why `path` can't be a SavedModel directory; None if it can."""
    if _REMOTE.match(str(path)) and not path.exists():
        return f"{path} is not a local directory. Copy it here first, then give the copy."
    if path.is_file():
        return _explain_file(path)
    if not path.is_dir():
        return f"{path} does not exist{_nearest(path)}."
    if any((path / name).exists() for name in _GRAPHS):
        return None
    return f"{path} holds no saved_model.pb. {_explain_folder(path)}"


def explain_graph(path: Path) -> str:
    """Return what a graph file is that parses as a SavedModel and holds no MetaGraph."""
    from google.protobuf.message import DecodeError

    if not path.stat().st_size:
        return f"{path} is empty. Copy or export it again."
    try:
        frozen = protos.message("GraphDef").FromString(path.read_bytes())
    except DecodeError:
        frozen = None
    if frozen is not None and any(node.op for node in frozen.node):
        return (
            f"{path} is a GraphDef (a frozen graph), not a SavedModel: read it with "
            "tf.compat.v1.GraphDef.FromString, tf.import_graph_def and tf.saved_model.save."
        )
    return f"{path} holds no MetaGraph: it is truncated, or no SavedModel. Export it again."


def _explain_file(path: Path) -> str:
    if path.name in _GRAPHS:
        return f"{path} is a file of a SavedModel; give its directory: {path.parent}"
    for suffix, meaning in _OTHERS:
        if path.name.endswith(suffix):
            return f"{path} is a file, not a SavedModel directory. It is {_say(meaning, path)}."
    return f"{path} is a file. Give the directory that holds saved_model.pb."


def _explain_folder(path: Path) -> str:
    names = sorted(child.name for child in path.iterdir())
    if not names:
        return "It is empty."
    return (
        _models_below(path, names)
        or _parts(names)
        or _other_model(path, names)
        or _checkpoint(path, names)
        or f"It holds {_listed(names)}."
    )


def _models_below(path: Path, names: list[str]) -> str | None:
    inner = [name for name in names if any((path / name / graph).exists() for graph in _GRAPHS)]
    versions = sorted((name for name in inner if name.isdecimal()), key=int)
    if versions:
        noun = "version" if len(versions) == 1 else "versions"
        return f"It holds {noun} {_listed(versions)}: try {path / versions[-1]}"
    return f"It holds {_listed(inner)}: try {path / inner[0]}" if inner else None


def _parts(names: list[str]) -> str | None:
    if "saved_model.cpb" in names:
        return (
            "It holds saved_model.cpb, which was written in chunks "
            "(experimental_image_format): export it again without that option."
        )
    if {"variables", "fingerprint.pb", "keras_metadata.pb"} & set(names):
        return (
            "It holds other parts of a SavedModel: it was copied in part, or its export was "
            "interrupted. Copy or export it again."
        )
    return None


def _other_model(path: Path, names: list[str]) -> str | None:
    for suffix, meaning in _OTHERS:
        for name in names:
            if name.endswith(suffix):
                return f"It holds {name}, {_say(meaning, path / name)}."
    return None


def _checkpoint(path: Path, names: list[str]) -> str | None:
    indices = [name for name in names if name.endswith(".index")]
    if not indices and "checkpoint" not in names:
        return None
    prefix = path / (indices[-1].removesuffix(".index") if indices else "NAME")
    return (
        "It holds a checkpoint, which has values but no graph: restore it into its model with "
        f"tf.train.Checkpoint(...).read({str(prefix)!r}), then export that."
    )


def _say(meaning: str, path: Path) -> str:
    return meaning.format(path=str(path))


def _nearest(path: Path) -> str:
    """Name the directory that exists on the way to `path`, and what is in it."""
    for parent in path.absolute().parents:
        if parent.is_dir():
            names = sorted(child.name for child in parent.iterdir() if child.is_dir())
            return f"; {parent} holds {_listed(names)}" if names else f"; {parent} holds no folders"
    return ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return ", ".join(names[:_MANY]) + more
