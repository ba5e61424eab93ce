"""Where the export goes: the directory, with what is there now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipywidgets import Combobox

from sm_magics.notebook.panel import parts
from sm_magics.notebook.panel.options import connected
from sm_magics.savedmodel import forecast, outlook
from sm_magics.savedmodel.options import OPTIONS

if TYPE_CHECKING:
    from sm_magics.notebook.panel.state import State
    from sm_magics.notebook.panel.wiring import Wiring


class Destination:
    """A directory, completed as one types, and what becomes of it."""

    def __init__(self, state: State, wiring: Wiring) -> None:
        self._state = state
        self.control = Combobox(
            placeholder="exports/model",
            ensure_option=False,
            **parts.named("directory", "Where to write the SavedModel", "40em"),
        )
        self._outlook = parts.Note("panel/outlook.html.j2")
        rows = [option for option in OPTIONS if option.group == "destination"]
        self.fields = [connected(option, state, wiring) for option in rows]
        self.widget = parts.column(
            self.control, self._outlook.widget, *(field.widget for field in self.fields)
        )
        wiring.shows("request", self._show)
        wiring.shows(["outlook", "files", "complaints", "result"], self._tell)
        wiring.on(self.control, "value", self._typed)

    def _show(self) -> None:
        if self.control.value != self._state.request.directory:
            self.control.value = self._state.request.directory

    def _typed(self) -> None:
        fragment = self.control.value
        self._state.directory = fragment
        found = tuple(outlook.suggestions(fragment))
        if self.control.options != found:
            self.control.options = found

    def _tell(self) -> None:
        there, result = self._state.outlook, self._state.result
        written = there is not None and result is not None and there.path == result.path
        self._outlook.show(
            outlook=there,
            need=forecast.whole(self._state.files),
            complaint=self._state.complaints.get("directory", ""),
            was_written=written,
        )
