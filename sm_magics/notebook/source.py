"""A code object's file and line -> the cell and line that its author sees."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from sm_magics.savedmodel.diagnostics import Diagnostic, Place

    _Placed = TypeVar("_Placed", Diagnostic, Place)


def in_cell(
    placed: _Placed, shell: InteractiveShell, cell_ids: Mapping[int, str | None]
) -> _Placed:
    """Return a finding or place with its file replaced by the cell that stands behind it.

    What comes from no cell, such as a function of an imported module, stays as it is.

    Parameters
    ----------
    placed : Diagnostic or Place
    shell : InteractiveShell
    cell_ids : mapping of int to str or None
        Execution count -> the front end's id of that cell.
    """
    cell = _cell(shell, placed.file)
    if cell is None:
        return placed
    shift = _lines_dropped(shell, cell)
    changes: dict[str, Any] = {"cell": cell, "cell_id": cell_ids.get(cell), "file": None}
    for field in ("line", "end_line"):
        line = getattr(placed, field, None)
        if line is not None:
            changes[field] = line + shift
    return dataclasses.replace(placed, **changes)


def running_cell(shell: InteractiveShell) -> tuple[int, str | None]:
    """Return the execution count of the cell that runs just now, and the front end's id of it."""
    history = _history(shell)
    kernel = getattr(shell, "kernel", None)
    parent = (kernel.get_parent("shell") or {}) if kernel is not None else {}
    return len(history) - 1, parent.get("metadata", {}).get("cellId")


def raw_cell(shell: InteractiveShell, cell: int) -> str:
    """Return the source of a cell as its author typed it; empty if it is not known."""
    history = _history(shell)
    return history[cell] if 0 <= cell < len(history) else ""


def _history(shell: InteractiveShell) -> list[str]:
    return shell.history_manager.input_hist_raw if shell.history_manager else [""]


def _cell(shell: InteractiveShell, file: str | None) -> int | None:
    # IPython keeps it for its own tracebacks; the public face of it is the text "Cell In[3]".
    known: Mapping[str, int] = getattr(shell.compile, "_filename_map", {})
    return None if file is None else known.get(file)


def _lines_dropped(shell: InteractiveShell, cell: int) -> int:
    """Return how many leading blank lines IPython dropped before it compiled a cell."""
    raw = raw_cell(shell, cell)
    text = raw.lstrip()
    # The body of our own magic is compiled with the lines that it has in its cell.
    if text.startswith("%%savedmodel"):
        return 0
    return raw[: len(raw) - len(text)].count("\n")
