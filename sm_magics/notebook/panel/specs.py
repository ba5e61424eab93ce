"""Inputs as a table: a row each, with name, kind, dtype and shape; the text form is the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipywidgets import Dropdown, Text

from sm_magics.notebook.panel import parts
from sm_magics.savedmodel.signatures import Spec, spec_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sm_magics.notebook.panel.wiring import Wiring

_DTYPES = sorted(spec_text.DTYPES - {"half", "double"})
_KINDS = [("dense", ""), *((kind, kind) for kind in spec_text.KINDS)]


class SpecRow:
    """One input; its text may be one that can't be read while it is being typed."""

    def __init__(self) -> None:
        self.name = Text(placeholder="x", **parts.compact("name", "12em"))
        self.kind = Dropdown(options=_KINDS, **parts.compact("kind", "9em"))
        self.dtype = Dropdown(options=_DTYPES, value="float32", **parts.compact("dtype", "13em"))
        self.shape = Text(placeholder="None, 3", **parts.compact("shape", "15em"))
        self.remove = parts.button("Remove", "Remove this input")
        self.widget = parts.row(self.name, self.kind, self.dtype, self.shape, self.remove)
        self.widget.layout.padding = "0 0 0 2em"

    @property
    def text(self) -> str:
        """The spec as a person types it."""
        dense = f"{self.dtype.value}[{self.shape.value}]"
        return f"{self.name.value}: {f'{self.kind.value}[{dense}]' if self.kind.value else dense}"

    def show(self, spec: Spec) -> None:
        """Show a spec."""
        sizes = "..." if spec.shape is None else ", ".join(map(str, spec.shape))
        self.name.value, self.kind.value = spec.name, spec.kind
        self.dtype.value, self.shape.value = spec.dtype, sizes
        self.remove.tooltip = f"Remove input {spec.name}"


class SpecTable:
    """Some inputs.

    Parameters
    ----------
    wiring : Wiring
    changed : callable
        Called when a person has changed something.
    """

    def __init__(self, wiring: Wiring, changed: Callable[[], object]) -> None:
        self._wiring, self._changed = wiring, changed
        self._rows: list[SpecRow] = []
        self._is_showing = False
        self._add = parts.button("Add input", "Add an input to this signature")
        self.widget = parts.column(self._add)
        wiring.clicked(self._add, self._add_one)

    @property
    def texts(self) -> tuple[str, ...]:
        """Each input as a person types it."""
        return tuple(row.text for row in self._rows)

    def show(self, specs: Sequence[Spec]) -> None:
        """Show these inputs; what is the same already stays, and keeps the focus."""
        if tuple(map(str, specs)) == self.texts:
            return
        self._is_showing = True
        try:
            while len(self._rows) > len(specs):
                self._wiring.drop(self._rows.pop().widget)
            while len(self._rows) < len(specs):
                self._append()
            for row, spec in zip(self._rows, specs, strict=True):
                if row.text != str(spec):
                    row.show(spec)
            self._place()
        finally:
            self._is_showing = False

    def lock(self, *, is_locked: bool) -> None:
        """Let nothing be clicked while a text that stands for it can't be read."""
        self._add.disabled = is_locked
        for row in self._rows:
            for control in (row.name, row.kind, row.dtype, row.shape, row.remove):
                control.disabled = is_locked

    def _add_one(self) -> None:
        names = {row.name.value for row in self._rows}
        free = next(name for name in map("x{}".format, ("", *range(1, 1000))) if name not in names)
        row = self._append()
        row.show(Spec(free, "float32", (None,)))
        self._place()
        row.name.focus()
        self._changed()

    def _append(self) -> SpecRow:
        row = SpecRow()
        self._rows.append(row)
        for control in (row.name, row.kind, row.dtype, row.shape):
            self._wiring.on(control, "value", self._typed)
        self._wiring.clicked(row.remove, lambda: self._remove(row))
        return row

    def _typed(self) -> None:
        if not self._is_showing:
            self._changed()

    def _remove(self, row: SpecRow) -> None:
        self._rows.remove(row)
        self._place()
        self._add.focus()  # the one that had the focus is gone
        self._wiring.drop(row.widget)
        self._changed()

    def _place(self) -> None:
        self.widget.children = (*(row.widget for row in self._rows), self._add)
