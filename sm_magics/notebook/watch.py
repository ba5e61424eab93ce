"""One display for one export: its phase and bytes while it runs, its result in the end."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from IPython.display import DisplayHandle

from sm_magics.notebook.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from IPython.core.interactiveshell import InteractiveShell

_PERIOD = 0.5
"""Seconds between two looks at the directory that is being written."""


class Watch:
    """Shows how far an export is.

    Use it as a context; give its `on_phase` to the engine, and what it ends with to `finish`.

    Parameters
    ----------
    shell : InteractiveShell
        A terminal shell can't replace what it printed: there only the result is shown.
    subject : str
        What is exported, as a person calls it.
    """

    def __init__(self, shell: InteractiveShell, subject: str) -> None:
        self._live = getattr(shell, "kernel", None) is not None
        self._handle = DisplayHandle()
        self._subject = subject
        self._start = time.monotonic()
        self._phase: tuple[str, Path | None] | None = None
        self._stop = threading.Event()
        self._shown = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._tick, daemon=True, name="sm_magics watch")

    def __enter__(self) -> Self:
        """Begin to watch."""
        if self._live:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching; what an error stopped says so, in the place of the progress."""
        ended = self._stop.is_set()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if error is not None and self._shown and not ended and self._phase is not None:
            seconds = time.monotonic() - self._start
            text = f"Export of {self._subject} stopped in {self._phase[0]}, after {seconds:.1f} s"
            self._handle.update({"text/plain": text}, raw=True)

    def on_phase(self, phase: str, path: Path | None) -> None:
        """Note that a phase begins; the engine calls it."""
        self._phase = (phase, path)
        if self._live:
            self._show_progress()

    def finish(self, result: Any) -> None:
        """Show what the export ended with in the place of the progress."""
        self._stop.set()
        with self._lock:
            self._put(result)

    def _tick(self) -> None:
        while not self._stop.wait(_PERIOD):
            self._show_progress()

    def _show_progress(self) -> None:
        if self._phase is None:
            return
        phase, path = self._phase
        seconds = time.monotonic() - self._start
        progress = Progress(phase, seconds, _bytes_in(path), subject=self._subject)
        with self._lock:
            if not self._stop.is_set():
                self._put(progress)

    def _put(self, shown: Any) -> None:
        raw = isinstance(shown, dict)
        if self._shown:
            self._handle.update(shown, raw=raw)
        else:
            self._shown = True
            self._handle.display(shown, raw=raw)


def _bytes_in(path: Path | None) -> int:
    total = 0
    for file in path.rglob("*") if path is not None else ():
        # TensorFlow renames its files while it writes.
        with suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total
