"""SM405: ops that reach out of the graph, to files, other processes, or Python.

At least what `saved_model_cli scan` (ReadFile, WriteFile, PrintV2) and modelscan (ReadFile,
WriteFile; later also MatchingFiles, WholeFileReader, PyFunc and EagerPyFunc) stop. Not among them:
tables that are filled from an asset (InitializeTableFromTextFileV2), and the saver's own nodes,
which nobody who walks from the signatures reaches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_magics.savedmodel.checks.op_uses import by_op, summed
from sm_magics.savedmodel.diagnostics import Severity, finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sm_magics.savedmodel.checks.op_uses import OpUse
    from sm_magics.savedmodel.diagnostics import Diagnostic

_READS = "reads files"
_LISTS = "looks for files"
_WRITES = "writes files"
_BOTH = "reads and writes files"
_TALKS = "talks to another process"
_PYTHON = "runs Python code of the process that loads it"

# Both generations of a tf.data op: `LMDBDataset` was `ExperimentalLMDBDataset`.
_EXPERIMENTAL = {
    "CSVDataset": _READS,
    "LMDBDataset": _READS,
    "MatchingFilesDataset": _LISTS,
    "SqlDataset": _READS,
    "DatasetToTFRecord": _WRITES,
}

OPS: dict[str, str] = {
    **_EXPERIMENTAL,
    **{f"Experimental{op}": does for op, does in _EXPERIMENTAL.items()},
    **dict.fromkeys(("PyFunc", "PyFuncStateless", "EagerPyFunc"), _PYTHON),
    **dict.fromkeys(
        (
            *("ReadFile", "WholeFileReader", "WholeFileReaderV2", "ImmutableConst"),
            *("TextLineReader", "TextLineReaderV2", "TFRecordReader", "TFRecordReaderV2"),
            *("FixedLengthRecordReader", "FixedLengthRecordReaderV2", "LMDBReader"),
            *("TextLineDataset", "TFRecordDataset", "TFRecordDatasetV2"),
            *("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2"),
            *("LoadDataset", "Restore", "RestoreSlice", "RestoreV2"),
            *("GenerateVocabRemapping", "LoadAndRemapMatrix"),
        ),
        _READS,
    ),
    "MatchingFiles": _LISTS,
    **dict.fromkeys(
        (
            *("WriteFile", "Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints"),
            *("SaveDataset", "SaveDatasetV2"),
            *("CreateSummaryFileWriter", "CreateSummaryDbWriter"),
        ),
        _WRITES,
    ),
    **dict.fromkeys(("SnapshotDataset", "SnapshotDatasetV2"), _BOTH),
    **dict.fromkeys(
        (
            *("DataServiceDataset", "DataServiceDatasetV2", "DataServiceDatasetV3"),
            *("DataServiceDatasetV4", "RegisterDataset", "RegisterDatasetV2"),
            *("RpcCall", "RpcClient", "RpcServer", "RpcServerStart", "Rpc", "TryRpc"),
        ),
        _TALKS,
    ),
}
"""An op -> what it does outside of the graph."""

_PRINTS = "PrintV2"
_FILE = "file://"
_PROTOS = frozenset({"DecodeProtoV2", "EncodeProto"})
_NO_FILE = ("local://", "bytes://")  # descriptors that are linked in, or stand in the attribute


def check(reachable: Iterable[OpUse]) -> Iterator[Diagnostic]:
    """Yield SM405, one finding an op, for what a consumer can run.

    Parameters
    ----------
    reachable : iterable of OpUse
        The nodes that signatures, initialisers and restored functions reach.
    """
    groups = by_op(reachable, matters)
    for op, group in groups.items():
        if op in OPS:
            yield _found(op, group, OPS[op])
        elif op == _PRINTS:
            yield from _printing(group)
        elif reading := [use for use in group if _names_a_file(use)]:
            yield _found(op, reading, _READS)


def matters(op: str) -> bool:
    """Tell whether an op may be worth SM405."""
    return op in OPS or op == _PRINTS or op in _PROTOS


def _printing(group: Sequence[OpUse]) -> Iterator[Diagnostic]:
    to_file = [use for use in group if _text(use, "output_stream").startswith(_FILE)]
    if to_file:
        yield _found(_PRINTS, to_file, _WRITES)
    if others := [use for use in group if use not in to_file]:
        yield finding(
            "SM405",
            "`PrintV2` writes to the log of the process that serves it; `saved_model_cli scan` "
            "names it, though it reaches no file",
            "take tf.print out of the exported function, or save without it: --debug-stripper",
            **{"severity": Severity.INFO, **summed(others)},
        )


def _found(op: str, group: Sequence[OpUse], does: str) -> Diagnostic:
    return finding(
        "SM405",
        f"`{op}` {does}: a security scan stops this export",
        "do it outside of the exported function, and pass in what it gives as a tensor; what "
        "belongs to the model itself can be a tf.saved_model.Asset or a variable",
        **summed(group),
    )


def _names_a_file(use: OpUse) -> bool:
    source = _text(use, "descriptor_source")
    return bool(source) and not source.startswith(_NO_FILE)


def _text(use: OpUse, attribute: str) -> str:
    value = use.values.get(attribute, "")
    return value if isinstance(value, str) else ""
