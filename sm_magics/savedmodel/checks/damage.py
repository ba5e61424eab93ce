"""SM505: what stands at the destination is no whole export. Nothing is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.inspection import InspectionError, inspect
from sm_magics.savedmodel.publishing.occupancy import Kind, look

if TYPE_CHECKING:
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic

_READABLE = ("saved_model.pb", "saved_model.pbtxt")


def check(path: Path) -> list[Diagnostic]:
    """Return SM505 with what is missing or damaged at `path`, if a SavedModel stands there."""
    what = _what(path, look(path).kind)
    if what is None:
        return []
    hint = "don't serve it; --overwrite (overwrite=True) replaces it with a whole one"
    return [finding("SM505", f"{path} is {what}", hint)]


def _what(path: Path, kind: Kind) -> str | None:
    if kind is Kind.PARTIAL:
        return (
            "a partial export: it has variables but no saved_model.pb, as after a save that was "
            "interrupted"
        )
    if kind is not Kind.SAVED_MODEL or not any((path / name).is_file() for name in _READABLE):
        return None
    try:
        inspect(path)
    except InspectionError as error:
        if isinstance(error.__cause__, OSError):
            return None  # it can't be read, which says nothing about what it is
        reason = str(error).removesuffix(" Copy or export it again.").removesuffix(".")
        return f"a partial export: {reason.replace(f'{path}/', '').replace(f'{path} ', 'it ')}"
    if tf_private.is_mixed_export(str(path)):
        return (
            "a mixed export: its variables are not those that its graph was written with, as after "
            "a save that was interrupted"
        )
    return None
