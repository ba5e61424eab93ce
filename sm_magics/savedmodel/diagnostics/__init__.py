"""Diagnostic and what is done with one: what can be wrong, in one place for every face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_magics.savedmodel.diagnostics.catalogue import CATALOGUE, TARGETS, Rule, Severity
from sm_magics.savedmodel.display import Displayable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "CATALOGUE",
    "TARGETS",
    "Diagnostic",
    "ExportError",
    "Place",
    "Rule",
    "Severity",
    "blocking",
    "finding",
    "ordered",
    "selected",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that a finding refers to besides its own, such as where a variable was made.

    Attributes
    ----------
    what : str
        What is there: ``"made"``.
    name : str or None
        An expression of the notebook that is bound there; a face finds its cell.
    file : str or None
        The file that the code object names; a face finds the cell that stands behind it.
    line : int or None
        1-based, in the file; in the cell once `cell` is known.
    cell, cell_id : int or None, str or None
        The cell: execution count, and the front end's id.
    """

    what: str
    name: str | None = None
    file: str | None = None
    line: int | None = None
    cell: int | None = None
    cell_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic(Displayable):
    """One finding: what happens to the consumer, where it comes from, what to type instead.

    Lines and columns are 1-based: in the cell as its author sees it, once a face knows which cell
    stands behind `file`; in the file until then. `end_column` is the one behind the last character.
    `source` is the text of `line`.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    function: str | None = None
    count: int = 1
    cell: int | None = None
    cell_id: str | None = None
    line: int | None = None
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None
    file: str | None = None
    source: str | None = None
    related: tuple[Place, ...] = ()

    __str__ = Displayable.__str__


def finding(code: str, message: str, hint: str = "", **where: object) -> Diagnostic:
    """Make a diagnostic of a catalogued code, with the severity that the catalogue gives it."""
    fields = {"severity": CATALOGUE[code].severity} | where
    return Diagnostic(code=code, message=message, hint=hint, **fields)  # type: ignore[arg-type]


class ExportError(ValueError):
    """An export that findings stopped; nothing was written.

    Attributes
    ----------
    findings : tuple of Diagnostic
        Everything that was found, the reason for the stop among them.
    """

    def __init__(self, findings: Sequence[Diagnostic]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(_sentence(f) for f in self.findings))


def _sentence(found: Diagnostic) -> str:
    return f"{found.code} {found.severity}: {found.message}" + (
        f"\n    {found.hint}" if found.hint else ""
    )


def blocking(findings: Iterable[Diagnostic], *, strict: bool = False) -> list[Diagnostic]:
    """Return the findings that stop an export: errors, and with `strict` warnings too."""
    stops = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return [found for found in findings if found.severity in stops]


def ordered(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return findings with the gravest first, else in their order."""
    rank = list(Severity)
    return sorted(findings, key=lambda found: rank.index(found.severity))


def selected(
    findings: Iterable[Diagnostic],
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
) -> list[Diagnostic]:
    """Filter findings by code or prefix (``"SM3"``), as linters do; `ignore` wins.

    `select` narrows warnings and infos; an error is left out only by `ignore`, and never if the
    export would go wrong without it: these have switches of their own, or none.
    """
    return [
        found
        for found in findings
        if (found.code in _ALWAYS and found.severity is Severity.ERROR)
        or (
            not (ignore and found.code.startswith(tuple(ignore)))
            and (
                not select
                or found.severity is Severity.ERROR
                or found.code.startswith(tuple(select))
            )
        )
    ]


_ALWAYS = frozenset(
    {
        *("SM101", "SM102", "SM103", "SM105", "SM106", "SM107", "SM112"),
        *("SM201", "SM202", "SM203", "SM205", "SM501", "SM504", "SM601", "SM602"),
    }
)
"""Errors behind which nothing right can be written."""
