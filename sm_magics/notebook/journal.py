"""What was checked and exported in one session, whoever asked: a cell, the panel, the sidebar."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sm_magics.notebook.progress import Progress
    from sm_magics.notebook.shown import Findings
    from sm_magics.savedmodel.result import Result

EXPORTS = 20
"""Exports that are remembered."""
CHECKS = 50
"""Models whose checks are remembered."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """What the last check or export of a model found.

    Attributes
    ----------
    subject : str
        The model, as a person calls it.
    target : str
        Where it was to go.
    findings : Findings
        In the notebook's cells.
    value : int or None
        The id of the object that was looked at; None if the notebook has no name for it.
    seconds : float or None
        What it took; None if it is not known, or it must not be repeated unasked.
    given : mapping of str to object
        What was asked for, as `RequestText.given`.
    is_stale : bool
        Whether the model, or a cell that a finding is in, has changed since.
    """

    subject: str
    target: str
    findings: Findings
    value: int | None
    seconds: float | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    is_stale: bool = False


class Journal:
    """The checks and exports of a session; tells whoever subscribes what has changed.

    Attributes
    ----------
    checks : dict of str to Check
        The last one of each model, by subject.
    exports : list of Result
        The last one to each directory, the newest first.
    progress : Progress or None
        Of the export that goes on.
    """

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self.exports: list[Result] = []
        self.progress: Progress | None = None
        self._is_exporting = False
        self._subscribers: list[Callable[[str], object]] = []
        self._lock = threading.RLock()

    def subscribe(self, told: Callable[[str], object]) -> Callable[[], None]:
        """Call `told` with ``"checks"``, ``"exports"`` or ``"progress"`` as one of them changes.

        It may be called by any thread. Returns what ends that.
        """
        self._subscribers.append(told)

        def end() -> None:
            if told in self._subscribers:
                self._subscribers.remove(told)

        return end

    def checked(self, check: Check) -> None:
        """Remember what a check found, the newest last."""
        with self._lock:
            others = {name: one for name, one in self.checks.items() if name != check.subject}
            kept = [*others.items(), (check.subject, check)]
            self.checks = dict(kept[-CHECKS:])
        self._tell("checks")

    def tried(self, subject: str) -> None:
        """Note that a check is being repeated unasked: if that fails, it is not tried again."""
        with self._lock:
            before = self.checks.get(subject)
            if before is not None:
                self.checks = {**self.checks, subject: replace(before, seconds=None)}

    @contextmanager
    def exporting(self) -> Iterator[None]:
        """Listen to the progress of an export until it ends."""
        self._is_exporting = True
        try:
            yield
        finally:
            self._end_progress()

    def _end_progress(self) -> None:
        with self._lock:
            self._is_exporting, was, self.progress = False, self.progress, None
        if was is not None:
            self._tell("progress")

    def progressed(self, progress: Progress) -> None:
        """Note how far the export is."""
        with self._lock:
            if not self._is_exporting:
                return  # a last tick of one that has ended
            self.progress = progress
        self._tell("progress")

    def exported(self, result: Result) -> None:
        """Remember what an export wrote."""
        with self._lock:
            others = [one for one in self.exports if one.path != result.path]
            self.exports = [result, *others][:EXPORTS]
        self._tell("exports")

    def review(
        self,
        cell: str | None,
        count: int | None,
        current: Callable[[Iterable[str]], Mapping[str, Any]],
    ) -> None:
        """Tell which checks are out of date after a cell ran; forget those of what is gone.

        Parameters
        ----------
        cell : str or None
            The front end's id of it.
        count : int or None
            Its execution count.
        current : callable
            Returns the objects that subjects stand for now, without those that are gone.
        """
        self._end_progress()  # no export runs as a cell ends
        if not self.checks:
            return
        there = current(self.checks)
        kept: dict[str, Check] = {}
        with self._lock:
            for subject, one in self.checks.items():
                obj, is_rerun = there.get(subject), _is_in(one, cell, count)
                if (obj is None) if one.value is not None else is_rerun:
                    continue  # its model is gone; of one without a name, its cell makes another
                is_other = one.value is not None and id(obj) != one.value
                is_stale = one.is_stale or is_other or is_rerun
                kept[subject] = replace(one, is_stale=is_stale)
            is_changed, self.checks = kept != self.checks, kept
        if is_changed:
            self._tell("checks")

    def _tell(self, what: str) -> None:
        for told in tuple(self._subscribers):
            try:
                told(what)
            except Exception:  # noqa: BLE001, whoever listens must not stop what is told of
                _LOG.warning("nobody was told of the %s", what, exc_info=True)


def _is_in(check: Check, cell: str | None, count: int | None) -> bool:
    """Tell whether a finding lies in a cell that has run again since."""
    return cell is not None and any(
        found.cell_id == cell and found.cell != count for found in check.findings
    )
