"""The small widgets that every section of the panel is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, Button, HBox, Layout, ToggleButton, VBox

from sm_magics.notebook.render import fragment

if TYPE_CHECKING:
    from ipywidgets import Widget

    from sm_magics.notebook.panel.wiring import Wiring

LABEL_WIDTH = "10em"
"""Room for the name of a control."""
CONTROL_WIDTH = "26em"
"""Room for a control with its name."""


def named(description: str, tooltip: str = "", width: str = CONTROL_WIDTH) -> dict[str, Any]:
    """Return the keywords of a control with a visible name."""
    return {
        "description": description,
        "tooltip": tooltip or description,
        "layout": Layout(width=width, max_width="100%"),
        "style": {"description_width": LABEL_WIDTH},
    }


def compact(description: str, width: str) -> dict[str, Any]:
    """Return the keywords of a control in a row of several: its name is as wide as it is."""
    return {
        "description": description,
        "tooltip": description,
        "layout": Layout(width=width),
        "style": {"description_width": "initial"},
    }


def button(label: str, tooltip: str = "", style: str = "") -> Button:
    """Return a button as wide as its label."""
    return Button(
        description=label,
        tooltip=tooltip or label,
        button_style=style,
        layout=_as_wide_as_its_label(),
    )


def _as_wide_as_its_label() -> Layout:
    return Layout(width="auto", align_self="flex-start")


def row(*children: Widget) -> HBox:
    """Return what stands side by side, and goes on below where there is no room."""
    layout = Layout(flex_flow="row wrap", align_items="center", max_width="100%")
    return HBox(children, layout=layout)


def column(*children: Widget) -> VBox:
    """Return what stands one below the other."""
    return VBox(children, layout=Layout(max_width="100%"))


class Note:
    """A piece of HTML that a template writes, and that takes no room while it is empty."""

    def __init__(self, template: str, **layout: str) -> None:
        self._template = template
        self.widget = HTML(layout=Layout(max_width="100%", **layout))
        self.hide()

    def show(self, **words: Any) -> None:
        """Show the template with these words."""
        text = fragment(self._template, **words)
        if self.widget.value != text:
            self.widget.value = text
        self.widget.layout.display = None

    def hide(self) -> None:
        """Show nothing."""
        self.widget.value = ""
        self.widget.layout.display = "none"


class Complaint(Note):
    """What is wrong with a field, beside it; where nothing is, perhaps what it is for."""

    def __init__(self, about: str = "", *, beside: bool = True) -> None:
        flex = {"flex": "1 1 20em"} if beside else {}
        super().__init__("panel/complaint.html.j2", **flex)
        self.about = about
        self.tell("")

    def tell(self, complaint: str) -> None:
        """Show a complaint, or that there is none."""
        if complaint or self.about:
            self.show(complaint=complaint, about=self.about)
        else:
            self.hide()


def fold(title: str, content: Widget, wiring: Wiring, *, is_open: bool = False) -> VBox:
    """Return something that opens and closes under a title."""
    # An Accordion can't be reached by keyboard (ipywidgets 8.1).
    switch = ToggleButton(value=is_open, layout=_as_wide_as_its_label())

    def turn() -> None:
        switch.tooltip = f"{'Hide' if switch.value else 'Show'}: {title}"
        switch.description = f"{'▾' if switch.value else '▸'} {title}"
        content.layout.display = None if switch.value else "none"

    wiring.on(switch, "value", turn)
    turn()
    return column(switch, content)
