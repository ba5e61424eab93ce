"""The parts of a result as text: tables, a tree, lines; none holds terminal codes."""

from __future__ import annotations

from textwrap import indent, wrap
from typing import TYPE_CHECKING

from sm_magics.notebook import filetree, verdicts, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.inspection import File, MetaGraph, Variable
    from sm_magics.savedmodel.signatures import Signature
    from sm_magics.savedmodel.verify import Verification

WIDTH = 98  # of 100 columns: parts are indented by two
_LARGEST = 5
_COMMON = 8


def findings(found: Iterable[Diagnostic]) -> str:
    """Return findings as ``SM201 error  cell [3], line 7: message``, each with its hint below."""
    lines = []
    for one in found:
        place = words.place(one)
        head = f"{one.code} {one.severity}" + (f"  {place}" if place else "")
        first, *more = words.printable(f"{head}: {words.message(one)}").split("\n")
        related = [words.inline(place) for place in words.related(one)]
        hint = words.printable(one.hint).split("\n") if one.hint else []
        lines += [first, *(f"    {line}" for line in [*more, *_quoted(one), *related, *hint])]
    return "\n".join(lines)


def _quoted(found: Diagnostic) -> list[str]:
    """Return the source line with its number, and a line of carets below what is meant."""
    parts = words.quoted(found)
    if parts is None:
        return []
    number, before, marked, behind = map(words.inline, parts)
    carets = " " * len(before) + "^" * max(1, len(marked))
    return [f"{number} | {before}{marked}{behind}", f"{'':<{len(number)}} | {carets}"]


def signatures(chosen: Sequence[Signature]) -> str:
    """Return signatures as ``key  x: float32[None, 4] -> out: float32[None, 5]``."""
    if not chosen:
        return words.NO_SIGNATURES
    width = max(len(words.inline(signature.key)) for signature in chosen)
    return "\n".join(_signature(signature, width) for signature in chosen)


def _signature(signature: Signature, width: int) -> str:
    key = words.inline(signature.key)
    inputs = [words.inline(str(spec)) for spec in signature.inputs]
    outputs = [words.inline(str(spec)) for spec in signature.outputs]
    about = words.origin(signature)
    taken, given = ", ".join(inputs) or "()", ", ".join(outputs) or "()"
    room = WIDTH - width - 2
    if len(taken) + len(given) + 4 <= room:
        lines = [f"{taken} -> {given}"]
    elif max(len(taken), len(given) + 3) <= room:
        lines = [taken, f"-> {given}"]
    else:
        arrows = ["-> ", *["   "] * len(outputs)]
        lines = [*inputs, *(arrow + spec for arrow, spec in zip(arrows, outputs, strict=False))]
    first, *more = [*lines, *([about] if about else [])]
    return "\n".join([f"{key:<{width}}  {first}", *(f"{'':<{width}}  {line}" for line in more)])


def verification(told: Verification) -> str:
    """Return how it was verified, then a line a signature, and a line an output where many are."""
    lines = [words.inline(f"{verdicts.verdict(told)}: {verdicts.how(told)}")]
    width = max((len(words.inline(check.key)) for check in told.signatures), default=0)
    for check in told.signatures:
        key = words.inline(check.key)
        lines.append(f"{key:<{width}}  {words.inline(verdicts.outcome(check))}")
        if len(check.outputs) > 1:
            rows = [
                (out.name, out.dtype, verdicts.agreement(out), verdicts.difference(out))
                for out in check.outputs
            ]
            lines.append(indent(table(("",) * 4, rows), "  "))
    return "\n".join(lines)


def functions(graph: MetaGraph) -> str:
    """Return the functions that Python can call after a load, with their traces."""
    rows = words.traces(graph)
    return table(("", ""), rows) if rows else "none"


def calls(graph: MetaGraph) -> str:
    """Return the functions that Python can call after a load, a line a trace with its arguments."""
    lines = [f"{words.inline(call)}  {told}".rstrip() for call, told in words.calls(graph)]
    wrapped = [
        part
        for line in lines
        for part in wrap(
            line,
            WIDTH,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=False,
        )
    ]
    return "\n".join(wrapped) or "none"


