"""An error that TensorFlow raises, shown as what it says and the line of the cell that it is in."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

from sm_magics.notebook.source import in_cell
from sm_magics.savedmodel import first_line, user_frames
from sm_magics.savedmodel.diagnostics import Place

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def shorten(error: Exception, shell: InteractiveShell) -> None:
    """Make IPython show an error in three lines; type, text and traceback stay as they are."""
    lines = [first_line.of(error)]
    if frames := user_frames.of(error):
        lines.append(f"    {_located(frames[-1], shell)}")
    lines.append("nothing was written; the whole traceback: add --traceback")
    try:
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    except AttributeError:
        return  # an exception with slots is shown with all its frames


def _located(frame: user_frames.UserFrame, shell: InteractiveShell) -> str:
    place = in_cell(Place(what="raised", file=frame.file, line=frame.line), shell, {})
    where = place.file if place.cell is None else f"cell [{place.cell}]"
    text = linecache.getline(frame.file, frame.line).strip()
    inside = "" if frame.function.startswith("<") else f", in {frame.function}"
    return f"{where}, line {place.line}{inside}" + (f": {text}" if text else "")
