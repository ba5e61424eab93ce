"""A code object's file and line -> the cell and line that its author sees."""

from __future__ import annotations

import dataclasses
import linecache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    assert placed.file is not None  # noqa: S101, a cell has a file
    changes: dict[str, Any] = {"cell": cell, "cell_id": cell_ids.get(cell), "file": None}
    for field in ("line", "end_line"):
        line = getattr(placed, field, None)
        if line is not None:
            raw = raw_cell(shell, cell)
            # The body of our own magic is compiled with the lines that it has in its cell.
            own = raw.lstrip().startswith("%%savedmodel")
            compiled = linecache.getlines(placed.file)
            changes[field] = line if own else line_typed(raw, compiled, line)
    return dataclasses.replace(placed, **changes)


def running_cell(shell: InteractiveShell) -> tuple[int, str | None]:
    """Return the execution count of the cell that runs just now, and the front end's id of it."""
    history = _history(shell)
    kernel = getattr(shell, "kernel", None)
    parent = (kernel.get_parent("shell") or {}) if kernel is not None else {}
    return len(history) - 1, parent.get("metadata", {}).get("cellId")


def naming_cells(text: str, shell: InteractiveShell) -> str:
    """Return a text, such as a traceback, with cells in the place of the files behind them."""
    known: Mapping[str, int] = getattr(shell.compile, "_filename_map", {})
    for file, cell in known.items() if "File " in text else ():
        text = text.replace(f'File "{file}"', f"cell [{cell}]")
    return text


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


def line_typed(raw: str, compiled: Sequence[str], line: int) -> int:
    """Return where in a cell the line stands that IPython compiled as `line`.

    IPython drops leading blank lines, joins continued lines of its own syntax and takes a common
    indentation away. The n-th line of a text is the n-th one of that text in the cell, too.

    Parameters
    ----------
    raw : str
        The cell as typed.
    compiled : sequence of str
        The lines that were compiled.
    line : int
        1-based.
    """
    before = [one.strip() for one in compiled[:line]]
    typed = [one.strip() for one in raw.splitlines()]
    wanted = before[-1] if before else ""
    places = [number for number, one in enumerate(typed, 1) if wanted and one == wanted]
    nth = before.count(wanted)
    if 0 < nth <= len(places):
        return places[nth - 1]
    return line + raw[: len(raw) - len(raw.lstrip())].count("\n")
