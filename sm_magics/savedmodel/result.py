"""Result: what an export did. Light, so that showing a result imports nothing of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_magics.savedmodel.display import Displayable

if TYPE_CHECKING:
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.inspection import Inspection
    from sm_magics.savedmodel.signatures import Signature
    from sm_magics.savedmodel.verify import Verification

PHASES = ("check", "save", "inspect", "verify", "publish")


@dataclass(frozen=True, slots=True)
class Result(Displayable):
    """What an export did.

    Attributes
    ----------
    path : Path
        The published directory.
    findings : tuple of Diagnostic
        What is worth knowing about it.
    inspection : Inspection
        What was written, read back.
    bytes : int
        Size of the directory in bytes.
    seconds : dict of str to float
        Phase -> seconds: check, save, inspect, verify, publish.
    verification : Verification
        Whether the written signatures compute what the live object computes.
    signatures : tuple of Signature
        The signatures that were chosen, with the reason in `why`.
    model : str
        What was exported: ``"Functional, Keras 3"``.
    name : str
        What a person calls it: ``"model"``.
    replaced : bool
        Whether an older export stood at `path`.
    fixed : tuple of str
        What `--fix` changed in what was written, a sentence each.
    oldest_consumer : str or None
        The oldest release among the op tables that loads it; None if none does.
    left_out : int
        Bytes of the optimizers' state, which an export for serving does without.
    restored_in_part : tuple of str
        Paths of the Keras objects, below the one that was exported, whose weights a checkpoint does
        not restore: those of a loaded export, ``loaded.<path>.variables``, are in their order.
    writer : {"fast", "tensorflow"}
        Who wrote it: our own writer, or `tf.saved_model.save`.
    left_to_tensorflow : str
        Why our own writer left it to TensorFlow, a clause; empty where it did not.
    reused : bool
        Whether only the values were written anew: the graph is that of the last export.
    """

    path: Path
    findings: tuple[Diagnostic, ...]
    inspection: Inspection
    bytes: int
    seconds: dict[str, float]
    verification: Verification
    signatures: tuple[Signature, ...]
    model: str
    name: str = "model"
    replaced: bool = False
    left_out: int = 0
    restored_in_part: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    oldest_consumer: str | None = None
    writer: str = "fast"
    left_to_tensorflow: str = ""
    reused: bool = False
