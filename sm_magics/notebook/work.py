"""Runs what a click asked for on the kernel's main thread, where cells run, and can cancel it.

Front ends since JupyterLab 4.4 can have clicks handled by another thread of the kernel (a
subshell), so that a panel answers while a cell runs. TensorFlow is left to the main thread all the
same: there the user's own settings hold that live in a thread, such as Keras's, and no cell changes
a model while it is written.

ipykernel takes a widget's message to the subshell whose request was the last that the kernel sent
something for on the widget's comm (`ipykernel.comm`); one that a cell made goes to the main thread.
`panel.wiring` sees to it that all of a panel's messages go the same way, in their order.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    Job = Callable[[], None]
    OnPhase = Callable[[str, Path | None], None]

_INSISTENCE = 0.2
"""Seconds between two signals, as long as none has arrived."""


class Work:
    """One job at a time; jobs of several panels follow each other.

    Parameters
    ----------
    shell : InteractiveShell
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._loop: Any = getattr(getattr(shell, "kernel", None), "io_loop", None)
        self._next: Job | None = None
        self._may_replace = False  # whether the job that waits is one that any other may replace
        self._turn = 0  # counts jobs, so that what concerns one does not reach the next
        self._is_claimed = self._open = False  # a job begins or runs; interrupts are let through
        self._is_cancelled = self._has_arrived = False
        self._lock = threading.Lock()

    @property
    def can_wait(self) -> bool:
        """Whether a job can be put off: there is a kernel, whose loop runs it later."""
        return self._loop is not None

    @property
    def is_behind(self) -> bool:
        """Whether a job that is started now waits until the main thread is free."""
        return self.can_wait and not _on_main_thread()

    @property
    def subshell(self) -> str:
        """The subshell that brought what is handled just now; empty on the main thread's own.

        Where there is one, clicks reach the kernel while its main thread works.
        """
        kernel = getattr(self._shell, "kernel", None)
        parent = (kernel.get_parent() or {}) if kernel is not None else {}
        return str(parent.get("header", {}).get("subshell_id") or "")

    def start(self, job: Job, stopped: Job, *, delay: float = 0.0) -> None:
        """Run a job instead of one that waits: at once here if this is the main thread.

        Parameters
        ----------
        job : callable
            It lets KeyboardInterrupt pass; any other error is its own affair.
        stopped : callable
            Called after an interrupt, when no other one can come.
        delay : float
            Seconds to wait, for a job that another one may replace meanwhile, and that replaces no
            other one itself; needs a kernel.
        """
        with self._lock:
            if delay and self._next is not None and not self._may_replace:
                return
            self._next, self._may_replace = job, bool(delay)
        if delay and self.can_wait:
            self._loop.add_callback(self._loop.call_later, delay, self._run, job, stopped)
        elif self.is_behind:
            self._loop.add_callback(self._run, job, stopped)
        else:
            self._run(job, stopped)

    def drop(self) -> bool:
        """Drop the job that waits; tell whether there was one."""
        with self._lock:
            waited, self._next = self._next is not None, None
        return waited

    def interrupt(self) -> bool:
        """Interrupt the job that runs, as the kernel's own interrupt does; tell if there was one.

        What swallows the interrupt is stopped by `stop_if_cancelled`, at the job's next phase.
        """
        with self._lock:  # until the signal is there: a cell that runs later must not get it
            if not self._is_claimed:
                return False
            self._is_cancelled = True
            if self._open:
                _signal_main()
            turn = self._turn
        # One that comes just before a sleep begins does not wake it, and one that comes while an
        # object is being finalized is swallowed by Python: again, until one does what it is for.
        insisting = threading.Thread(target=self._insist, args=(turn,), daemon=True)
        insisting.start()
        return True

    def _insist(self, turn: int) -> None:
        while True:
            time.sleep(_INSISTENCE)
            with self._lock:
                if self._turn != turn or not self._is_claimed:
                    return
                if self._open and not self._has_arrived:
                    _signal_main()

    def stop_if_cancelled(self) -> None:
        """Raise the KeyboardInterrupt that something in between has swallowed."""
        if self._is_cancelled:
            raise KeyboardInterrupt

    def guarding(self, on_phase: OnPhase) -> OnPhase:
        """Return what an export calls at its phases: it can be cancelled until it is published."""

        def guarded(phase: str, path: Path | None) -> None:
            self.stop_if_cancelled()
            if phase == "publish":
                self.shield()  # what was proven is put in its place as a whole
            on_phase(phase, path)

        return guarded

    def on_main(self, job: Job) -> None:
        """Run something short on the main thread: here if this is it, else between cells."""
        if self.is_behind:
            self._loop.add_callback(job)
        else:
            job()

    def shield(self) -> None:
        """Let no interrupt through any more: the job does what must not be left half done."""
        with self._lock:
            self._is_claimed = self._open = False

    def _run(self, job: Job, stopped: Job) -> None:
        with self._lock:
            if self._next is not job:
                return  # dropped, or replaced
            self._next = None
            self._turn += 1
            self._is_cancelled = self._has_arrived = False
            self._is_claimed = True
        # Between cells the kernel ignores interrupts.
        on_main = _on_main_thread()
        previous = signal.signal(signal.SIGINT, self._receive) if on_main else None
        told = sys.unraisablehook
        sys.unraisablehook = self._swallowing(told)
        try:
            try:
                self._open = on_main
                self.stop_if_cancelled()
                job()
            finally:
                self._open = False  # first of all: what comes from now on has nothing to interrupt
        except KeyboardInterrupt:
            stopped()
        finally:
            with self._lock:  # whoever is just about to interrupt has done so then
                self._is_claimed = False
            sys.unraisablehook = told
            if on_main:
                signal.signal(signal.SIGINT, previous)

    def _swallowing(self, told: Callable[[Any], object]) -> Callable[[Any], None]:
        """Return a hook that notices an interrupt which Python swallows, as in a ``__del__``."""

        def hook(unraisable: Any) -> None:
            if issubclass(unraisable.exc_type, KeyboardInterrupt):
                self._has_arrived = False
            else:
                told(unraisable)

        return hook

    def _receive(self, signum: int, frame: object) -> None:
        del signum, frame
        if self._open:
            self._has_arrived = True
            raise KeyboardInterrupt


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _signal_main() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # wakes what sleeps, too
    else:
        signal.raise_signal(signal.SIGINT)
