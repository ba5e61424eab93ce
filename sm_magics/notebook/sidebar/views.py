"""The engine's nouns as the wire has them: light, bounded, and with nothing in them that acts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

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

_Noun = TypeVar("_Noun", bound=messages.Noun)

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
        _like(messages.Option, option, choices=[*option.choices])
        for option in map(BY_NAME.__getitem__, COMMON)
    ]


@lru_cache(maxsize=2 * MODELS)
def model(found: Model) -> messages.Model:
    """Return a model; a `placed` one has its cell. One that has not changed costs nothing."""
    try:
        panel = request_text.line(RequestText(found.name), "panel")
    except ValueError:  # its name can't be typed in a line
        panel = ""
    names, functions = [*found.names], [*found.functions]
    return _like(messages.Model, found, names=names, functions=functions, panel=panel)


def checks(found: Iterable[journal.Check]) -> list[messages.Check]:
    """Return what checks found, the gravest finding first."""
    return [
        _like(messages.Check, one, findings=[_finding(each) for each in ordered(one.findings)])
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
    phases, seconds = [*progress.phases], round(progress.seconds, 1)
    return _like(messages.Running, progress, phases=phases, seconds=seconds)


def _signature(signature: Signature) -> messages.Signature:
    return messages.Signature(
        key=words.inline(signature.key),
        function=words.inline(signature.function),
        inputs=[words.inline(str(spec)) for spec in signature.inputs],
        outputs=[words.inline(str(spec)) for spec in signature.outputs],
    )


def _finding(found: Diagnostic) -> messages.Finding:
    rule = CATALOGUE[found.code]
    return _like(
        messages.Finding,
        found,
        severity=found.severity.value,
        title=rule.title,
        consequence=rule.consequence,
        message=words.printable(found.message),
        hint=words.printable(found.hint),
        related=[_related(place) for place in found.related],
    )


def _related(place: Place) -> messages.Related:
    return _like(messages.Related, place, what=words.printable(place.what))


def _like(noun: type[_Noun], found: object, **others: Any) -> _Noun:
    """Return the wire's noun for one of the engine's: its attributes as they are, but `others`."""
    same = {name: getattr(found, name) for name in noun.__struct_fields__ if name not in others}
    return noun(**same, **others)
