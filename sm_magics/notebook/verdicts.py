"""What verification found, in words: of a whole export, of a signature, of an output."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sm_magics.savedmodel.verify import OutputCheck, SignatureCheck, Verification

_LEVELS = {
    "structural": "structure compared with the trace, variables with those in memory; not run",
    "run": "structure compared, loaded back and run in this process",
    "process": (
        "structure compared, loaded and run in a fresh process with TensorFlow alone, on the CPU"
    ),
    "serving": (
        "structure compared, loaded and run in a fresh process through TensorFlow's C API, on the "
        "CPU alone"
    ),
}
_ALIKE = {
    "equal": "verified",
    "structure": "structure verified",
    "shapes": "only dtypes and shapes verified",
}
_LABELS = {"shapes": "shapes equal", "structure": "structure equal"}
# Colour is never alone: a mood always comes with its mark and its words.
_MOODS = {"equal": "good", "structure": "good", "differs": "bad", "fails": "bad"}
MARKS = {"good": "✓", "bad": "✗", "open": "○"}


def verdict(verification: Verification) -> str:
    """Return what a verification says as a whole, for a headline."""
    counts = Counter(check.status for check in verification.signatures)
    total = counts.total()
    if counts["fails"]:
        return f"{counts['fails']} of {total} signatures fail in a fresh process"
    if counts["differs"]:
        return f"{counts['differs']} of {total} signatures differ from the live object"
    for status, told in _ALIKE.items():
        if total and counts[status] == total:
            return told
    if good := counts["equal"] + counts["structure"]:
        return f"{good} of {total} signatures verified"
    return "not verified"


def overall(verification: Verification) -> str:
    """Return the mood of a whole verification: ``good``, ``bad`` or ``open``."""
    moods = {mood(check) for check in verification.signatures} or {"open"}
    return next(one for one in ("bad", "open", "good") if one in moods)


def mood(check: SignatureCheck) -> str:
    """Return the mood of a signature's verification: ``good``, ``bad`` or ``open``."""
    return _MOODS.get(check.status, "open")


def how(verification: Verification) -> str:
    """Return how a verification was done, and why if it was not."""
    told = [_LEVELS.get(verification.level, ""), verification.reason]
    return "; ".join(part for part in told if part) or "nobody asked for it"


def by_key(verification: Verification) -> dict[str, SignatureCheck]:
    """Return what verification says of each signature, by the signature's key."""
    return {check.key: check for check in verification.signatures}


def label(check: SignatureCheck) -> str:
    """Return a signature's status as a person reads it."""
    return _LABELS.get(check.status, check.status)


def detail(check: SignatureCheck) -> str:
    """Return what stands beside a signature's status: how far off, why not; may be empty."""
    if check.status in {"equal", "differs", "fails"}:
        told = [_extent(check.outputs), check.reason]
    else:
        unseen = "values not compared" if check.status == "shapes" else ""
        because = f"because {check.reason}" if check.reason else ""
        told = [", ".join(part for part in (unseen, because) if part)]
    return "; ".join(part for part in (*told, check.note, _files(check)) if part)


def _files(check: SignatureCheck) -> str:
    """Return what the written files say of a signature, if somebody compared them."""
    files = check.structure
    if files is None:
        return ""
    if files.status == "not verified":
        return f"structure not verified, because {files.reason}"
    if files.status == "differs":
        if check.status in {"equal", "fails"}:  # of another trace, whose answers were compared
            return f"structure not verified, because it was traced again: {files.reason}"
        return ""
    counts = Counter(files.left_out)
    unseen = ", ".join(f"{count} x {what}" for what, count in counts.items())
    known = [] if check.status == "structure" else ["structure equal"]
    if files.variables:
        known.append(f"{files.variables} variable{'s' if files.variables > 1 else ''} equal")
    return ", ".join([*known, *([f"not compared: {unseen}"] if unseen else [])])


def outcome(check: SignatureCheck) -> str:
    """Return a signature's status with its detail, in one sentence."""
    told = detail(check)
    joint = ", " if told.startswith("because") else ": "
    return f"{label(check)}{joint}{told}" if told else label(check)


def agreement(output: OutputCheck) -> str:
    """Return whether an output is what the live object gives, in a word."""
    return "equal" if output.equal else "differs"


def difference(output: OutputCheck) -> str:
    """Return how far an output is from the live one: ``"max abs 1.2e-07, max rel 3e-06"``."""
    return _extent([output]) or "values not compared"


def _extent(outputs: Iterable[OutputCheck]) -> str:
    outputs = list(outputs)
    extremes = {
        "max abs": _largest(output.max_abs for output in outputs),
        "max rel": _largest(output.max_rel for output in outputs),
    }
    return ", ".join(f"{name} {value:.2g}" for name, value in extremes.items() if value is not None)


def _largest(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    # NaN is the one worth showing, and max() would lose it.
    return next((v for v in known if math.isnan(v)), max(known, default=None))
