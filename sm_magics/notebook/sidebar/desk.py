"""Where the sidebar's requests arrive, and where what it is told comes from."""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from msgspec import UNSET

from sm_magics.notebook.endings import unexpected
from sm_magics.notebook.sidebar import messages, views
from sm_magics.notebook.sidebar.answers import Answers
from sm_magics.notebook.sidebar.lookers import Looker, Lookers
from sm_magics.notebook.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from sm_magics.notebook.session import Session
    from sm_magics.savedmodel.capture import Model

_PAUSE = 0.3
"""Seconds after a cell until checks are repeated: queued cells run first."""


class Desk:
    """Answers what is asked, and tells what has changed: once, and only then.

    Parameters
    ----------
    session : Session
    work : Work
        Runs what is asked for, and lets an interrupt cancel it.
    say : callable
        Sends a message's data to all front ends; any thread may call it.
    """

    def __init__(
        self, session: Session, work: Work, say: Callable[[dict[str, Any]], object]
    ) -> None:
        self._session = session
        self._work = work
        self._send = say
        self._answers = Answers(session, work, self._say)
        self._live = Work(session.shell)  # what is asked for must not take its place
        self._live_answers = Answers(session, self._live, self._say)
        self._lookers = Lookers(session, self._found)
        self._told: dict[str, Any] = {"models": [], "more_models": 0}
        self._lock = threading.RLock()

    def close(self) -> None:
        """Look no more."""
        self._lookers.close()

    def note(self, what: str) -> None:
        """Tell what has changed in the session's journal."""
        with self._lock:  # else a thread could tell what it read before another told what is newer
            self._tell(**self._journal(what))

    def hear(self, data: Any, who: str) -> None:
        """Answer a request.

        Parameters
        ----------
        data : object
            What came; anything can.
        who : str
            The id of the front end's connection.
        """
        try:
            request = messages.read(data)
        except messages.MalformedError as error:
            asked = data.get("id") if isinstance(data, dict) else None
            name = asked if isinstance(asked, str) else ""
            told = f"the kernel does not understand this request: {error}"
            self._say(messages.Failed(id=name, reason="malformed", text=told))
            return
        self._work.start(partial(self._answer, request, who), partial(self._cancelled, request.id))

    def _answer(self, request: messages.Request, who: str) -> None:
        try:
            match request:
                case messages.Watch():
                    self._lookers.add(who, Looker(request.live_checks, request.target))
                    answer: messages.Said = messages.Done(id=request.id, text="")
                case messages.Leave():
                    self._lookers.remove(who)
                    answer = messages.Done(id=request.id, text="")
                case _:
                    answer = self._answers.answer(request)
        except (ValueError, UsageError) as error:
            answer = messages.Failed(id=request.id, reason="refused", text=str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001, whatever it is, it is told
            done = unexpected(error)
            answer = messages.Failed(
                id=request.id, reason="error", text=done.told, details=done.details
            )
        self._work.shield()  # it is done: there is one answer, and it is told whole
        self._say(answer)
        if isinstance(answer, messages.Welcome):
            self._tell_all()

    def _cancelled(self, asked: str) -> None:
        told = "Cancelled; nothing was written."
        self._say(messages.Failed(id=asked, reason="cancelled", text=told))

    def _say(self, message: messages.Said) -> None:
        self._send(messages.written(message))

    def _tell_all(self) -> None:
        """Tell a new front end everything; the others hear it, too."""
        with self._lock:
            self._told |= self._journal("checks") | self._journal("exports")
            self._told |= self._journal("progress")
            self._say(messages.Change(**self._told))

    def _tell(self, **parts: Any) -> None:
        """Tell what of these parts has changed since it was told."""
        with self._lock:
            news = {
                name: part for name, part in parts.items() if part != self._told.get(name, UNSET)
            }
            if news:
                self._say(messages.Change(**news))
            self._told |= news

    def _journal(self, what: str) -> dict[str, Any]:
        journal = self._session.journal
        if what == "checks":
            return {"checks": views.checks(journal.checks.values())}
        if what == "exports":
            # Path.exists raises where a disk does not answer.
            there = [one for one in journal.exports if os.path.exists(one.path)]  # noqa: PTH110
            return {"exports": [views.exported(one) for one in there]}
        return {"running": views.running(journal.progress)}

    def _found(self, found: list[tuple[Model, Any]]) -> None:
        models = [views.model(self._session.placed(one)) for one, _ in found[: views.MODELS]]
        self._tell(models=models, more_models=len(found) - len(models), **self._journal("exports"))
        self._check_again_in(_PAUSE)

    def _check_again_in(self, seconds: float) -> None:
        if self._lookers.due():
            # A job of its own each, so that cells and interrupts find their way between them.
            self._live.start(self._check_again, lambda: None, delay=seconds)

    def _check_again(self) -> None:
        for text in self._lookers.due()[:1]:  # still: another cell may have run meanwhile
            self._session.journal.tried(text.model)
            self._live_answers.check(text)
            self._check_again_in(_PAUSE)
