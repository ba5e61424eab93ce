"""What came of a form: what a check found, what an export wrote. Traitlets, no widgets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.error import UsageError
from traitlets import Bool, Instance, Tuple

from sm_magics.notebook import asking, request_text, typed_line
from sm_magics.notebook.panel.form import Form
from sm_magics.notebook.shown import Findings
from sm_magics.savedmodel import forecast, options
from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.request import Request
from sm_magics.savedmodel.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from sm_magics.notebook.request_text import RequestText
    from sm_magics.notebook.session import Session

_SIZED_BY = ("with_optimizer", "save_debug_info")
"""Options that change which files there will be, or how large."""


class Code(NamedTuple):
    """The request as code: a magic's line and a call; a line is missing where `why` says so."""

    line: str
    call: str
    why: str = ""


class State(Form):
    """A form, and what came of it.

    Attributes
    ----------
    findings : Findings or None
        Of the last check or export; None before the first.
    served : tuple of Signature
        What the last check found to be served, outputs as they will be named.
    files : tuple of File
        What an export would write, sizes predicted; after an export what it wrote.
    result : Result or None
        Of the last export that was published.
    is_stale : bool
        Whether form or model have changed since what the findings are about.
    """

    findings = Instance(Findings, allow_none=True)
    served = Tuple()
    files = Tuple()
    result = Instance(Result, allow_none=True)
    is_stale = Bool(default_value=False)

    def __init__(self, session: Session, request: RequestText, obj: Any = None) -> None:
        super().__init__(session, request, obj)
        self._forecast()
        self.observe(self._on_change, ["request", "model", "defaults"])

    def check(self) -> Findings:
        """Find what is wrong with the export, before anything is written.

        Raises
        ------
        UsageError
            If a field makes no sense; the message says what to type instead.
        """
        return self._check(evaluates=True)

    def export(self, on_phase: Callable[[str, Any], None] | None = None) -> Result:
        """Export as the form says.

        Parameters
        ----------
        on_phase : callable, optional
            Called with the name of each phase as it begins, and the directory that is written.

        Raises
        ------
        ExportError
            If findings stop it; nothing was written.
        UsageError
            If a field makes no sense, or no directory is named.
        """
        directory = self.request.directory
        if typed_line.unfilled(directory):
            raise UsageError(f"directory {directory!r}: {self.complaints['directory']}")
        obj, about = self.current_obj(), self._about()
        request = asking.request(self.session, self.request, obj)
        try:
            result = asking.export(self.session, request, on_phase, self.request)
        except ExportError as error:
            self._found(Findings(error.findings, request.name), about)
            raise
        with self.lock, self.hold_trait_notifications():
            self.served = result.signatures
            self.files = result.inspection.files
            self.result = result
        self.refresh()
        self._found(Findings(result.findings, request.name), about)
        return result

    def code(self) -> Code:
        """Return the request as code; without a directory it is a check."""
        command = "export" if self.request.directory else "check"
        if self.model is None:
            return Code("", "", "Pick a model to see the code.")
        try:
            call = request_text.call(self.request, self.defaults, command)
        except (ValueError, UsageError) as error:
            return Code("", "", f"There is none as long as this is wrong: {error}")
        if not self.has_name:
            name = self.request.model
            told = f"`{name}` stands for the object that was given to the panel: it has no name."
            return Code("", call, told)
        try:
            return Code(request_text.line(self.request, command), call)
        except ValueError as error:
            return Code("", call, str(error))

    def reopening(self) -> str:
        """Return the line that opens a panel like this one; empty where no line can."""
        try:
            return request_text.line(self.request, "panel") if self.has_name else ""
        except ValueError:
            return ""

    def _check(self, *, evaluates: bool) -> Findings:
        """Check; without `evaluates` no expression that a person typed is run."""
        obj, about = self.current_obj(evaluates=evaluates), self._about()
        text = self.request
        if not evaluates:
            text = text.with_options(sample=None)
        if self.outlook is not None and self.complaints.get("directory"):
            text = replace(text, directory="")  # what stands in the way is told beside the field
        try:
            request = asking.request(self.session, text, obj)
            findings, plan = asking.check(self.session, request, text)
        except ExportError as error:  # some values are judged as findings
            findings, plan = asking.located(self.session, error.findings, text.model), None
        except BaseException:
            self.is_stale = self.findings is not None
            raise
        self.served = tuple(one.signature for one in plan.endpoints) if plan is not None else ()
        if plan is not None:
            self._forecast(request, plan)
        self._found(findings, about)
        return findings

    def _about(self) -> tuple[Any, ...]:
        """Return what findings depend on, as far as the panel can tell."""
        return self.request, id(self.obj), self.defaults

    def _found(self, findings: Findings, about: tuple[Any, ...]) -> None:
        with self.lock, self.hold_trait_notifications():
            self.findings = findings
            self.is_stale = self._about() != about

    def _on_change(self, change: Any) -> None:
        before, now = change.old, change.new
        if change.name == "model" or (
            change.name == "request"
            and any(before.given.get(name) != now.given.get(name) for name in _SIZED_BY)
        ):
            self._forecast()
        self.is_stale = self.findings is not None

    def _forecast(self, request: Request | None = None, plan: Any = None) -> None:
        obj = self.obj
        if obj is None:
            self.files = ()
            return
        if request is None:
            # Nothing that a person typed is evaluated to look at it.
            sized = {"save_debug_info": bool(self.value("save_debug_info"))}
            optimizer = bool(self.value("with_optimizer"))
            request = Request(
                obj=obj, with_optimizer=optimizer, options=options.save_options(sized)
            )
        self.files = tuple(forecast.files(request, plan))
