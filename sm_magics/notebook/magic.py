"""`%savedmodel` and `%%savedmodel`: parse what a person typed, call the engine, show what came."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display
from traitlets import Bool, Enum

from sm_magics.notebook import asking, choice, parser, request_text, source, tracebacks, typed_line
from sm_magics.notebook import body as cell_body
from sm_magics.savedmodel.diagnostics.catalogue import Severity

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from sm_magics.notebook.request_text import RequestText
    from sm_magics.notebook.session import Session
    from sm_magics.savedmodel.diagnostics import ExportError
    from sm_magics.savedmodel.request import Request


@magics_class
class SavedModelMagics(Magics):
    """The magics of one shell."""

    verify = Enum(
        ["structural", "run", "process", "serving", "none"],
        default_value="run",
        help="How exports are verified unless the line says so.",
    ).tag(config=True)
    target = Enum(
        ["any", "cpu", "gpu", "tpu"],
        default_value="any",
        help="Where exports go unless the line says so.",
    ).tag(config=True)
    strict = Bool(default_value=False, help="Whether warnings stop an export.").tag(config=True)

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        super().__init__(shell)
        self.session = session

    @line_cell_magic
    def savedmodel(self, line: str, cell: str | None = None) -> Any:
        """Run the line magic or the cell magic; the text a person reads is made below."""
        try:
            if cell is not None:
                return self._cell(line, cell)
            words = parser.split(line) or ["models"]
            arguments = parser.line_parser().parse_args(words)
        except parser.HelpRequested as answer:
            print(answer)  # noqa: T201, it is what was asked for
            return None
        return getattr(self, f"_{arguments.command}")(arguments)

    def _models(self, arguments: argparse.Namespace) -> Any:
        del arguments
        return self.session.models()

    def _show(self, arguments: argparse.Namespace) -> Any:
        from sm_magics.savedmodel.diagnostics import selected
        from sm_magics.savedmodel.examination import examine

        target = arguments.target or self.target
        try:
            found = examine(typed_line.filled(arguments.directory), target, arguments.consumer)
        except ValueError as error:
            raise UsageError(str(error)) from None
        left = selected(found.findings, arguments.select, arguments.ignore)
        return found._replace(findings=tuple(self.session.located(left, [])))

    def _diff(self, arguments: argparse.Namespace) -> Any:
        from sm_magics.savedmodel.difference import diff
        from sm_magics.savedmodel.inspection import InspectionError

        try:
            return diff(
                typed_line.filled(arguments.directory), typed_line.filled(arguments.other_directory)
            )
        except InspectionError as error:
            raise UsageError(str(error)) from None

    def _check(self, arguments: argparse.Namespace) -> Any:
        from sm_magics.savedmodel.diagnostics import ExportError

        obj = asking.evaluated(self.session, arguments.model, "MODEL")
        text = request_text.from_arguments(arguments)
        with self._readable(arguments):
            try:
                asked = asking.request(self.session, text, obj)
                findings, _ = asking.check(self.session, asked, text)
            except ExportError as error:
                findings = asking.located(self.session, error.findings, text.model)
        return findings

    def _export(self, arguments: argparse.Namespace) -> Any:
        obj = asking.evaluated(self.session, arguments.model, "MODEL")
        return self._run(obj, arguments.model, arguments)

    def _panel(self, arguments: argparse.Namespace) -> Any:
        from sm_magics.notebook.panel import Panel

        text = request_text.from_arguments(arguments)
        typed_line.filled(text.directory)
        return Panel(self.session, text)

    def _cell(self, line: str, cell: str) -> Any:
        arguments = parser.cell_parser().parse_args(parser.split(line))
        self._refuse_early(arguments)
        placed = cell_body.place(self.shell, cell)
        coroutine = self._run_cell(arguments, placed)
        if cell_body.is_async(self.shell, cell):
            # IPython awaits it: `extension` registered a transformer that writes the `await`.
            return coroutine
        return cell_body.drive(coroutine)

    async def _run_cell(self, arguments: argparse.Namespace, placed: cell_body.Body) -> Any:
        before = {name: id(value) for name, value in self.shell.user_ns.items()}
        outcome = await cell_body.run(self.shell, placed)
        # What the source shows has lines; `%run` and `globals()[...]` show in the namespace only.
        changed = {n: 1 for n, v in self.shell.user_ns.items() if before.get(n) != id(v)}
        names = changed | placed.names
        _, cell_id = source.running_cell(self.shell)
        self.session.bound(names, cell=placed.cell, cell_id=cell_id)
        if arguments.model is not None:
            name = arguments.model
            obj = asking.evaluated(self.session, name, "MODEL")
        else:
            name, obj = choice.made_by(self.session, outcome.value, names)
        return self._run(obj, name, arguments)

    def _run(self, obj: Any, name: str, arguments: argparse.Namespace) -> Any:
        from sm_magics.savedmodel.diagnostics import ExportError

        typed_line.filled(arguments.directory)
        text = dataclasses.replace(request_text.from_arguments(arguments), model=name)
        try:
            asked = asking.request(self.session, text, obj)
        except ExportError as error:
            raise self._refused(error, name) from None
        if arguments.code:
            return self._program(asked, arguments)
        self._watched(asked, text, arguments)
        return None

    def _watched(self, asked: Request, text: RequestText, arguments: argparse.Namespace) -> None:
        from sm_magics.notebook.shown import Findings
        from sm_magics.notebook.watch import Watch
        from sm_magics.savedmodel.diagnostics import ExportError

        with Watch(self.session, asked.name) as watch:
            try:
                with self._readable(arguments):
                    result = asking.export(self.session, asked, watch.on_phase, text)
            except ExportError as error:
                watch.finish(Findings(error.findings, asked.name))
                raise _short(error) from None
            except asking.SampleUsageError:
                watch.finish({"text/plain": f"{asked.name} was not exported"})
                raise
            watch.finish(result)

    def _program(self, asked: Request, arguments: argparse.Namespace) -> Any:
        from sm_magics.savedmodel import program
        from sm_magics.savedmodel.diagnostics import ExportError

        with self._readable(arguments):
            try:
                with asking.readable():
                    return program.write(asked)
            except ExportError as error:
                raise self._refused(error, asked.name) from None

    def _refused(self, error: ExportError, name: str) -> ExportError:
        """Show the findings that stopped an export before it began; return what to raise."""
        from sm_magics.savedmodel.diagnostics import ExportError

        found = asking.located(self.session, error.findings, name)
        display(found)
        return _short(ExportError(found))

    @contextmanager
    def _readable(self, arguments: argparse.Namespace) -> Iterator[None]:
        """Show an error of TensorFlow's short; our own complaints are short already."""
        from sm_magics.savedmodel.diagnostics import ExportError

        try:
            yield
        except (UsageError, ExportError):
            raise
        except Exception as error:
            if not arguments.traceback:
                tracebacks.shorten(error, self.shell)
            raise

    def _refuse_early(self, arguments: argparse.Namespace) -> None:
        """Refuse before the body runs what it can't change: nobody trains twice for a flag."""
        from sm_magics.savedmodel.checks import destination as destination_check
        from sm_magics.savedmodel.diagnostics import ExportError, blocking, selected
        from sm_magics.savedmodel.request import request

        if arguments.code:
            return
        keywords = request_text.policy(request_text.from_arguments(arguments))
        # The body may define what these name.
        keywords.pop("sample", None)
        keywords.get("options", {}).pop("function_aliases", None)
        try:
            asked = request(None, typed_line.filled(arguments.directory), **keywords)
        except ExportError as error:
            raise self._refused(error, arguments.model or "the cell's model") from None
        except (ValueError, TypeError) as error:
            raise UsageError(str(error)) from None
        assert asked.destination is not None  # noqa: S101, a directory was given
        found = destination_check.check(asked.destination, overwrite=asked.overwrite)
        found = selected(found, asked.select, asked.ignore)
        if blocking(found, strict=asked.strict or self.session.defaults.strict):
            raise self._refused(ExportError(found), arguments.model or "the cell's model")


def _short(error: ExportError) -> ExportError:
    """Show an error as its sentence: the findings stand above, the frames are of no use."""
    first = min(error.findings, key=lambda found: found.severity is not Severity.ERROR)
    more = f" (and {len(error.findings) - 1} more)" if len(error.findings) > 1 else ""
    text = f"ExportError: nothing was written. {first.code}: {first.message}{more}"
    lines = [text, f"    {first.hint}"] if first.hint else [text]
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    return error


# The one table of options writes the text of `%savedmodel?`.
SavedModelMagics.savedmodel.__doc__ = "\n".join(
    [parser.line_parser().format_help(), parser.cell_parser().format_help()]
)
