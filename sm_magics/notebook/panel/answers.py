"""What the panel tells: findings, the directory's preview, the request as code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sm_magics.notebook.panel import parts
from sm_magics.savedmodel import forecast

if TYPE_CHECKING:
    from sm_magics.notebook.panel.state import State
    from sm_magics.notebook.panel.wiring import Wiring


class Findings:
    """What the last check or export found, in the lines of the notebook's cells."""

    def __init__(self, state: State, wiring: Wiring) -> None:
        self._state = state
        self._note = parts.Note("panel/findings.html.j2")
        self.widget = self._note.widget
        wiring.shows(["findings", "is_stale"], self._show)

    def _show(self) -> None:
        if self._state.findings is None:
            self._note.hide()
        else:
            self._note.show(findings=self._state.findings, is_stale=self._state.is_stale)


class Preview:
    """The directory as a tree: what will be written, and after an export what was."""

    def __init__(self, state: State, wiring: Wiring) -> None:
        self._state = state
        self._note = parts.Note("panel/preview.html.j2")
        self.widget = self._note.widget
        wiring.shows(["files", "outlook", "result"], self._show)

    def _show(self) -> None:
        files, result = self._state.files, self._state.result
        if not files:
            self._note.hide()
            return
        was_written = result is not None and files == result.inspection.files
        there = self._state.outlook
        path = result.path if was_written and result is not None else there and there.path
        self._note.show(
            files=files, whole=forecast.whole(files), path=path, was_written=was_written
        )


class Code:
    """The request as a magic's line and as a call of Python."""

    def __init__(self, state: State, wiring: Wiring) -> None:
        self._state = state
        self._note = parts.Note("panel/code.html.j2")
        self.widget = self._note.widget
        wiring.shows(["request", "model", "defaults"], self._show)

    def _show(self) -> None:
        self._note.show(**self._state.code()._asdict(), insertion=_insertion)


def _insertion(text: str) -> str:
    """Return the arguments by which JupyterLab's own commands put a text into a new cell."""
    commands = ["notebook:insert-cell-below", "notebook:replace-selection"]
    return json.dumps({"commands": commands, "args": {"text": text}})
