"""Hold an interrupt back while something must not be left half done."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType


class Deferral:
    """Lets SIGINT wait while one of some functions runs, and pass at once otherwise.

    Masking the signal would not do: TensorFlow's threads would receive it and Python would raise
    in the main thread all the same. A flag set by the functions would not do either: an interrupt
    can arrive between their call and the setting. So the handler looks at the stack.

    Parameters
    ----------
    *guarded : CodeType
        The code of the functions that are not to be interrupted.
    """

    def __init__(self, *guarded: CodeType) -> None:
        self._guarded = frozenset(guarded)
        self._pending = False
        self._previous: Callable[[int, FrameType | None], object] | None = None

    def begin(self) -> None:
        """Take SIGINT over; do nothing where it can't raise, as outside the main thread."""
        if threading.current_thread() is not threading.main_thread():
            return
        previous = signal.getsignal(signal.SIGINT)
        if callable(previous):
            self._previous = previous
            signal.signal(signal.SIGINT, self._receive)

    def deliver(self) -> None:
        """Let an interrupt that waited have its effect: usually raise KeyboardInterrupt."""
        if self._pending and self._previous is not None:
            self._pending = False
            self._previous(signal.SIGINT, None)

    def end(self) -> None:
        """Give SIGINT back, and deliver what waited."""
        if self._previous is not None:
            # Not ours any more if somebody else took it over meanwhile and kept it.
            if signal.getsignal(signal.SIGINT) == self._receive:
                signal.signal(signal.SIGINT, self._previous)
            self.deliver()
            self._previous = None

    def _receive(self, signum: int, frame: FrameType | None) -> None:
        if self._is_guarded(frame):
            self._pending = True
        elif self._previous is not None:
            self._previous(signum, frame)

    def _is_guarded(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if frame.f_code in self._guarded:
                return True
            frame = frame.f_back
        return False
