"""Diagnostic, Severity and the catalogue: what can be wrong, in one place for every face."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sm_magics.savedmodel.display import Displayable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Severity(StrEnum):
    """How bad a finding is for the consumer of the export."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic(Displayable):
    """One finding: what happens to the consumer, where it comes from, what to type instead.

    Lines and columns are 1-based, in the cell as its author sees it.
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

    __str__ = Displayable.__str__


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the catalogue: a code, its usual severity, and what it is about."""

    code: str
    severity: Severity
    title: str


_RULES = (
    Rule("SM101", Severity.ERROR, "the object is not trackable"),
    Rule("SM102", Severity.ERROR, "the Keras model is not built, so no signature can be made"),
    Rule("SM104", Severity.ERROR, "the object has an attribute called `signatures`"),
    Rule("SM201", Severity.ERROR, "no signature would be written"),
    Rule("SM202", Severity.ERROR, "the function has no input_signature and no usable trace"),
    Rule("SM205", Severity.ERROR, "an output can't be named"),
    Rule("SM209", Severity.ERROR, "the signature's key is reserved or no string"),
    Rule("SM501", Severity.ERROR, "the destination can't be written"),
    Rule("SM502", Severity.ERROR, "the destination exists"),
    Rule("SM503", Severity.ERROR, "the destination has not enough space"),
    Rule("SM601", Severity.ERROR, "the export computes something else than the live object"),
)
CATALOGUE: dict[str, Rule] = {rule.code: rule for rule in _RULES}


def finding(code: str, message: str, hint: str = "", **where: object) -> Diagnostic:
    """Make a diagnostic of a catalogued code, with the severity that the catalogue gives it."""
    rule = CATALOGUE[code]
    return Diagnostic(
        code=code,
        severity=rule.severity,
        message=message,
        hint=hint,
        **where,  # type: ignore[arg-type]
    )


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
        if found.code in _ALWAYS
        or (
            not (ignore and found.code.startswith(tuple(ignore)))
            and (
                not select
                or found.severity is Severity.ERROR
                or found.code.startswith(tuple(select))
            )
        )
    ]


_ALWAYS = frozenset({"SM101", "SM102", "SM201", "SM202", "SM205", "SM501", "SM601"})
"""Errors behind which nothing right can be written."""
