"""Where the sidebar's requests arrive, and where what it is told comes from."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from msgspec import UNSET

from sm_magics.notebook.endings import unexpected
from sm_magics.notebook.sidebar import messages, views
from sm_magics.notebook.sidebar.answers import Answers
from sm_magics.notebook.sidebar.lookers import Looker, Lookers

if TYPE_CHECKING:
    from collections.abc import Callable

    from sm_magics.notebook.request_text import RequestText
    from sm_magics.notebook.session import Session
    from sm_magics.notebook.work import Work
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
        self._lookers = Lookers(session, self._found)
        self._told: dict[str, Any] = {"models": [], "more_models": 0}
        self._lock = threading.RLock()

    def close(self) -> None:
        """Look no more."""
        self._lookers.close()

    def note(self, what: str) -> None:
        """Tell what has changed in the session's journal."""
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
        except Exception as error:  # noqa: BLE001, whatever it is, the person is told
            done = unexpected(error)
            answer = messages.Failed(
                id=request.id, reason="error", text=done.told, details=done.details
            )
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
            self._told |= news
            if news:
                self._say(messages.Change(**news))

    def _journal(self, what: str) -> dict[str, Any]:
        journal = self._session.journal
        if what == "checks":
            return {"checks": views.checks(journal.checks.values())}
        if what == "exports":
            there = [one for one in journal.exports if one.path.exists()]
            return {"exports": [views.exported(one) for one in there]}
        return {"running": views.running(journal.progress)}

    def _found(self, found: list[tuple[Model, Any]]) -> None:
        models = [views.model(self._session.placed(one)) for one, _ in found[: views.MODELS]]
        self._tell(models=models, more_models=len(found) - len(models), **self._journal("exports"))
        if self._lookers.due():
            self._work.start(self._check_again, lambda: None, delay=_PAUSE)

    def _check_again(self) -> None:
        for text in self._lookers.due():  # still: another cell may have run meanwhile
            self._check(text)

    def _check(self, text: RequestText) -> None:
        self._answers.check(text)
