"""The panel's buttons, and how far they have come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipywidgets import Checkbox, Layout

from sm_magics.notebook.panel import parts

if TYPE_CHECKING:
    from sm_magics.notebook.panel.runs import Activity, Runs
    from sm_magics.notebook.panel.wiring import Wiring


class Actions:
    """Check, Export, Cancel. None is ever greyed out: that would take the keyboard's focus away."""

    def __init__(self, state: Runs, wiring: Wiring) -> None:
        self._state = state
        self.check = parts.button("Check", "Find what is wrong; nothing is written")
        self.export = parts.button("Export", "Export as the form says", "primary")
        self.cancel = parts.button("Cancel", "Stop what waits or runs")
        self.keeps_checking = Checkbox(
            value=state.keeps_checking,
            description="check again after changes",
            tooltip="Repeat a check that was quick when the form or the model changes",
            indent=False,
            layout=Layout(width="auto"),
        )
        self._activity = parts.Note("panel/activity.html.j2")
        self._trouble = parts.Note("panel/activity.html.j2")
        self.widget = parts.column(
            parts.row(self.check, self.keeps_checking, self.export, self.cancel),
            self._activity.widget,
            self._trouble.widget,
        )
        wiring.clicked(self.check, state.start_check)
        wiring.clicked(self.export, state.start_export)
        wiring.clicked(self.cancel, state.cancel)
        wiring.on(self.keeps_checking, "value", self._kept)
        wiring.shows("activity", lambda: _tell(self._activity, state.activity))
        wiring.shows("trouble", lambda: _tell(self._trouble, state.trouble))

    def _kept(self) -> None:
        self._state.keeps_checking = self.keeps_checking.value


def _tell(note: parts.Note, activity: Activity | None) -> None:
    if activity is not None and activity.told:
        note.show(activity=activity)
    else:
        note.hide()
