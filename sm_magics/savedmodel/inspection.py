"""Read a SavedModel directory without loading or running it, and without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sm_magics.savedmodel.display import Displayable
from sm_magics.savedmodel.signatures import Signature


@dataclass(frozen=True, slots=True)
class File:
    """A file of the directory: its relative POSIX path, size in bytes, and what it is."""

    path: str
    bytes: int
    role: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable in the checkpoint: name, checkpoint key, dtype, shape, bytes, trainable or not."""

    name: str
    key: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    trainable: bool | None = None


@dataclass(frozen=True, slots=True)
class Loadable:
    """A function that stays callable from Python after a load, and how many traces it has."""

    path: str
    traces: int


@dataclass(frozen=True, slots=True)
class MetaGraph:
    """One MetaGraphDef of the SavedModel."""

    tags: tuple[str, ...]
    signatures: tuple[Signature, ...]
    functions: tuple[Loadable, ...]
    ops: dict[str, int]
    devices: dict[str, int]
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Inspection(Displayable):
    """What is in a SavedModel directory.

    `tags`, `signatures`, `functions`, `ops`, `devices` and `versions` are those of the MetaGraph
    tagged ``serve`` (the first one where there is none); `meta_graphs` has all.
    """

    path: Path
    files: tuple[File, ...]
    variables: tuple[Variable, ...]
    fingerprint: dict[str, str]
    meta_graphs: tuple[MetaGraph, ...] = field(repr=False)