def ops(graph: MetaGraph, *, full: bool) -> str:
    """Return the histogram of op types, a line each; else the most frequent ones in a sentence."""
    ordered = words.by_count(graph.ops)
    if full:
        return table((">", ""), [(f"{count:,}", name) for name, count in ordered])
    # A no-break space keeps a name and its count on one line.
    told = ", ".join(f"{words.inline(name)}\u00a0{count:,}" for name, count in ordered[:_COMMON])
    rest = len(ordered) - _COMMON
    if rest > 0:
        told += f", … and {words.amount(rest, 'type')} more"
    return "\n".join(wrap(told, WIDTH, break_long_words=False)).replace("\u00a0", " ")


def devices(graph: MetaGraph) -> str:
    """Return the devices that nodes are pinned to, the most frequent first."""
    rows = words.pinned(graph)
    return table(("", ""), rows) if rows else "none"


def pairs(named: Mapping[str, str]) -> str:
    """Return names with values, a line each, in the given order."""
    if not named:
        return "unknown"
    return table(("", ""), [(name.replace("_", " "), value) for name, value in named.items()])


def seconds(phases: Mapping[str, float]) -> str:
    """Return the phases of an export with their durations, and the sum, in one line."""
    told = ", ".join(f"{phase} {taken}" for phase, taken in words.durations(phases).items())
    return words.inline(told)


def variables(found: Sequence[Variable]) -> str:
    """Return a table of all variables in their order, with each one's share of the bytes."""
    return _variables(found, sum(variable.bytes for variable in found)) if found else "none"


def largest_variables(found: Sequence[Variable]) -> str:
    """Return a table of the largest variables, and the sum of the rest."""
    top, rest = words.largest(found, _LARGEST)
    whole = sum(variable.bytes for variable in found)
    lines = [_variables(top, whole)] if top else ["none"]
    return "\n".join([*lines, *([words.remainder(rest)] if rest else [])])


def _variables(found: Sequence[Variable], whole: int) -> str:
    told = any(variable.trainable is not None for variable in found)
    columns = ("name", "dtype", "shape", ">size", ">share", *(("trainable",) if told else ()))
    rows = [
        (
            one.name,
            one.dtype,
            words.shape(one.shape),
            words.size(one.bytes),
            words.share(one.bytes, whole),
            *((words.ANSWERS[one.trainable],) if told else ()),
        )
        for one in found
    ]
    return table(columns, rows)


def files(root: str, found: Iterable[File]) -> str:
    """Return the tree of files with their sizes and what each is."""
    top = filetree.grow(root, found)
    branches = _drawn(top)
    nodes = list(top.walk())
    sizes = [words.size(node.bytes) for node in nodes]
    name_width, size_width = max(map(_width, branches)), max(map(len, sizes))
    return "\n".join(
        f"{branch}{' ' * (name_width - _width(branch))}  {size:>{size_width}}  "
        f"{words.inline(node.role)}".rstrip()
        for branch, size, node in zip(branches, sizes, nodes, strict=True)
    )


def _drawn(node: filetree.Node) -> list[str]:
    """Return a tree's lines; rich draws the same, but takes longer to import than all the rest."""
    lines = [words.inline(node.name)]
    left = len(node.entries)
    for child in node.entries:
        left -= 1
        first, *more = _drawn(child)
        lines.append(f"{'├── ' if left else '└── '}{first}")
        lines += [f"{'│   ' if left else '    '}{line}" for line in more]
    return lines


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return aligned columns; a title with ``>`` before it is right-aligned, no titles no head.

    rich's tables take a millisecond a row and break long names, which can't be searched then.
    """
    titles = tuple(column.removeprefix(">") for column in columns)
    lines = [tuple(map(words.inline, row)) for row in rows]
    lines = [titles, *lines] if any(titles) else lines
    widths = [max(map(_width, cells)) for cells in zip(*lines, strict=True)]
    right = [column.startswith(">") for column in columns]

    def laid_out(row: Sequence[str]) -> str:
        blanks = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        placed = zip(row, blanks, right, strict=True)
        return "  ".join(pad + cell if end else cell + pad for cell, pad, end in placed).rstrip()

    return "\n".join(map(laid_out, lines))


def _width(text: str) -> int:
    """Return how many columns a terminal takes for a text."""
    if text.isascii():  # nearly all are, and it is known at once
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
