"""What a panel leaves in the notebook: itself, and what stays when its widgets are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sm_magics.notebook.render import bundle, fragment

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from ipywidgets import Widget

_VIEW = "application/vnd.jupyter.widget-view+json"
_NO_WIDGETS = "A panel needs a notebook that shows widgets. What it stands for, as a line:"


class Slot:
    """The static output below a panel: the line that opens such a panel, and its last result.

    JupyterLab shows a widget's view in a trusted notebook even where the widget is gone, and never
    the HTML beside it; so the line is in an output of its own. While the panel lives, its style
    sheet hides the line.

    Attributes
    ----------
    id : str
        The output's display id, which the class of the line has too.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.id = uuid4().hex
        self._publish: Any = shell.display_pub.publish
        # A terminal shows no widgets, and can't replace what it printed.
        self._is_live = getattr(shell, "kernel", None) is not None
        self._result: dict[str, str] = {}
        self._is_placed = False

    def place(self, widget: Widget | None, line: str) -> None:
        """Show the panel in the running cell, and below it the place for its result.

        Parameters
        ----------
        widget : Widget or None
            None where the panel is closed.
        line : str
            What opens such a panel; empty where no line can.
        """
        if not self._is_live:
            self._publish(data={"text/plain": f"{_NO_WIDGETS}\n{line or '%savedmodel panel'}"})
            return
        if widget is not None:
            view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
            nothing = {"text/plain": "A panel of sm_magics", "text/html": "<div></div>"}
            self._publish(data={**nothing, _VIEW: view})
        self._is_placed = True
        self._put(line, update=False)

    def show(self, result: Any, line: str) -> None:
        """Show a result in its place, and the line that goes with it."""
        self._result = bundle(result)
        if self._is_placed:
            self._put(line, update=True)

    def _put(self, line: str, *, update: bool) -> None:
        line = line or "%savedmodel panel"
        shown = {
            "text/plain": "\n\n".join(filter(None, [line, self._result.get("text/plain")])),
            "text/html": fragment("panel/instead.html.j2", line=line, slot=self.id)
            + self._result.get("text/html", ""),
        }
        self._publish(data=shown, transient={"display_id": self.id}, update=update)
