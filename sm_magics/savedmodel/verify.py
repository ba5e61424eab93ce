"""The live object against what was written: does the export compute the same?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """One output of one signature, live against written.

    `max_abs` and `max_rel` are the largest absolute and relative differences; None where the
    values were not compared (dtype and shape were).
    """

    name: str
    dtype: str
    equal: bool
    max_abs: float | None
    max_rel: float | None


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What verification says of one signature.

    `status` is ``"equal"``, ``"differs"``, ``"shapes"`` (only dtypes and shapes were compared) or
    ``"not verified"``; `reason` says why it is not simply ``"equal"``; `note` tells what else a
    reader should know, such as variables that were put back.
    """

    key: str
    status: str
    outputs: tuple[OutputCheck, ...] = ()
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a verification.

    `level` says how it was done: ``"run"`` (loaded back and run in this process), ``"process"``
    (in a fresh process that imports only TensorFlow, on the CPU) or ``"none"``.
    """

    level: str
    signatures: tuple[SignatureCheck, ...] = ()
    reason: str = ""
