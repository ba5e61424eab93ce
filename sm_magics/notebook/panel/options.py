"""Sections of the panel for the table of options: every row has its control, with its help."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sm_magics.notebook.panel import fields, parts
from sm_magics.notebook.panel.form import ROWS
from sm_magics.savedmodel import op_tables
from sm_magics.savedmodel import options as table
from sm_magics.savedmodel.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipywidgets import VBox

    from sm_magics.notebook.panel.fields import Field
    from sm_magics.notebook.panel.state import State
    from sm_magics.notebook.panel.wiring import Wiring
    from sm_magics.savedmodel.options import Option

_FOLDS: tuple[tuple[str, Callable[[Option], bool]], ...] = (
    ("Signature options", lambda option: option.group == "signature"),
    ("Target, checks and proof", lambda option: option.group == "check"),
    ("SaveOptions", lambda option: option.group == "SaveOptions" and not option.experimental),
    ("Experimental SaveOptions", lambda option: option.experimental),
)


class Options:
    """The options that are no table and do not belong to the destination, in folds."""

    def __init__(self, state: State, wiring: Wiring) -> None:
        folds = []
        self.fields: list[Field] = []
        for title, belongs in _FOLDS:
            rows = [option for option in OPTIONS if belongs(option) and option.name not in ROWS]
            made = [connected(option, state, wiring) for option in rows]
            self.fields += made
            given = any(state.value(option.name) for option in rows)
            folds.append(
                parts.fold(title, parts.column(*(f.widget for f in made)), wiring, is_open=given)
            )
        self.widget: VBox = parts.column(*folds)
        wiring.shows("models", self._refuse_missing)

    def _refuse_missing(self) -> None:
        """Show which fields the installed TensorFlow lacks, once it is imported."""
        missing = table.missing_fields() if "tensorflow" in sys.modules else {}
        for field in self.fields:
            if field.option.name in missing:
                field.refuse(f"it needs TensorFlow {missing[field.option.name]}")


def connected(option: Option, state: State, wiring: Wiring) -> Field:
    """Return the field of an option that follows the state, and that the state follows."""
    field = fields.make(option, _suggestions(option))

    def complain() -> None:
        told = state.complaints.get(option.name, "")
        field.complaint.tell(told if isinstance(told, str) else "; ".join(filter(None, told)))

    def typed() -> None:
        if not field.is_showing and field.value != state.value(option.name):
            state.put(option.name, field.value)

    if option.name in ("target", "verify"):
        wiring.shows("defaults", lambda: field.expect(getattr(state.defaults, option.name)))
    if option.name == "strict":
        wiring.shows("defaults", lambda: field.refuse(_STRICT if state.defaults.strict else ""))
    wiring.shows("request", lambda: field.show(state.value(option.name)))
    wiring.shows("complaints", complain)
    for control in field.controls:
        wiring.on(control, "value", typed)
    return field


_STRICT = "%config SavedModelMagics.strict = True holds for every export"


def _suggestions(option: Option) -> Sequence[str]:
    if option.name == "consumer":
        return [version.rpartition(".")[0] for version in op_tables.known_versions()]
    return []
