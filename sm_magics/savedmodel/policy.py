"""What the values of an export's policy may be, a rule a function: for requests and typists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_magics.savedmodel.diagnostics import TARGETS
from sm_magics.savedmodel.fixes import FIXES
from sm_magics.savedmodel.verify import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCHES = ("free", "fixed")
WRITERS = ("fast", "tensorflow")


def refuse_both(*, overwrite: bool, next_version: bool) -> None:
    """Raise ValueError where both are asked for."""
    if overwrite and next_version:
        raise ValueError("--next-version (next_version) is always new; leave overwrite out")


def level(verify: str | bool | None) -> str | None:  # noqa: FBT001, as given
    """Return the level of `verify.LEVELS` that is meant; None skips it, ValueError if none is."""
    asked = ("run" if verify else None) if isinstance(verify, bool) else verify
    if asked is not None and asked not in LEVELS:
        raise ValueError(f"verify is one of {', '.join(LEVELS)}, True or False; not {verify!r}")
    return asked


def refuse_batch(batch: str | None) -> None:
    """Raise ValueError for what says nothing of the batch size."""
    if batch not in (None, *BATCHES):
        raise ValueError(f"batch is one of {', '.join(BATCHES)}; not {batch!r}")


def refuse_target(target: str) -> None:
    """Raise ValueError for what is no place to go to."""
    if target not in TARGETS:
        raise ValueError(f"target is one of {', '.join(TARGETS)}; not {target!r}")


def refuse_writer(writer: str) -> None:
    """Raise ValueError for what writes no SavedModel."""
    if writer not in WRITERS:
        raise ValueError(f"writer is one of {', '.join(WRITERS)}; not {writer!r}")


def fixes(fix: str | Sequence[str] | None, *, has_consumer: bool) -> tuple[str, ...]:
    """Return what is to be put right; ValueError for what can't be.

    Parameters
    ----------
    fix : str, sequence of str or None
    has_consumer : bool
        Whether the oldest TensorFlow that is to load the export is told.
    """
    given = [fix] if isinstance(fix, str) else list(fix or ())
    for one in given:
        if one not in FIXES:
            raise ValueError(f"fix is one of {', '.join(FIXES)}, or a list of these; not {one!r}")
    if "consumer" in given and not has_consumer:
        raise ValueError(
            "--fix consumer needs the release that is to load it: --consumer 2.12 (consumer='2.12')"
        )
    return tuple(given)


def codes(what: str, given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return codes and prefixes of findings, one each; ValueError for what is none."""
    texts = [given] if isinstance(given, str) else list(given or ())
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    for part in parts:
        if not part.startswith("SM"):
            raise ValueError(f"{what} takes codes or prefixes such as SM2 or SM502; not {part!r}")
    return tuple(parts)
