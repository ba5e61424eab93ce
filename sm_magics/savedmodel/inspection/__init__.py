"""Read a SavedModel directory without loading or running it, and without TensorFlow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sm_magics.savedmodel.inspection import (
    bundle,
    directory,
    foreign,
    metagraphs,
    object_graph,
    protos,
)
from sm_magics.savedmodel.inspection.contents import (
    Argument,
    File,
    Inspection,
    InspectionError,
    Loadable,
    MetaGraph,
    Variable,
)

__all__ = [
    "Argument",
    "File",
    "Inspection",
    "InspectionError",
    "Loadable",
    "MetaGraph",
    "Variable",
    "all_metagraphs",
    "inspect",
    "metagraph",
]

_CHECKPOINT_OWN = frozenset({bundle.OBJECT_GRAPH_KEY, "save_counter/.ATTRIBUTES/VARIABLE_VALUE"})


def inspect(export_dir: str | os.PathLike[str]) -> Inspection:
    """Read what is in a SavedModel directory; nothing is loaded, run or imported.

    Parameters
    ----------
    export_dir : str or path-like
        A local directory with a saved_model.pb or saved_model.pbtxt; ``~`` is expanded.

    Returns
    -------
    Inspection
        Files, MetaGraphs, signatures, variables, ops, devices, versions, fingerprint.

    Raises
    ------
    InspectionError
        If it is no such directory, or a file of it is truncated, foreign, missing or unreadable.
    """
    from google.protobuf.message import DecodeError

    path = Path(os.fsdecode(export_dir)).expanduser()
    try:
        return _inspect(path)
    except DecodeError as error:  # in a part that was skimmed before
        raise InspectionError(f"{path} is damaged: {error}. Copy or export it again.") from error
    except OSError as error:
        raise InspectionError(f"{path} can't be read: {error.strerror or error}.") from error


def metagraph(export_dir: str | os.PathLike[str]) -> Any:
    """Return the MetaGraphDef that serves, with all its fields; see `inspect` for errors."""
    return all_metagraphs(export_dir)[0]


def all_metagraphs(export_dir: str | os.PathLike[str]) -> list[Any]:
    """Return all MetaGraphDefs with all their fields, the one that serves first."""
    path = Path(os.fsdecode(export_dir)).expanduser()
    if (strange := foreign.explain(path)) is not None:
        raise InspectionError(strange)
    graphs = _saved_model(path).meta_graphs

    def rank(graph: Any) -> tuple[bool, int]:
        tags = graph.meta_info_def.tags
        return "serve" not in tags, len(tags) if "serve" in tags else 0

    return [protos.whole(graph) for graph in sorted(graphs, key=rank)]


def _inspect(path: Path) -> Inspection:
    if (strange := foreign.explain(path)) is not None:
        raise InspectionError(strange)
    saved_model = _saved_model(path)
    index = _index(path, saved_model)
    return Inspection(
        path=path,
        files=directory.files(
            path,
            assets=metagraphs.assets(saved_model),
            shards=None if index is None else bundle.shard_names(index.num_shards),
        ),
        variables=() if index is None else _variables(index, saved_model),
        fingerprint=_fingerprint(path),
        meta_graphs=tuple(
            metagraphs.read(graph, saved_model.saved_model_schema_version)
            for graph in saved_model.meta_graphs
        ),
    )


def _saved_model(path: Path) -> Any:
    binary, text = path / "saved_model.pb", path / "saved_model.pbtxt"
    if binary.exists():  # TensorFlow, too, takes the binary one where there are both
        written = binary
        saved_model = _parsed(protos.skimmed("SavedModel"), binary)
    else:
        written = text
        saved_model = _parsed_text(text)
    if not saved_model.meta_graphs:
        raise InspectionError(foreign.explain_graph(written))
    return saved_model


def _parsed(message: Any, path: Path) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return message.FromString(path.read_bytes())
    except DecodeError as error:
        raise InspectionError(
            f"{path} is truncated, or no {message.DESCRIPTOR.name}: it can't be parsed "
            f"({path.stat().st_size} bytes). Copy or export it again."
        ) from error


def _parsed_text(path: Path) -> Any:
    from google.protobuf import text_format

    try:
        saved_model = text_format.Parse(
            path.read_text("utf-8"),
            protos.message("SavedModel")(),
            allow_unknown_field=True,  # of a newer TensorFlow
            descriptor_pool=protos.pool(),
        )
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise InspectionError(
            f"{path} is truncated, or no SavedModel in text form: {error}. Copy or export it again."
        ) from error
    return protos.skimmed("SavedModel").FromString(saved_model.SerializeToString())


def _fingerprint(path: Path) -> dict[str, str]:
    written = path / "fingerprint.pb"
    if not written.exists():
        return {}
    return {
        field.name: str(value.producer if field.name == "version" else value)
        for field, value in _parsed(protos.message("FingerprintDef"), written).ListFields()
    }


def _index(path: Path, saved_model: Any) -> bundle.Index | None:
    """Read the index of the variables; None if there are none."""
    folder = path / "variables"
    if not (folder / bundle.INDEX_NAME).exists():
        if metagraphs.restores_variables(saved_model):
            raise InspectionError(
                f"{path} has variables in its graph, but no variables/{bundle.INDEX_NAME}: "
                "it was copied in part. Copy or export it again."
            )
        return None
    try:
        index = bundle.read_index(folder / bundle.INDEX_NAME)
        bundle.check_shards(folder, index)
    except bundle.BundleError as error:
        raise InspectionError(f"{error} Copy or export it again.") from error
    return index


def _variables(index: bundle.Index, saved_model: Any) -> tuple[Variable, ...]:
    nodes = object_graph.Nodes(metagraphs.object_graph(saved_model))
    found = []
    for entry in index.entries:
        if entry.key in _CHECKPOINT_OWN or entry.key.endswith("/.ATTRIBUTES/OBJECT_CONFIG_JSON"):
            continue
        name, trainable = nodes.variable(entry.key)
        found.append(
            Variable(
                name,
                entry.key,
                entry.dtype,
                entry.shape,
                entry.bytes,
                trainable,
                entry.checksum,
            )
        )
    return tuple(found)
