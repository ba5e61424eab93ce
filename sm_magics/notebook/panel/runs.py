"""What clicks start: a check or an export on the main thread, how far it is, and its end."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Instance

from sm_magics.notebook import words
from sm_magics.notebook.endings import Ending, ending, unexpected
from sm_magics.notebook.panel.state import State
from sm_magics.notebook.ticker import Ticker
from sm_magics.notebook.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from sm_magics.notebook.progress import Progress
    from sm_magics.notebook.request_text import RequestText
    from sm_magics.notebook.session import Session
    from sm_magics.notebook.shown import Findings

_QUICK = 2.0
"""Seconds that a check may have taken for the panel to repeat it by itself."""
_PAUSE = 0.5
"""Seconds without a change after which it does."""


class Doing(StrEnum):
    """What a panel is at."""

    NOTHING = "nothing"
    WAITING = "waiting"
    CHECKING = "checking"
    EXPORTING = "exporting"


@dataclass(frozen=True, slots=True)
class Activity:
    """What a panel is at, or what its last work ended with.

    Attributes
    ----------
    doing : Doing
    told : str
        One sentence for the person, of what goes on or how it ended.
    went_wrong : bool
        Whether that is bad news.
    details : str
        The traceback of an error that nobody expected.
    progress : Progress or None
        Of the export that goes on.
    """

    doing: Doing = Doing.NOTHING
    told: str = ""
    went_wrong: bool = False
    details: str = ""
    progress: Progress | None = None


class Runs(State):
    """A form that can be run.

    Attributes
    ----------
    activity : Activity
    trouble : Activity or None
        An error of the panel itself, until the next click.
    keeps_checking : bool
        Whether a check is repeated after a change, as long as that is quick and harmless.
    """

    activity = Instance(Activity, args=())
    trouble = Instance(Activity, allow_none=True)
    keeps_checking = Bool(default_value=True)

    def __init__(self, session: Session, request: RequestText, obj: Any = None) -> None:
        self.work = Work(session.shell)
        self._seconds = 0.0
        self._exports_next = False
        self._traced: frozenset[str] = frozenset()
        self._ticker: Ticker | None = None
        super().__init__(session, request, obj)
        self.observe(self._check_again, ["request", "model", "defaults"])

    @property
    def is_busy(self) -> bool:
        """Whether a check or an export goes on, or waits."""
        return self.activity.doing is not Doing.NOTHING

    def start_check(self) -> None:
        """Check in a while: on the main thread, after the cells that run there."""
        if not self.is_busy and not self._exports_next:
            self._begin(lambda: self._check_job(evaluates=True), Doing.CHECKING)

    def start_export(self) -> None:
        """Export in a while: on the main thread, after the cells that run there."""
        if self.activity.doing is not Doing.EXPORTING and not self._exports_next:
            self._exports_next = True
            self._begin(self._export_job, Doing.EXPORTING)

    def cancel(self) -> None:
        """Give up what waits, and interrupt what runs."""
        waited, runs = self.work.drop(), self.work.interrupt()
        self._exports_next = False
        if waited and not runs:
            self.activity = Activity(told="Cancelled before it began; nothing was written.")

    def say(self, told: str) -> None:
        """Tell the person something."""
        self.activity = replace(self.activity, told=told, went_wrong=False, details="")

    def fail(self, error: BaseException) -> None:
        """Tell of an error of the panel itself; what goes on is not disturbed by it."""
        self.trouble = _ended(unexpected(error))

    def _begin(self, job: Callable[[], None], what: Doing) -> None:
        self.trouble = None
        if self.work.is_behind:
            self.activity = _WAITING
        self._start(job, what)

    def _start(self, job: Callable[[], None], what: Doing, *, delay: float = 0.0) -> None:
        def guarded() -> None:
            try:
                job()
            except (Exception, SystemExit) as error:  # noqa: BLE001, else it stays busy for ever
                self._end(unexpected(error))

        self.work.start(guarded, lambda: self._stopped(what), delay=delay)

    def _check_again(self, change: Any) -> None:
        """Repeat a check after a change, where that costs little and builds nothing."""
        del change
        if self.work.can_wait and self._may_repeat():
            self._start(self._repeat, Doing.CHECKING, delay=_PAUSE)

    def _repeat(self) -> None:
        if self._may_repeat():  # still: something else may have changed meanwhile
            self._check_job(evaluates=False)

    def _may_repeat(self) -> bool:
        is_built = self.model is not None and self.model.built is not False
        is_traced = _typed_specs(self.request) <= self._traced
        harmless = is_built and is_traced and not self.is_evaluated
        wanted = self.keeps_checking and self.findings is not None and self._seconds < _QUICK
        return wanted and harmless and not self.is_busy and not self._exports_next

    def _check_job(self, *, evaluates: bool) -> None:
        self.activity = Activity(Doing.CHECKING, "Checking")
        start = time.monotonic()
        done = ending(
            lambda: self._check(evaluates=evaluates), lambda found: f"Checked: {words.tally(found)}"
        )
        self._seconds = time.monotonic() - start
        self._end(done)

    def _found(self, findings: Findings, about: tuple[Any, ...]) -> None:
        self.work.shield()  # it is done: what is told of it is told whole
        self._traced = _typed_specs(about[0])
        super()._found(findings, about)

    def _export_job(self) -> None:
        name = self.request.model or "the model"
        how = "" if self.work.subshell else "; to cancel, interrupt the kernel"
        self.activity = Activity(Doing.EXPORTING, f"Exporting {name}{how}")
        self._exports_next = False
        self._ticker = Ticker(lambda progress: self._progressed(progress, how), name)
        with self._ticker as ticker:
            on_phase = self.work.guarding(ticker.on_phase)
            done = ending(
                lambda: self.export(on_phase), lambda result: f"Exported to {result.path}"
            )
        self._end(done)

    def _progressed(self, progress: Progress, how: str) -> None:
        self.session.journal.progressed(progress)
        told = f"Exporting{f' {progress.subject}' if progress.subject else ''}{how}"
        self.activity = Activity(Doing.EXPORTING, told, progress=progress)

    def _end(self, done: Ending) -> None:
        self.work.shield()
        self._ticker = None
        self.activity = _ended(done)
        if self.is_stale and not done.went_wrong:
            self._check_again(None)  # of a change that came meanwhile

    def _stopped(self, what: Doing) -> None:
        """Tell that a job was interrupted."""
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
        if what is Doing.EXPORTING:
            self._exports_next = False
        elif self._exports_next:
            self.activity = _WAITING  # the export comes all the same
            return
        if not self.is_busy:
            return  # it had come to its end
        name = "check" if what is Doing.CHECKING else "export"
        progress, told = self.activity.progress, f"The {name} was cancelled"
        if progress is not None:
            told += f" in {progress.phase}, after {words.duration(progress.seconds)}"
        self.activity = Activity(told=f"{told}; nothing was written.")
        try:
            self.refresh()
        except Exception as error:  # noqa: BLE001, the person sees it in the panel
            self.fail(error)


def _ended(done: Ending) -> Activity:
    return Activity(told=done.told, went_wrong=done.went_wrong, details=done.details)


_WAITING = Activity(Doing.WAITING, "Waiting for what runs before it")


def _typed_specs(request: RequestText) -> frozenset[str]:
    """Return the texts that say what is taken: tracing with them may build variables for good."""
    signatures = request.given.get("signatures", ())
    return frozenset(text for text in signatures if "(" in text) | {
        *request.given.get("inputs", ())
    }
