"""Connects state and widgets, shows what goes wrong in between, and takes everything back."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ipywidgets import Widget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context

    from ipywidgets import Button
    from traitlets import HasTraits

    from sm_magics.notebook.panel.runs import Runs

    Handler = Callable[[], object]


class Wiring:
    """The connections of one panel.

    Parameters
    ----------
    state : Runs
        What the panel shows; its `fail` is told of the errors of handlers.
    """

    def __init__(self, state: Runs) -> None:
        self._state = state
        self._undo: list[tuple[object, Handler]] = []
        self._heard: Context | None = None
        self._subshell = ""

    def on(self, source: HasTraits, names: str | list[str], handler: Handler) -> None:
        """Call `handler` when one of these traits changes."""
        guarded = self._guarded(handler)
        source.observe(guarded, names)
        self._undo.append((source, lambda: source.unobserve(guarded, names)))

    def shows(self, names: str | list[str], handler: Handler) -> None:
        """Call `handler` now, and whenever one of these traits of the state changes."""
        self.on(self._state, names, handler)
        handler()

    def clicked(self, button: Button, handler: Handler) -> None:
        """Call `handler` when a button is clicked."""
        guarded = self._guarded(handler)
        button.on_click(guarded)
        self._undo.append((button, lambda: button.on_click(guarded, remove=True)))

    def at_end(self, undo: Handler) -> None:
        """Call `undo` when the panel is closed."""
        self._undo.append((self, undo))

    def drop(self, widget: Widget) -> None:
        """Close a widget with all that is in it, and forget its handlers."""
        closed = list(within(widget))
        for _, undo in [entry for entry in self._undo if entry[0] in closed]:
            undo()
        self._undo = [entry for entry in self._undo if entry[0] not in closed]
        for one in closed:
            one.close()

    def as_heard(self, handler: Handler) -> None:
        """Call `handler` for a cell, without sending its widgets' messages back to the main thread.

        See `work`: they go where the last request came from that something was sent for.
        """
        if self._heard is None:
            handler()
        else:
            self._heard.copy().run(handler)

    def close(self) -> None:
        """Take every connection back, and close what was connected."""
        sources = [source for source, _ in self._undo]
        while self._undo:
            self._undo.pop()[1]()
        for widget in sources:
            for one in within(widget) if isinstance(widget, Widget) else ():
                one.close()

    def _guarded(self, handler: Handler) -> Callable[[Any], None]:
        def guarded(change: Any) -> None:
            del change
            try:
                self._listen()
                handler()
            except Exception as error:  # noqa: BLE001, the person sees it where they clicked
                self._state.fail(error)

        return guarded

    def _listen(self) -> None:
        """Have all messages handled while the main thread works, if the front end can do that.

        All of them, so that they stay in their order: what is typed, then the click.
        """
        subshell = self._state.work.subshell
        if not subshell or subshell == self._subshell:
            return
        self._heard, self._subshell = copy_context(), subshell
        for control in {id(one): one for one, _ in self._undo if isinstance(one, Widget)}.values():
            control.send_state("_view_name")


def within(widget: Widget) -> Iterator[Widget]:
    """Yield a widget and all that belongs to it: children, layouts, styles."""
    yield widget
    for name in ("layout", "style"):
        own = getattr(widget, name, None)
        if isinstance(own, Widget):
            yield own
    for child in getattr(widget, "children", ()):
        yield from within(child)
