"""Results as text: the full answer, for terminals, logs and diffs."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING, Any

from sm_magics.notebook import snippets, text_parts, words
from sm_magics.savedmodel.display import Displayable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sm_magics.notebook.progress import Progress
    from sm_magics.notebook.shown import Findings
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.difference import Diff
    from sm_magics.savedmodel.inspection import Inspection
    from sm_magics.savedmodel.model import Model
    from sm_magics.savedmodel.result import Result


def plain(result: object) -> str:
    """Return the whole of `result` as text of at most 100 columns, as far as names allow.

    The same result always gives the same text; no line ends with a space; nothing in it can
    command a terminal.
    """
    page = _PAGES.get(type(result).__name__) if isinstance(result, Displayable) else None
    return words.printable(repr(result)) if page is None else page(result)


def _result(result: Result) -> str:
    inspection = result.inspection
    subject = words.inline(words.subject(result))
    return _page(
        f"Exported {subject} to {_path(result.path)}: {words.exported(result)}",
        _section("Findings", text_parts.findings(result.findings)) if result.findings else "",
        _section("Fixed", "\n".join(map(words.inline, result.fixed))) if result.fixed else "",
        _section("Signatures, for servers", text_parts.signatures(result.signatures)),
        _section("Verification", text_parts.verification(result.verification)),
        _section("Files", text_parts.files(result.path.name, inspection.files)),
        _section(
            f"Variables: {words.variables(inspection.variables)}",
            text_parts.largest_variables(inspection.variables),
        ),
        *_graphs(inspection, full=False),
        _fingerprint(inspection),
        _section("TensorFlow that loads it", words.consumers(result)),
        _section("Written by", words.inline(words.written_by(result))),
        _section("Seconds", text_parts.seconds(result.seconds)),
        _section("Load it", snippets.recipe(result.path, result.signatures)),
        _section(
            "Restore its weights",
            snippets.restore(result.path, result.name, result.restored_in_part),
        )
        if inspection.variables
        else "",
    )


def _inspection(inspection: Inspection) -> str:
    return _page(
        f"SavedModel {_path(inspection.path)}: {words.inspected(inspection)}",
        _section("Findings", text_parts.findings(inspection.findings))
        if inspection.findings
        else "",
        *_graphs(inspection, full=True),
        _section("Files", text_parts.files(inspection.path.name, inspection.files)),
        _section(
            f"Variables: {words.variables(inspection.variables)}",
            text_parts.variables(inspection.variables),
        ),
        _fingerprint(inspection),
    )


def _diff(diff: Diff) -> str:
    from sm_magics.notebook import differences

    return _page(
        differences.headline(diff),
        *(
            _section(words.inline(one.title), text_parts.table(one.columns, one.rows))
            for one in differences.sections(diff)
        ),
    )


def _findings(findings: Findings) -> str:
    about = f"{words.inline(findings.subject)}: " if findings.subject else ""
    headline = f"{about}{words.tally(findings)}"
    return _page(f"{headline}\n{indent(text_parts.findings(findings), '  ')}")


def _finding(finding: Diagnostic) -> str:
    return _page(text_parts.findings([finding]))


def _models(models: Sequence[Model]) -> str:
    if not models:
        return words.NO_MODELS
    columns = ("name", "kind", "built", ">variables", ">size", "functions", "cell")
    rows = [
        (
            " = ".join(model.names),
            words.kind(model),
            words.ANSWERS[model.built],
            f"{model.variables:,}",
            words.size(model.bytes),
            ", ".join(model.functions) or words.NOTHING,
            words.cell(model),
        )
        for model in models
    ]
    return _page(f"{words.amount(len(models), 'model')}\n{text_parts.table(columns, rows)}")


def _model(model: Model) -> str:
    return _models([model])


def _progress(progress: Progress) -> str:
    about = f" {words.inline(progress.subject)}" if progress.subject else ""
    return f"Exporting{about}: {words.advance(progress)}"


def _page(*blocks: str) -> str:
    text = "\n\n".join(block for block in blocks if block)
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")


def _section(title: str, body: str) -> str:
    return f"{title}\n{indent(body, '  ')}"


def _path(path: object) -> str:
    return words.inline(str(path))


def _graphs(inspection: Inspection, *, full: bool) -> Iterator[str]:
    for graph in words.meta_graphs(inspection):
        which = words.which(graph, inspection)
        if full or which:
            title = f"Signatures, for servers{which}"
            yield _section(title, text_parts.signatures(graph.signatures))
        told = text_parts.calls(graph) if full else text_parts.functions(graph)
        yield _section(f"Functions, for Python after a load{which}", told)
        if full and graph.initialisers:
            yield _section(f"Run once by a load{which}", "\n".join(words.initialisers(graph)))
        yield _section(f"Ops{which}: {words.ops(graph)}", text_parts.ops(graph, full=full))
        yield _section(f"Hard-coded devices{which}", text_parts.devices(graph))
        yield _section(f"Versions{which}", text_parts.pairs(graph.versions))


def _fingerprint(inspection: Inspection) -> str:
    if not inspection.fingerprint:
        return ""
    return _section("Fingerprint", text_parts.pairs(inspection.fingerprint))


# By name: to import the class of what is not shown would take longer than to show the rest.
_PAGES: dict[str, Callable[[Any], str]] = {
    "Diagnostic": _finding,
    "Diff": _diff,
    "Findings": _findings,
    "Inspection": _inspection,
    "Model": _model,
    "Models": _models,
    "Progress": _progress,
    "Result": _result,
}
