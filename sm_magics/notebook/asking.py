"""From words to the engine and back to the notebook's cells; it shows nothing."""

from __future__ import annotations

import dataclasses
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.error import UsageError

from sm_magics.notebook.journal import Check
from sm_magics.notebook.request_text import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from sm_magics.notebook.request_text import RequestText
    from sm_magics.notebook.session import Session
    from sm_magics.notebook.shown import Findings
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.planning import Plan
    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.result import Result


class SampleUsageError(UsageError):
    """The sample does not fit the model."""


def evaluated(session: Session, expression: str, what: str) -> Any:
    """Return the value of an expression in the notebook.

    Parameters
    ----------
    session : Session
        Of the shell that evaluates it.
    expression : str
        Python.
    what : str
        What it stands for, as a person types it: ``"MODEL"``, ``"--sample"``.

    Raises
    ------
    UsageError
        If it has no value; the message lists the models that are here.
    """
    try:
        return session.shell.ev(expression)
    except Exception as error:  # noqa: BLE001, it is the user's own expression
        names = ", ".join(model.name for model in session.models())
        known = f"the models here are {names}" if names else "no model is here yet"
        raise UsageError(f"{what} {expression!r}: {error}; {known}") from None


def request(session: Session, text: RequestText, obj: Any) -> Request:
    """Return what a text asks of the engine; where it says nothing, the session's defaults hold.

    Parameters
    ----------
    session : Session
        Whose defaults and namespace hold.
    text : RequestText
        What was asked for; without a directory it can only be checked.
    obj : Trackable, tf.function or ConcreteFunction
        What its model stands for.

    Raises
    ------
    UsageError
        If a value makes no sense, or the sample has none.
    ExportError
        As the engine raises it; `located` puts its findings into cells.
    """
    from sm_magics.savedmodel.diagnostics import ExportError
    from sm_magics.savedmodel.request import request as checked

    keywords = session.defaults.keywords() | policy(text)
    if "sample" in keywords:
        keywords["sample"] = evaluated(session, keywords["sample"], "--sample")
    keywords |= {"namespace": session.shell.user_ns, "name": text.model or "model"}
    try:
        return checked(obj, text.directory or None, **keywords)
    except ExportError:
        raise
    except (ValueError, TypeError) as error:
        raise UsageError(str(error)) from None


def check(
    session: Session, request: Request, text: RequestText | None = None
) -> tuple[Findings, Plan]:
    """Find what is wrong with an export; nothing is written.

    Parameters
    ----------
    session : Session
        Its journal remembers what is found.
    request : Request
        What was asked for.
    text : RequestText, optional
        What it was made from.

    Returns
    -------
    findings : Findings
        In the notebook's cells.
    plan : Plan
        What would be written.

    Raises
    ------
    UsageError
        If what was asked for makes no sense. What TensorFlow raises stays what it is.
    """
    from sm_magics.savedmodel import planning
    from sm_magics.savedmodel.diagnostics import ExportError

    plan, start = planning.Plan(), time.monotonic()
    try:
        with readable():
            findings, plan = planning.check(request)
    except ExportError as error:
        findings = list(error.findings)
    return note(session, asked(request, text), findings, time.monotonic() - start), plan


def export(
    session: Session,
    request: Request,
    on_phase: Callable[[str, Path | None], None] | None,
    text: RequestText | None = None,
) -> Result:
    """Export, and return the result with its findings in the notebook's cells.

    Parameters
    ----------
    session : Session
        Its journal remembers what is written and found.
    request : Request
        What was asked for.
    on_phase : callable or None
        What the engine calls at each phase.
    text : RequestText, optional
        What it was made from.

    Raises
    ------
    ExportError
        With its findings in cells too.
    UsageError
        If what was asked for makes no sense; `SampleUsageError` if its sample does not fit. What
        TensorFlow raises stays what it is.
    """
    from sm_magics.savedmodel import export as engine
    from sm_magics.savedmodel.diagnostics import ExportError

    if request.destination is None:
        raise UsageError('the export must name a directory, such as "exports/model"')
    about = asked(request, text)
    try:
        with readable(), session.journal.exporting():
            result = engine.export(request, on_phase)
    except ExportError as error:
        found = located(session, error.findings, about.name)
        if not all(_is_of_the_request(one) for one in found):
            note(session, about, found)
        raise ExportError(found) from None
    found = note(session, about, result.findings, result.seconds.get("check", 0.0))
    result = dataclasses.replace(result, findings=tuple(found))
    session.journal.exported(result)
    return result


def _is_of_the_request(found: Diagnostic) -> bool:
    """Tell whether a finding is about where to, or a function that is not there: not the model."""
    return found.code.startswith(("SM202", "SM5"))


class Asked(NamedTuple):
    """What was looked at: what a person calls it, itself, for which target, with which options."""

    name: str
    obj: Any
    target: str
    given: Mapping[str, Any]


def asked(request: Request, text: RequestText | None = None) -> Asked:
    """Return what a request, made from a text if there was one, looks at."""
    given = text.given if text is not None else {"target": request.target}
    return Asked(request.name, request.obj, request.target, given)


def note(
    session: Session, about: Asked, findings: Iterable[Diagnostic], seconds: float | None = None
) -> Findings:
    """Put findings into cells, and into the session's journal.

    The journal has one check a name: one of something that the notebook has no name for is kept
    there only where no model of the notebook is called like it. What is wrong with the request says
    nothing of the model.
    """
    from sm_magics.notebook.shown import Findings

    found = located(session, findings, about.name)
    named = session.current([about.name]).get(about.name)
    if named is None or named is about.obj:
        value = None if named is None else id(named)
        is_stale = any(map(session.has_run_again, found))
        kept = Findings([one for one in found if not _is_of_the_request(one)], about.name)
        check = Check(about.name, about.target, kept, value, seconds, about.given, is_stale)
        session.journal.checked(check)
    return found


def located(session: Session, findings: Iterable[Diagnostic], name: str) -> Findings:
    """Return findings about what a person calls `name`, in the notebook's cells."""
    from sm_magics.notebook.shown import Findings

    return Findings(session.located(findings, [name]), name)


@contextmanager
def readable() -> Iterator[None]:
    """Make a UsageError of our own complaints; findings and TensorFlow's errors pass."""
    from sm_magics.savedmodel import user_frames
    from sm_magics.savedmodel.diagnostics import ExportError
    from sm_magics.savedmodel.verify.samples import SampleError

    try:
        yield
    except ExportError:
        raise
    except SampleError as error:
        raise SampleUsageError(str(error)) from None
    except (ValueError, TypeError) as error:
        if user_frames.is_foreign(error):
            raise
        raise UsageError(str(error)) from None
