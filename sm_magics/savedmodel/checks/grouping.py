"""One finding for all nodes that the same line of the same function makes for the same reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.diagnostics import CATALOGUE, finding

if TYPE_CHECKING:
    from sm_magics.savedmodel.devices import Device
    from sm_magics.savedmodel.diagnostics import Diagnostic, Severity
    from sm_magics.savedmodel.graphs import Node
    from sm_magics.savedmodel.spans import Span

Locate = Callable[["Node", "Device | None"], "Span | None"]
"""Finds the place of a node: of the scope that pins it, if it is told the device."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A node that is worth a finding.

    `what` is what nodes of one finding have in common besides their line; `device` is what it is
    pinned to, if that is the reason; `severity` is another one than its code has.
    """

    code: str
    node: Node
    what: str
    device: Device | None = None
    severity: Severity | None = None


Sentence = Callable[[str, Sequence[Flagged], "Span | None"], str]


def findings(
    flagged: Iterable[Flagged],
    target: str,
    locate: Locate,
    sentence: Sentence,
    hint: Callable[[str, str], str],
) -> Iterator[Diagnostic]:
    """Yield a finding for each code, function, reason and line that matters for a target.

    `sentence` gets a code, its nodes and their place; `hint` the code and what they have in common.
    """
    groups: dict[Any, list[Flagged]] = {}
    spans: dict[Any, Span | None] = {}
    for one in flagged:
        if CATALOGUE[one.code].at(target) is None:
            continue
        span = locate(one.node, one.device)
        key = (one.code, one.node.function, one.what, span)
        groups.setdefault(key, []).append(one)
        spans[key] = span
    for key, group in groups.items():
        code, span = key[0], spans[key]
        yield finding(
            code,
            sentence(code, group, span),
            hint(code, group[0].what),
            severity=group[0].severity or CATALOGUE[code].at(target),
            function=group[0].node.function or None,
            count=len(group),
            **placed(span),
        )


def placed(span: Span | None) -> dict[str, Any]:
    """Return a span as the fields of a finding."""
    if span is None:
        return {}
    return {
        "file": span.file,
        "line": span.line,
        "end_line": span.end_line,
        "column": span.column,
        "end_column": span.end_column,
        "source": span.source,
    }
