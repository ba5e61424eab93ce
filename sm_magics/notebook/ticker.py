"""Tells somebody how far an export is: at each phase, and twice a second while one lasts."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from sm_magics.notebook.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PERIOD = 0.5
"""Seconds between two looks at the directory that is being written."""


class Ticker:
    """Calls somebody with the progress of an export.

    Use it as a context, and give its `on_phase` to the engine.

    Parameters
    ----------
    tell : callable
        Called with a Progress, never by two threads at once, and not after `stop`.
    subject : str
        What is exported, as a person calls it.
    """

    def __init__(self, tell: Callable[[Progress], object], subject: str) -> None:
        self._tell = tell
        self._subject = subject
        self._start = time.monotonic()
        self._phase: tuple[str, Path | None] | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._tick, daemon=True, name="sm_magics ticker")

    @property
    def phase(self) -> str | None:
        """The phase that goes on, or was the last."""
        return self._phase[0] if self._phase is not None else None

    @property
    def seconds(self) -> float:
        """Seconds since the export began."""
        return time.monotonic() - self._start

    def __enter__(self) -> Self:
        """Begin to tell."""
        try:
            self._thread.start()
        except BaseException:
            self._stopped.set()  # an interrupt can come when the thread runs already
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Stop, and wait until nobody is told any more."""
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Tell nothing from now on."""
        self._stopped.set()
        with self._lock:  # who is being told just now is done then
            pass

    def on_phase(self, phase: str, path: Path | None) -> None:
        """Note that a phase begins; the engine calls it."""
        self._phase = (phase, path)
        self._tell_progress()

    def _tick(self) -> None:
        while not self._stopped.wait(_PERIOD):
            self._tell_progress()

    def _tell_progress(self) -> None:
        if self._phase is None:
            return
        phase, path = self._phase
        progress = Progress(phase, self.seconds, _bytes_in(path), subject=self._subject)
        with self._lock:
            if not self._stopped.is_set():
                self._tell(progress)


def _bytes_in(path: Path | None) -> int:
    total = 0
    # TensorFlow renames and removes files and folders while it writes.
    with suppress(OSError):
        for file in path.rglob("*") if path is not None else ():
            with suppress(OSError):
                total += file.stat().st_size if file.is_file() else 0
    return total
