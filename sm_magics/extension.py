"""The only place that registers things with a shell, and takes them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.notebook import renderer
from sm_magics.notebook.body import awaiting
from sm_magics.notebook.completion import matcher
from sm_magics.notebook.magic import SavedModelMagics
from sm_magics.notebook.session import close_session, open_session
from sm_magics.notebook.sidebar.comm import open_line

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_loaded: dict[int, _Loaded] = {}


class _Loaded:
    """What was registered with one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.session = open_session(shell)
        self.magics = SavedModelMagics(shell, self.session)
        self.matcher = matcher(self.session)
        self.transformer = awaiting(shell)
        shell.register_magics(self.magics)
        shell.events.register("post_run_cell", self.session.after_cell)
        shell.Completer.custom_matchers.append(self.matcher)
        shell.input_transformers_post.append(self.transformer)
        self.line = open_line(shell, self.session)

    def undo(self, shell: InteractiveShell) -> None:
        """Leave the shell as it was. IPython has no call for this: it is done piece by piece."""
        if self.line is not None:
            self.line.close()
        shell.events.unregister("post_run_cell", self.session.after_cell)
        _remove(shell.Completer.custom_matchers, self.matcher)
        _remove(shell.input_transformers_post, self.transformer)
        manager = shell.magics_manager
        for kind in ("line", "cell"):
            manager.magics[kind].pop("savedmodel", None)
        manager.registry.pop(type(self.magics).__name__, None)
        _remove(shell.configurables, self.magics)
        close_session(shell)


def _remove(things: list[Any], thing: Any) -> None:
    things[:] = [one for one in things if one is not thing]


def load(shell: InteractiveShell) -> None:
    """Register the magics, the completer and the events; a second load changes nothing."""
    if id(shell) not in _loaded:
        renderer.install()
        _loaded[id(shell)] = _Loaded(shell)


def unload(shell: InteractiveShell) -> None:
    """Take everything back that `load` registered."""
    loaded = _loaded.pop(id(shell), None)
    if loaded is not None:
        loaded.undo(shell)
