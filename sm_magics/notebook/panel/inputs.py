"""The panel's section for the option ``--input``: as text, and as a table to click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_magics.notebook.panel import parts
from sm_magics.notebook.panel.options import connected
from sm_magics.notebook.panel.specs import SpecTable
from sm_magics.savedmodel.options import BY_NAME
from sm_magics.savedmodel.signatures import spec_text

if TYPE_CHECKING:
    from sm_magics.notebook.panel.runs import Runs
    from sm_magics.notebook.panel.wiring import Wiring


class Inputs:
    """What an object takes that does not say so itself: the option ``--input``."""

    def __init__(self, state: Runs, wiring: Wiring) -> None:
        self._state = state
        self.field = connected(BY_NAME["inputs"], state, wiring)
        self._table = SpecTable(wiring, self._changed)
        content = parts.column(self.field.widget, self._table.widget)
        title = "Inputs of a model without a signature"
        self.widget = parts.fold(title, content, wiring, is_open=bool(state.value("inputs")))
        wiring.shows("request", self._show)

    def _show(self) -> None:
        typed = self._state.value("inputs") or ()
        if typed == self._table.texts:
            return  # it says so already, and is being typed into perhaps
        try:
            specs = [spec for text in typed for spec in spec_text.parse_specs(text)]
        except ValueError:
            self._table.lock(is_locked=True)
            return
        self._table.lock(is_locked=False)
        self._table.show(specs)

    def _changed(self) -> None:
        self._state.put("inputs", self._table.texts)
