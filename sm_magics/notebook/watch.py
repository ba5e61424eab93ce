"""One display for one export: its phase and bytes while it runs, its result in the end."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from IPython.display import DisplayHandle

from sm_magics.notebook.ticker import Ticker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from sm_magics.notebook.progress import Progress
    from sm_magics.notebook.session import Session


class Watch:
    """Shows how far an export is.

    Use it as a context; give its `on_phase` to the engine, and what it ends with to `finish`.

    Parameters
    ----------
    session : Session
        Its journal hears of the progress, too. A terminal shell can't replace what it printed:
        there only the result is shown.
    subject : str
        What is exported, as a person calls it.
    """

    def __init__(self, session: Session, subject: str) -> None:
        self._live = getattr(session.shell, "kernel", None) is not None
        self._journal = session.journal
        self._handle = DisplayHandle()
        self._subject = subject
        self._ticker = Ticker(self._progressed, subject)
        self._running = ExitStack()
        self._shown = self._finished = False

    def __enter__(self) -> Self:
        """Begin to watch."""
        if self._live:
            self._running.enter_context(self._ticker)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching; what an error stopped says so, in the place of the progress."""
        self._running.close()
        if error is not None and self._shown and not self._finished:
            text = (
                f"Export of {self._subject} stopped in {self._ticker.phase}, "
                f"after {self._ticker.seconds:.1f} s"
            )
            self._handle.update({"text/plain": text}, raw=True)

    @property
    def on_phase(self) -> Callable[[str, Path | None], None] | None:
        """What the engine calls as a phase begins."""
        return self._ticker.on_phase if self._live else None

    def finish(self, result: Any) -> None:
        """Show what the export ended with in the place of the progress."""
        self._ticker.stop()
        self._finished = True
        self._put(result)

    def _progressed(self, progress: Progress) -> None:
        self._put(progress)
        self._journal.progressed(progress)

    def _put(self, shown: Any) -> None:
        raw = isinstance(shown, dict)
        if self._shown:
            self._handle.update(shown, raw=raw)
        else:
            self._shown = True
            self._handle.display(shown, raw=raw)
