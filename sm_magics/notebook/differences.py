"""What a diff says, said once for text and HTML: a headline, and sections that are tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sm_magics.notebook import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sm_magics.savedmodel.difference import Diff, GraphDiff
    from sm_magics.savedmodel.inspection import Loadable, Variable
    from sm_magics.savedmodel.signatures.compatibility import Change

MARK = "✗"


class Section(NamedTuple):
    """A title, the titles of columns (``>`` before one aligns it right), and rows."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def headline(diff: Diff) -> str:
    """Return the two directories and what matters most, in a line."""
    a, b = (words.inline(str(path)) for path in (diff.a, diff.b))
    return f"From {a} to {b}: {verdict(diff)}"


def verdict(diff: Diff) -> str:
    """Return what a diff comes to: identical, what breaks clients, or that nothing does."""
    if diff.identical:
        return "identical"
    if diff.equivalent:
        return (
            "the same signatures, variables, ops and functions; files differ "
            "(two exports of one model do, and so does a constant inside a function)"
        )
    if not diff.breaking:
        return "nothing in the signatures breaks clients"
    return f"{words.amount(len(diff.breaking), 'change')} that can break clients"


def mood(diff: Diff) -> str:
    """Return the mood of a diff: ``good``, ``bad``, or ``open`` where anything else differs."""
    if diff.breaking:
        return "bad"
    return "good" if diff.identical else "open"


def sections(diff: Diff) -> list[Section]:
    """Return all that differs: first what breaks clients, last the files."""
    found = [
        Section("Breaks clients", *_changes(diff.breaking)),
        *(section for graph in diff.graphs for section in _graph(graph, diff)),
        Section("Other MetaGraphs", ("", ""), list(_tags(diff))),
        Section(_counted(diff), ("", "name", "old", "new"), list(_variables(diff))),
        *(section for graph in diff.graphs for section in _insides(graph, diff)),
        Section("Files", ("file", ">old", ">new", ">change"), list(_files(diff))),
    ]
    return [section for section in found if section.rows]


def _changes(changes: Sequence[Change]) -> tuple[tuple[str, ...], Sequence[tuple[str, ...]]]:
    rows = [
        (one.key, f"{one.part} {one.what}", one.tensors or words.NOTHING, one.effect)
        for one in changes
    ]
    return ("signature", "change", "tensor", "effect"), rows


def _graph(graph: GraphDiff, diff: Diff) -> Iterator[Section]:
    which = _which(graph, diff)
    harmless = [change for change in graph.signatures if not change.breaks]
    yield Section(f"Signatures, breaking nobody{which}", *_changes(harmless))
    if graph.other_tags is not None:
        pair = (", ".join(graph.tags), ", ".join(graph.other_tags))
        yield Section("Tags", ("old", "new"), [pair])


def _insides(graph: GraphDiff, diff: Diff) -> Iterator[Section]:
    which = _which(graph, diff)
    yield Section(f"Functions, for Python after a load{which}", ("", ""), list(_functions(graph)))
    aliases = [(one, "removed") for one in graph.aliases_removed]
    aliases += [(one, "added") for one in graph.aliases_added]
    yield Section(f"Function aliases{which}", ("", ""), aliases)
    yield Section(f"Ops{which}", ("type", ">old", ">new"), _counts(graph.ops))
    yield Section(f"Hard-coded devices{which}", ("device", ">old", ">new"), _counts(graph.devices))
    versions = [
        (name.replace("_", " "), old or words.NOTHING, new or words.NOTHING)
        for name, (old, new) in graph.versions.items()
    ]
    yield Section(f"Versions{which}", ("", "old", "new"), versions)


def _which(graph: GraphDiff, diff: Diff) -> str:
    if len(diff.graphs) == 1:
        return ""
    return f" (MetaGraph {', '.join(graph.tags) or 'without tags'})"


def _tags(diff: Diff) -> Iterator[tuple[str, ...]]:
    for what, graphs in (("removed", diff.tags_removed), ("added", diff.tags_added)):
        yield from ((what, ", ".join(tags) or "without tags") for tags in graphs)


def _counted(diff: Diff) -> str:
    found = diff.variables
    told = [
        f"{len(some):,} {what}"
        for what, some in (
            ("removed", found.removed),
            ("added", found.added),
            ("of another shape or dtype", found.reshaped),
            ("with other values", found.changed),
        )
        if some
    ]
    return f"Variables: {', '.join([*told, f'{found.unchanged:,} unchanged'])}"


def _variables(diff: Diff) -> Iterator[tuple[str, ...]]:
    found = diff.variables
    yield from (("removed", one.name, _held(one), words.NOTHING) for one in found.removed)
    yield from (("added", one.name, words.NOTHING, _held(one)) for one in found.added)
    yield from (
        ("reshaped", _names(old, new), _held(old), _held(new)) for old, new in found.reshaped
    )
    yield from (
        ("other values", _names(old, new), _held(old), _held(new)) for old, new in found.changed
    )


def _names(old: Variable, new: Variable) -> str:
    return new.name if old.name == new.name else f"{old.name} -> {new.name}"


def _held(variable: Variable) -> str:
    return f"{variable.dtype}{words.shape(variable.shape)}"


def _functions(graph: GraphDiff) -> Iterator[tuple[str, str]]:
    old = {one.path: one for one in graph.functions_removed}
    new = {one.path: one for one in graph.functions_added}
    for path in sorted({*old, *new}):
        if path not in new:
            yield path, "removed"
        elif path not in old:
            yield path, f"added, {words.amount(new[path].traces, 'trace')}"
        elif old[path].traces != new[path].traces:
            yield path, f"{words.amount(old[path].traces, 'trace')} -> {new[path].traces:,}"
        else:
            yield path, f"{_taken(old[path], new[path])} -> {_taken(new[path], old[path])}"


def _taken(one: Loadable, other: Loadable) -> str:
    """Return the arguments that one takes and the other doesn't."""
    only = [trace for trace in one.arguments if trace not in other.arguments]
    return " or ".join(f"({', '.join(map(str, trace))})" for trace in only) or words.NOTHING


def _counts(counts: dict[str, tuple[int, int]]) -> list[tuple[str, ...]]:
    return [(name, f"{old:,}", f"{new:,}") for name, (old, new) in counts.items()]


def _files(diff: Diff) -> Iterator[tuple[str, ...]]:
    for file in diff.files:
        yield file.path, *_sizes(file.bytes_a, file.bytes_b)
    if diff.files:
        yield "in all", *_sizes(diff.bytes_a, diff.bytes_b)


def _sizes(old: int | None, new: int | None) -> tuple[str, str, str]:
    told = [words.NOTHING if size is None else words.size(size) for size in (old, new)]
    change = (new or 0) - (old or 0)
    sign = "+" if change > 0 else "-"
    size = f"{sign}{words.size(abs(change))}" if change else "other bytes"
    return told[0], told[1], size
