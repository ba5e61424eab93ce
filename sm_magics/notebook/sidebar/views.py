"""The engine's nouns as the wire has them: light, bounded, and with nothing in them that acts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sm_magics.notebook import request_text, snippets, words
from sm_magics.notebook.request_text import RequestText
from sm_magics.notebook.sidebar import messages
from sm_magics.savedmodel.diagnostics import CATALOGUE, ordered
from sm_magics.savedmodel.options import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sm_magics.notebook import journal
    from sm_magics.notebook.progress import Progress
    from sm_magics.savedmodel.capture import Model
    from sm_magics.savedmodel.diagnostics import Diagnostic, Place
    from sm_magics.savedmodel.inspection import Inspection
    from sm_magics.savedmodel.result import Result
    from sm_magics.savedmodel.signatures import Signature

MODELS = 200
"""Models that are told of at most: nobody reads a longer list."""
FILES = 200
"""Files of one directory."""
COMMON = (
    *("overwrite", "next_version", "verify", "strict", "batch", "consumer", "fix"),
    *("inputs", "allow_no_signature", "with_optimizer"),
)
"""The options that the sidebar asks for; the panel has all."""


def options() -> list[messages.Option]:
    """Return the options that the sidebar asks for."""
    return [
        messages.Option(
            name=option.name,
            kind=option.kind,
            help=option.help,
            metavar=option.metavar,
            choices=[*option.choices],
        )
        for option in map(BY_NAME.__getitem__, COMMON)
    ]


@lru_cache(maxsize=2 * MODELS)
def model(found: Model) -> messages.Model:
    """Return a model; a `placed` one has its cell. One that has not changed costs nothing."""
    try:
        panel = request_text.line(RequestText(found.name), "panel")
    except ValueError:  # its name can't be typed in a line
        panel = ""
    return messages.Model(
        name=found.name,
        names=[*found.names],
        kind=found.kind,
        framework=found.framework,
        class_name=found.class_name,
        built=found.built,
        variables=found.variables,
        bytes=found.bytes,
        functions=[*found.functions],
        cell=found.cell,
        cell_id=found.cell_id,
        line=found.line,
        panel=panel,
    )


def checks(found: Iterable[journal.Check]) -> list[messages.Check]:
    """Return what checks found, the gravest finding first."""
    return [
        messages.Check(
            subject=one.subject,
            target=one.target,
            is_stale=one.is_stale,
            findings=[_finding(each) for each in ordered(one.findings)],
        )
        for one in found
    ]


def exported(result: Result) -> messages.Directory:
    """Return the directory that an export wrote."""
    return directory(result.inspection, result.name, result.signatures)


def directory(
    inspection: Inspection, subject: str = "", signatures: Sequence[Signature] | None = None
) -> messages.Directory:
    """Return a directory.

    Parameters
    ----------
    inspection : Inspection
    subject : str
        The model that this session has exported there.
    signatures : sequence of Signature, optional
        By default those that were read, whose functions have the names that TensorFlow gave them.
    """
    served = inspection.signatures if signatures is None else signatures
    return messages.Directory(
        path=str(inspection.path),
        subject=subject,
        bytes=inspection.bytes,
        files=[
            messages.File(path=words.inline(file.path), bytes=file.bytes, role=file.role)
            for file in inspection.files[:FILES]
        ],
        more_files=max(0, len(inspection.files) - FILES),
        signatures=[_signature(one) for one in served],
        tags=[words.inline(tag) for tag in inspection.tags],
        versions={name: words.inline(version) for name, version in inspection.versions.items()},
        snippet=snippets.recipe(inspection.path, inspection.signatures),
    )


def running(progress: Progress | None) -> messages.Running | None:
    """Return how far an export is."""
    if progress is None:
        return None
    return messages.Running(
        subject=progress.subject,
        phase=progress.phase,
        phases=[*progress.phases],
        seconds=round(progress.seconds, 1),
        bytes=progress.bytes,
    )


def _signature(signature: Signature) -> messages.Signature:
    return messages.Signature(
        key=words.inline(signature.key),
        function=words.inline(signature.function),
        inputs=[words.inline(str(spec)) for spec in signature.inputs],
        outputs=[words.inline(str(spec)) for spec in signature.outputs],
    )


def _finding(found: Diagnostic) -> messages.Finding:
    rule = CATALOGUE[found.code]
    return messages.Finding(
        code=found.code,
        severity=found.severity.value,
        title=rule.title,
        consequence=rule.consequence,
        message=words.printable(found.message),
        hint=words.printable(found.hint),
        function=found.function,
        count=found.count,
        cell=found.cell,
        cell_id=found.cell_id,
        line=found.line,
        end_line=found.end_line,
        column=found.column,
        end_column=found.end_column,
        file=found.file,
        source=found.source,
        related=[_related(place) for place in found.related],
    )


def _related(place: Place) -> messages.Related:
    return messages.Related(
        what=words.printable(place.what), cell=place.cell, cell_id=place.cell_id, line=place.line
    )
