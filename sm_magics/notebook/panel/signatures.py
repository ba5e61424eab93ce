"""The panel's table of signatures: typed as in a line, or clicked together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipywidgets import Dropdown, Text

from sm_magics.notebook.panel import parts
from sm_magics.notebook.panel.inputs import Inputs
from sm_magics.notebook.panel.specs import SpecTable
from sm_magics.savedmodel.signatures import spec_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipywidgets import VBox

    from sm_magics.notebook.panel.runs import Runs
    from sm_magics.notebook.panel.wiring import Wiring
    from sm_magics.savedmodel.signatures import Signature


class SignatureRow:
    """One signature. Its text is what counts; key, function and inputs are another way to type it.

    Parameters
    ----------
    wiring : Wiring
    changed : callable
        Called when a person has changed it.
    """

    def __init__(self, wiring: Wiring, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._is_showing = False
        self._takes_nothing = False
        self._functions: tuple[str, ...] = ()
        self.text = Text(
            placeholder="KEY=FUNCTION(x: float32[None, 3])", **parts.named("signature", "", "auto")
        )
        self.key = Text(placeholder="serving_default", **parts.compact("key", "18em"))
        self.function = Dropdown(options=("",), **parts.compact("function", "22em"))
        self.remove = parts.button("Remove signature")
        self.specs = SpecTable(wiring, self._clicked)
        self.complaint = parts.Complaint(beside=False)
        self.outputs = parts.Note("panel/outputs.html.j2", padding="0 0 0 2em")
        self.widget = parts.column(
            self.text,
            self.complaint.widget,
            parts.row(self.key, self.function, self.remove),
            self.specs.widget,
            self.outputs.widget,
        )
        self.widget.layout.border_left = "2px solid var(--jp-border-color2, #ccc)"
        self.widget.layout.padding = "0 0 0 6px"
        self.widget.layout.margin = "4px 0"
        wiring.on(self.text, "value", self._typed)
        for control in (self.key, self.function):
            wiring.on(control, "value", self._clicked)

    def offer(self, functions: Sequence[str]) -> None:
        """Offer these functions, and the one that is named."""
        self._functions = tuple(functions)
        named = self.function.value
        options = self._functions if named in self._functions else (named, *self._functions)
        if self.function.options != options:
            self._is_showing = True
            try:
                self.function.options = options
                self.function.value = named
            finally:
                self._is_showing = False

    def show(self, text: str) -> None:
        """Show a text, in itself and in its parts."""
        if text != self.text.value:
            self._show(text)

    def tell(self, complaint: str, served: Signature | None) -> None:
        """Show what is wrong, or what the last check found that is served."""
        self.complaint.tell(complaint)
        if served is None or complaint:
            self.outputs.hide()
        else:
            self.outputs.show(signature=served)

    @property
    def served_key(self) -> str:
        """The key under which it is served, as far as its text tells."""
        return self.key.value or "serving_default"

    def _show(self, text: str) -> None:
        self._is_showing = True
        try:
            self.text.value = text
            self._take_apart()
        finally:
            self._is_showing = False

    def _typed(self) -> None:
        if not self._is_showing:
            self._show(self.text.value)
            self._changed()

    def _clicked(self) -> None:
        if self._is_showing:
            return
        key = f"{self.key.value}=" if self.key.value else ""
        specs = ", ".join(self.specs.texts)
        takes = f"({specs})" if specs or self._takes_nothing else ""
        self._is_showing = True
        try:
            self.text.value = f"{key}{self.function.value}{takes}"
        finally:
            self._is_showing = False
        self._changed()

    def _take_apart(self) -> None:
        """Show key, function and inputs; as long as the text can't be read they can't be clicked.

        What a click would make of them would throw away what was typed.
        """
        try:
            key, function, specs = spec_text.parse_signature(self.text.value)
        except ValueError:
            self._lock(is_locked=True)
            return
        self._lock(is_locked=False)
        if function not in self.function.options:
            self.function.options = (function, *self._functions)
        self.key.value, self.function.value = key or "", function
        self.remove.tooltip = f"Remove signature {self.text.value}"
        self._takes_nothing = specs == ()
        self.specs.show(specs or ())

    def _lock(self, *, is_locked: bool) -> None:
        self.key.disabled = self.function.disabled = is_locked
        self.specs.lock(is_locked=is_locked)


class Signatures:
    """All signatures, and the inputs of a model that has none."""

    def __init__(self, state: Runs, wiring: Wiring) -> None:
        self._state, self._wiring = state, wiring
        self._rows: list[SignatureRow] = []
        self._takes_focus = False
        self._default = parts.Note("panel/served.html.j2")
        self._list = parts.column()
        add = parts.button("Add signature", "Serve another function")
        edit = parts.button("Edit what is served", "Spell out what the last check found")
        reset = parts.button("Reset signatures", "Go back to what is served by default")
        self.inputs = Inputs(state, wiring)
        buttons = parts.row(add, edit, reset)
        self.widget: VBox = parts.column(
            self._default.widget, self._list, buttons, self.inputs.widget
        )
        self._add_button = add
        wiring.clicked(add, self._add)
        wiring.clicked(edit, self._spell_out)
        wiring.clicked(reset, self._reset)
        wiring.shows(["request", "functions"], self._show)
        wiring.shows(["complaints", "served", "is_stale"], self._tell)

    def _show(self) -> None:
        texts = self._state.value("signatures") or ()
        while len(self._rows) > len(texts):
            self._wiring.drop(self._rows.pop().widget)
        while len(self._rows) < len(texts):
            self._append()
        for row, text in zip(self._rows, texts, strict=True):
            row.offer(self._state.functions)
            row.show(text)
        self._place()
        if self._takes_focus:
            # At once: who has gone on to another field by then would type into this one.
            self._rows[-1].text.focus()
        self._tell()

    def _tell(self) -> None:
        complaints = self._state.complaints.get("signatures", ())
        served = {} if self._state.is_stale else {one.key: one for one in self._state.served}
        for place, row in enumerate(self._rows):
            complaint = complaints[place] if place < len(complaints) else ""
            row.tell(complaint, served.get(row.served_key))
        if self._rows:
            self._default.hide()
        else:
            self._default.show(signatures=tuple(served.values()))

    def _append(self) -> SignatureRow:
        row = SignatureRow(self._wiring, self._changed)
        self._rows.append(row)
        self._wiring.clicked(row.remove, lambda: self._remove(row))
        return row

    def _changed(self) -> None:
        self._state.put("signatures", tuple(row.text.value for row in self._rows))

    def _remove(self, row: SignatureRow) -> None:
        self._rows.remove(row)
        self._place()
        self._add_button.focus()  # the one that had the focus is gone
        self._wiring.drop(row.widget)
        self._changed()

    def _add(self) -> None:
        if self._state.model is None:
            self._state.say("Pick a model first: its functions are what can be served.")
            return
        taken = {row.function.value for row in self._rows}
        free = [path for path in self._state.functions if path not in taken]
        function = next(iter(free or self._state.functions), "")
        keys = {row.served_key for row in self._rows}
        key = f"{function}=" if "serving_default" in keys and function.isidentifier() else ""
        specs = self._state.proposal(function) if function else ""
        text = f"{key}{function}({specs})" if specs else f"{key}{function}"
        texts = self._state.value("signatures") or ()
        self._takes_focus = True
        try:
            self._state.put("signatures", (*texts, text))
        finally:
            self._takes_focus = False

    def _spell_out(self) -> None:
        state = self._state
        if not state.served:
            checked = "Nothing is served as it stands." if state.findings is not None else ""
            state.say(checked or "Press Check first: it finds what is served.")
            return
        texts = tuple(_typed(one, state.functions) for one in state.served)
        wrong = state.judged(texts)
        if wrong:
            state.say(f"What is served can't be spelled out: {wrong}")
            return
        state.put("signatures", texts)

    def _reset(self) -> None:
        self._state.put("signatures", None)
        self._state.put("inputs", None)

    def _place(self) -> None:
        children = tuple(row.widget for row in self._rows)
        if self._list.children != children:
            self._list.children = children


def _typed(signature: Signature, functions: Sequence[str]) -> str:
    """Return a signature as a person types it."""
    key = "" if signature.key == "serving_default" else f"{signature.key}="
    loaded = f"signatures[{signature.key!r}]"
    if loaded in functions and signature.function not in functions:
        return f"{key}{loaded}"  # what was loaded says itself what it takes
    return f"{key}{signature.function}({', '.join(map(str, signature.inputs))})"
