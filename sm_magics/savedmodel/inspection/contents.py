"""The nouns of an inspection: what is in a SavedModel directory.

Named tuples: a frozen dataclass takes ten times as long to import, and an inspection no longer than
the import of a dozen of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sm_magics.savedmodel.display import Displayable

if TYPE_CHECKING:
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.signatures import Signature, Spec


class InspectionError(ValueError):
    """A directory that can't be read as a SavedModel; the message says what to type instead."""


class File(NamedTuple):
    """A file of the directory: its relative POSIX path, size in bytes, and what it is.

    An empty folder is one too: its path ends with a slash and it has 0 bytes.
    """

    path: str
    bytes: int
    role: str


class Variable(NamedTuple):
    """A variable in the checkpoint.

    Attributes
    ----------
    name : str
        TensorFlow's name of it, such as ``"dense/kernel"``; its place in the object tree
        (``"seq.0"``) where TensorFlow gave it none or its default, ``"Variable"``.
    key : str
        Its checkpoint key.
    dtype : str
        TensorFlow's name of its dtype.
    shape : tuple of int
        Its whole shape, also where it was saved in slices.
    bytes : int
        What it takes in the checkpoint's shards; for strings that includes their lengths.
    trainable : bool or None
        None where the file doesn't say (TF 1, tables).
    checksum : int or None
        Of its bytes, as the checkpoint's index has it; None where it has none. Of two variables
        that were saved in the same slices, or whole, it is equal where their values are.
    """

    name: str
    key: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    trainable: bool | None = None
    checksum: int | None = None


class Argument(NamedTuple):
    """What a function was traced with for a parameter.

    Attributes
    ----------
    name : str
        The parameter's name; empty where the file doesn't tell it.
    value : Spec or str
        A tensor, by the name that its placeholder has in the graph; anything else as text:
        ``"False"``, ``"{'a': float32[None, 4]}"``.
    """

    name: str
    value: Spec | str

    def __str__(self) -> str:
        """Return ``x: float32[None, 4]``, ``training=False``, or the value alone."""
        if isinstance(self.value, str):
            return f"{self.name}={self.value}" if self.name else self.value
        own = self.value.name
        if own == self.name:
            return str(self.value)
        told = str(self.value._replace(name=self.name))
        return f"{told} named {own}" if own else told


class Loadable(NamedTuple):
    """A function that stays callable from Python after a load, and how many traces it has.

    `path` is what follows the loaded object: ``"encoder.embed"``, ``"layers[0].call"``. One with
    0 traces is there but can't be called. `arguments` are those of each trace, sorted by their
    text; a trace of which the file doesn't tell them is left out.
    """

    path: str
    traces: int
    arguments: tuple[tuple[Argument, ...], ...] = ()


class MetaGraph(NamedTuple):
    """One MetaGraphDef of the SavedModel.

    Attributes
    ----------
    tags : tuple of str
        In the order in which they are written.
    signatures : tuple of Signature
        Sorted by key, and their inputs and outputs by name (the file keeps no order); the
        SignatureDefs that initialise are left out. `function` is the graph function that is
        called, empty in a TF 1 graph.
    functions : tuple of Loadable
        Sorted by path.
    ops : dict of str to int
        Op type -> number of nodes, in the main graph and every function of the library (the saver
        included), the most frequent first.
    devices : dict of str to int
        Hard-coded device -> number of nodes, as `inspection.placement` counts them.
    versions : dict of str to str
        ``tensorflow``, ``producer``, ``min_consumer`` and ``schema`` (of the SavedModel), each
        where it is written.
    aliases : tuple of str
        Aliases of functions (`SaveOptions.function_aliases`) that name one of the library.
    initialisers : dict of str to str
        SignatureDef that initialises (``__saved_model_init_op``, ``__saved_model_train_op``) -> the
        node that it runs.
    """

    tags: tuple[str, ...]
    signatures: tuple[Signature, ...]
    functions: tuple[Loadable, ...]
    ops: dict[str, int]
    devices: dict[str, int]
    versions: dict[str, str]
    aliases: tuple[str, ...]
    initialisers: dict[str, str]


class _Contents(NamedTuple):
    path: Path
    files: tuple[File, ...]
    variables: tuple[Variable, ...]
    fingerprint: dict[str, str]
    meta_graphs: tuple[MetaGraph, ...]
    findings: tuple[Diagnostic, ...] = ()


class Inspection(Displayable, _Contents):
    """What is in a SavedModel directory.

    `tags`, `signatures`, `functions`, `ops`, `devices` and `versions` are those of the MetaGraph
    tagged ``serve`` (the first one where there is none); `meta_graphs` has all. `findings` is what
    these mean where the export goes, if that was asked for.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Return its fields without all MetaGraphs."""
        named = (name for name in self._fields if name != "meta_graphs")
        return f"Inspection({', '.join(f'{name}={getattr(self, name)!r}' for name in named)})"

    def _repr_pretty_(self, printer: Any, cycle: Any) -> None:
        if len(printer.stack) > 1:  # one of many, in a list
            printer.text(repr(self))
        else:
            super()._repr_pretty_(printer, cycle)

    @property
    def bytes(self) -> int:
        """Size of all files in bytes."""
        return sum(file.bytes for file in self.files)

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of the MetaGraph that serves."""
        return self._served.tags

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """Signatures of the MetaGraph that serves, sorted by key."""
        return self._served.signatures

    @property
    def functions(self) -> tuple[Loadable, ...]:
        """Functions that stay callable from Python after a load."""
        return self._served.functions

    @property
    def ops(self) -> dict[str, int]:
        """Op type -> number of nodes, in the MetaGraph that serves."""
        return self._served.ops

    @property
    def devices(self) -> dict[str, int]:
        """Hard-coded device -> number of nodes, in the MetaGraph that serves."""
        return self._served.devices

    @property
    def versions(self) -> dict[str, str]:
        """Versions that the MetaGraph that serves was written with."""
        return self._served.versions

    @property
    def _served(self) -> MetaGraph:
        serving = [graph for graph in self.meta_graphs if "serve" in graph.tags]
        return min(serving, key=lambda graph: len(graph.tags)) if serving else self.meta_graphs[0]
