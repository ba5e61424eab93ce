"""The widget panel: everything that the magics can say, by hand, in any front end with widgets.

`form`, `state` and `runs` know what is asked for, what came of it and what goes on, without
widgets; each other module
is a section that shows a part of that, connected by `wiring`; `work` runs what a click asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, Layout

from sm_magics.notebook.panel import parts
from sm_magics.notebook.panel.actions import Actions
from sm_magics.notebook.panel.answers import Code, Findings, Preview
from sm_magics.notebook.panel.destination import Destination
from sm_magics.notebook.panel.model import Picker
from sm_magics.notebook.panel.options import Options
from sm_magics.notebook.panel.outputs import Slot
from sm_magics.notebook.panel.runs import Runs
from sm_magics.notebook.panel.signatures import Signatures
from sm_magics.notebook.panel.wiring import Wiring
from sm_magics.notebook.render import fragment
from sm_magics.notebook.request_text import RequestText

if TYPE_CHECKING:
    from ipywidgets import Widget

    from sm_magics.notebook.session import Session

__all__ = ["Panel"]


class Panel(Runs):
    """A form for an export, that shows itself; see `Runs`, `State` and `Form` for its traits.

    Parameters
    ----------
    session : Session
        Of the shell whose models it exports.
    request : RequestText, optional
        What the form says at first.
    obj : Trackable, tf.function or ConcreteFunction, optional
        The model, where no expression of the notebook means it.
    """

    def __init__(
        self, session: Session, request: RequestText | None = None, obj: Any = None
    ) -> None:
        super().__init__(session, request or RequestText(), obj)
        self._slot = slot = Slot(session.shell)
        self._wiring = Wiring(self)
        self._is_closed = False
        self.widget = parts.column()
        try:
            self.widget.children = self._sections()
            # Not of the wiring: what ends when the form is gone is told all the same.
            self.observe(lambda change: slot.show(change.new, self.reopening()), "result")
            self._wiring.at_end(session.subscribe(self._after_cell))
            session.showing(self.close)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Take the form away, with all that it holds; the result below it stays.

        What waits or runs is cancelled.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self.keeps_checking = False
        self.cancel()
        self.session.forget(self.close)
        self._wiring.close()
        self._wiring.drop(self.widget)
        self.let_go()

    def _sections(self) -> list[Widget]:
        wiring = self._wiring
        self.picker = Picker(self, wiring)
        self.signatures = Signatures(self, wiring)
        self.destination = Destination(self, wiring)
        self.options = Options(self, wiring)
        self.actions = Actions(self, wiring)
        style = fragment("panel/style.html.j2", slot=self._slot.id)
        close = parts.button("Close panel", "Take the form away; the result below stays")
        wiring.clicked(close, self.close)
        return [
            HTML(value=style, layout=Layout(display="none")),
            self.picker.widget,
            _titled("Signatures", self.signatures.widget),
            _titled("Destination", self.destination.widget),
            _titled("Options", self.options.widget),
            self.actions.widget,
            Findings(self, wiring).widget,
            Preview(self, wiring).widget,
            Code(self, wiring).widget,
            close,
        ]

    def _after_cell(self) -> None:
        try:
            self._wiring.as_heard(self.refresh)
        except Exception as error:  # noqa: BLE001, the person sees it in the panel
            self.fail(error)

    def _ipython_display_(self) -> None:
        self._slot.place(None if self._is_closed else self.widget, self.reopening())

    def __repr__(self) -> str:
        """Return the call that does the same."""
        return f"<panel: {self.code().call}>"


def _titled(title: str, widget: Widget) -> Widget:
    heading = parts.Note("panel/title.html.j2")
    heading.show(title=title)
    return parts.column(heading.widget, widget)
