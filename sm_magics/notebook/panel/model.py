"""The panel's picker of a model, and what is known of the one that is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipywidgets import Dropdown

from sm_magics.notebook import words
from sm_magics.notebook.panel import parts

if TYPE_CHECKING:
    from sm_magics.notebook.panel.state import State
    from sm_magics.notebook.panel.wiring import Wiring
    from sm_magics.savedmodel.capture import Model


class Picker:
    """A list of the notebook's models, that follows the notebook."""

    def __init__(self, state: State, wiring: Wiring) -> None:
        self._state = state
        self._is_showing = False
        self.control = Dropdown(**parts.named("model", "The model to export", "40em"))
        self._about = parts.Note("panel/model.html.j2")
        self._complaint = parts.Complaint()
        self.widget = parts.column(
            parts.row(self.control, self._complaint.widget), self._about.widget
        )
        wiring.shows(["models", "model"], self._show)
        wiring.shows("complaints", self._tell)
        wiring.on(self.control, "value", self._picked)

    def _show(self) -> None:
        models, model = self._state.models, self._state.model
        choices = [(_label(one), one.name) for one in models]
        if model is None:
            choices.insert(0, ("pick a model" if models else "no model yet", ""))
        self._is_showing = True
        try:
            if self.control.options != tuple(choices):
                self.control.options = choices
            self.control.value = model.name if model is not None else ""
        finally:
            self._is_showing = False
        if model is None:
            self._about.hide()
        else:
            self._about.show(model=model)

    def _tell(self) -> None:
        # That nothing is picked yet is said by the list itself.
        wanted = bool(self._state.request.model)
        self._complaint.tell(self._state.complaints.get("model", "") if wanted else "")

    def _picked(self) -> None:
        name = self.control.value
        if self._is_showing or not name:
            return
        self._state.pick(next(one for one in self._state.models if one.name == name))


def _label(model: Model) -> str:
    told = [words.inline(model.name), words.kind(model), words.size(model.bytes)]
    if model.cell is not None:
        told.append(f"cell {words.cell(model)}")
    return "  ·  ".join(told)
