"""A request of the sidebar -> the engine -> its answer."""

from __future__ import annotations

from functools import singledispatchmethod
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from sm_magics.notebook import asking, request_text, source, typed_line, words
from sm_magics.notebook.endings import ending
from sm_magics.notebook.request_text import RequestText
from sm_magics.notebook.sidebar import VERSION, messages, views
from sm_magics.notebook.text import plain
from sm_magics.notebook.ticker import Ticker
from sm_magics.savedmodel.options import BY_NAME
from sm_magics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from sm_magics.notebook.endings import Ending
    from sm_magics.notebook.session import Session
    from sm_magics.notebook.work import Work


class Answers:
    """Does what the sidebar asks for, on the main thread.

    Parameters
    ----------
    session : Session
    work : Work
        Whose job the answering is.
    say : callable
        Tells the front end something on the way.
    """

    def __init__(
        self, session: Session, work: Work, say: Callable[[messages.Said], object]
    ) -> None:
        self._session = session
        self._work = work
        self._say = say

    @singledispatchmethod
    def answer(self, request: Any) -> messages.Said:
        """Return the answer to a request.

        Raises
        ------
        ValueError, UsageError
            If it makes no sense; the message says what to do instead.
        """
        raise TypeError(f"{type(request).__name__} has no answer")

    @answer.register
    def _(self, request: messages.Hello) -> messages.Said:
        if request.version != VERSION:
            ours, theirs = VERSION, request.version
            return messages.Failed(
                id=request.id,
                reason="version",
                text=f"the sidebar speaks version {theirs}, sm_magics {__version__} in "
                f"this kernel version {ours}: install the same sm_magics for JupyterLab and kernel",
            )
        return messages.Welcome(
            id=request.id,
            version=VERSION,
            package=__version__,
            home=str(Path.home()),
            defaults=self._defaults(),
            options=views.options(),
        )

    @answer.register
    def _(self, request: messages.CheckModel) -> messages.Said:
        self._say(messages.Began(id=request.id))
        before = self._session.journal.checks.get(request.model)
        kept = _served(before.given) if request.again and before is not None else {}
        text = RequestText(request.model, given=kept | request.options)
        return self._ended(request.id, self.check(text))

    @answer.register
    def _(self, request: messages.ExportModel) -> messages.Said:
        self._say(messages.Began(id=request.id))
        text = RequestText(request.model, request.directory, request.options)
        return self._ended(request.id, self._export(text))

    @answer.register
    def _(self, request: messages.Inspect) -> messages.Said:
        from sm_magics.savedmodel import inspection

        found = inspection.inspect(_directory(request.directory))
        return messages.Inspected(id=request.id, directory=views.directory(found))

    @answer.register
    def _(self, request: messages.Compare) -> messages.Said:
        from sm_magics.savedmodel import difference

        found = difference.diff(_directory(request.first), _directory(request.second))
        return messages.Compared(id=request.id, is_same=found.identical, text=plain(found))

    @answer.register
    def _(self, request: messages.Write) -> messages.Said:
        text = RequestText(request.model, request.directory, request.options)
        return messages.Line(id=request.id, text=request_text.line(text, request.command))

    def check(self, text: RequestText) -> Ending:
        """Check a model of the notebook, and return how that ended; the journal has the rest."""

        def run() -> Any:
            obj = self._model(text.model)
            found, _ = asking.check(self._session, asking.request(self._session, text, obj), text)
            return found

        return ending(run, words.tally)

    def _export(self, text: RequestText) -> Ending:
        def run() -> Any:
            typed_line.filled(text.directory)
            request = asking.request(self._session, text, self._model(text.model))
            with Ticker(self._session.journal.progressed, text.model) as ticker:
                on_phase = self._work.guarding(ticker.on_phase)
                return asking.export(self._session, request, on_phase, text)

        return ending(run, lambda done: f"Exported to {done.path}: {words.exported(done)}")

    def _model(self, name: str) -> Any:
        obj = self._session.current([name]).get(name)
        if obj is None:
            names = ", ".join(model.name for model in self._session.models())
            known = f"the models here are {names}" if names else "no model is here yet"
            raise UsageError(f"{name!r} is no model of the notebook; {known}")
        return obj

    def _ended(self, asked: str, done: Ending) -> messages.Said:
        if not done.went_wrong:
            return messages.Done(id=asked, text=done.told)
        reason: messages.Reason = "error" if done.details else "refused"
        # TensorFlow tells of a cell by the name of a file that is not there.
        told, details = (
            source.naming_cells(text, self._session.shell) for text in (done.told, done.details)
        )
        text = f"{told}\n{done.hint}" if done.hint else told
        return messages.Failed(id=asked, reason=reason, text=text, details=details)

    def _defaults(self) -> dict[str, messages.Given]:
        defaults = self._session.defaults
        return {"target": defaults.target, "verify": defaults.verify, "strict": defaults.strict}


def _served(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say what is served."""
    return {name: value for name, value in given.items() if BY_NAME[name].group == "signature"}


def _directory(text: str) -> Path:
    """Return the directory that a text names, absolute.

    Raises
    ------
    UsageError
        If it names none.
    """
    if not text.strip() or "\0" in text:
        raise UsageError('name a directory, such as "exports/model"')
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:  # no such user
        raise UsageError(str(error)) from None
