"""What differs between two SavedModel directories, without loading them and without TensorFlow."""

from __future__ import annotations

import filecmp
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sm_magics.savedmodel.display import Displayable
from sm_magics.savedmodel.inspection import inspect
from sm_magics.savedmodel.signatures import compatibility

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from sm_magics.savedmodel.inspection import File, Inspection, Loadable, MetaGraph, Variable
    from sm_magics.savedmodel.signatures.compatibility import Change

Value = TypeVar("Value")
_SHARD = "variables shard"


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A file that differs; its size in bytes in either directory, None where it is missing."""

    path: str
    bytes_a: int | None
    bytes_b: int | None


@dataclass(frozen=True, slots=True)
class VariableDiffs:
    """How the checkpoints differ.

    Variables are the same where their checkpoint keys are, as to whoever restores them. What then
    is left, or has another name and shape, is paired by names that each checkpoint has once: where
    a layer was put in between, those behind it have other keys.

    Attributes
    ----------
    added, removed : tuple of Variable
        In the second directory only; in the first only.
    reshaped : tuple of (Variable, Variable)
        Another shape or dtype.
    changed : tuple of (Variable, Variable)
        Other values, by the checksums of the index. A variable that is sliced in another way
        counts too.
    unchanged : int
        How many are equal.
    """

    added: tuple[Variable, ...]
    removed: tuple[Variable, ...]
    reshaped: tuple[tuple[Variable, Variable], ...]
    changed: tuple[tuple[Variable, Variable], ...]
    unchanged: int

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.added or self.removed or self.reshaped or self.changed)


@dataclass(frozen=True, slots=True)
class GraphDiff:
    """How two MetaGraphs differ.

    Attributes
    ----------
    tags : tuple of str
        Those of the first one.
    other_tags : tuple of str or None
        Those of the second one where they differ.
    signatures : tuple of Change
        What breaks clients of the first one comes first.
    functions_added, functions_removed : tuple of Loadable
        Functions that Python can call after a load; one with other traces is in both.
    aliases_added, aliases_removed : tuple of str
        Aliases of functions, which C++ consumers look up.
    ops, devices : dict of str to (int, int)
        Op type, or hard-coded device -> number of nodes in either, where they differ.
    versions : dict of str to (str or None, str or None)
        Version -> its value in either, where they differ.
    """

    tags: tuple[str, ...]
    other_tags: tuple[str, ...] | None
    signatures: tuple[Change, ...]
    functions_added: tuple[Loadable, ...]
    functions_removed: tuple[Loadable, ...]
    aliases_added: tuple[str, ...]
    aliases_removed: tuple[str, ...]
    ops: dict[str, tuple[int, int]]
    devices: dict[str, tuple[int, int]]
    versions: dict[str, tuple[str | None, str | None]]

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(
            self.other_tags is not None
            or self.signatures
            or self.functions_added
            or self.functions_removed
            or self.aliases_added
            or self.aliases_removed
            or self.ops
            or self.devices
            or self.versions
        )


@dataclass(frozen=True, slots=True)
class Diff(Displayable):
    """What differs between two SavedModel directories, a and b.

    Attributes
    ----------
    a, b : Path
        The directories.
    bytes_a, bytes_b : int
        Their sizes.
    graphs : tuple of GraphDiff
        One for each pair of MetaGraphs, the pair that serves first, also where nothing differs.
    tags_added, tags_removed : tuple of tuple of str
        Tags of further MetaGraphs that only one directory has.
    variables : VariableDiffs
    files : tuple of FileDiff
        Files whose sizes or bytes differ. Shards of variables are not read: the checksums of the
        index stand for them.
    """

    a: Path
    b: Path
    bytes_a: int
    bytes_b: int
    graphs: tuple[GraphDiff, ...]
    tags_added: tuple[tuple[str, ...], ...]
    tags_removed: tuple[tuple[str, ...], ...]
    variables: VariableDiffs
    files: tuple[FileDiff, ...]

    @property
    def identical(self) -> bool:
        """Whether nothing at all differs, down to the bytes of the files."""
        return self.equivalent and not self.files

    @property
    def equivalent(self) -> bool:
        """Whether at most the bytes of files differ: that can still be a constant of a function."""
        return not (any(self.graphs) or self.tags_added or self.tags_removed or self.variables)

    @property
    def signatures(self) -> tuple[Change, ...]:
        """How the signatures differ in the MetaGraphs that serve, what breaks clients first."""
        return self.graphs[0].signatures

    @property
    def breaking(self) -> tuple[Change, ...]:
        """What breaks clients of a that turn to b, in any pair of MetaGraphs."""
        return tuple(change for one in self.graphs for change in one.signatures if change.breaks)


def diff(dir_a: str | os.PathLike[str], dir_b: str | os.PathLike[str]) -> Diff:
    """Return what differs from one SavedModel directory to another.

    Raises
    ------
    InspectionError
        A ValueError, if one of them is no SavedModel, is damaged, or can't be read.
    """
    return compared(inspect(dir_a), inspect(dir_b))


def compared(a: Inspection, b: Inspection) -> Diff:
    """Return what differs between two directories that have been inspected.

    Raises
    ------
    InspectionError
        A ValueError, if a file can't be read any more.
    """
    pairs, removed, added = _paired(a, b)
    return Diff(
        a=a.path,
        b=b.path,
        bytes_a=a.bytes,
        bytes_b=b.bytes,
        graphs=tuple(_graphs(one, other) for one, other in pairs),
        tags_added=tuple(graph.tags for graph in added),
        tags_removed=tuple(graph.tags for graph in removed),
        variables=_variables(a.variables, b.variables),
        files=_files(a, b),
    )


def _paired(
    a: Inspection, b: Inspection
) -> tuple[list[tuple[MetaGraph, MetaGraph]], list[MetaGraph], list[MetaGraph]]:
    """Pair the MetaGraphs that serve, and others by their tags."""
    pairs = [(_served(a), _served(b))]
    left = {frozenset(one.tags): one for one in a.meta_graphs if one is not pairs[0][0]}
    right = {frozenset(one.tags): one for one in b.meta_graphs if one is not pairs[0][1]}
    pairs += [(one, right.pop(tags)) for tags, one in left.items() if tags in right]
    matched = {id(one) for one, _ in pairs}
    return pairs, [one for one in left.values() if id(one) not in matched], list(right.values())


def _served(inspection: Inspection) -> MetaGraph:
    # An inspection speaks for this one; its histogram is no other's.
    return next(graph for graph in inspection.meta_graphs if graph.ops is inspection.ops)


def _graphs(a: MetaGraph, b: MetaGraph) -> GraphDiff:
    return GraphDiff(
        tags=a.tags,
        other_tags=b.tags if set(a.tags) != set(b.tags) else None,
        signatures=compatibility.changes(a.signatures, b.signatures),
        functions_added=tuple(one for one in b.functions if one not in a.functions),
        functions_removed=tuple(one for one in a.functions if one not in b.functions),
        aliases_added=tuple(one for one in b.aliases if one not in a.aliases),
        aliases_removed=tuple(one for one in a.aliases if one not in b.aliases),
        ops=_unequal(a.ops, b.ops, 0),
        devices=_unequal(a.devices, b.devices, 0),
        versions=_unequal(a.versions, b.versions, None),
    )


def _unequal(
    a: Mapping[str, Value], b: Mapping[str, Value], missing: Value
) -> dict[str, tuple[Value, Value]]:
    return {
        name: (a.get(name, missing), b.get(name, missing))
        for name in sorted({*a, *b})
        if a.get(name, missing) != b.get(name, missing)
    }


def _variables(a: tuple[Variable, ...], b: tuple[Variable, ...]) -> VariableDiffs:
    both = _same_variables(a, b)
    reshaped = [pair for pair in both if not _alike(*pair)]
    changed = [(old, new) for old, new in both if _alike(old, new) and old.checksum != new.checksum]
    before, after = {old.key for old, _ in both}, {new.key for _, new in both}
    return VariableDiffs(
        added=tuple(new for new in b if new.key not in after),
        removed=tuple(old for old in a if old.key not in before),
        reshaped=tuple(reshaped),
        changed=tuple(changed),
        unchanged=len(both) - len(reshaped) - len(changed),
    )


def _same_variables(
    a: tuple[Variable, ...], b: tuple[Variable, ...]
) -> list[tuple[Variable, Variable]]:
    after = {variable.key: variable for variable in b}
    by_key = [(old, after[old.key]) for old in a if old.key in after]
    sure = [(old, new) for old, new in by_key if _alike(old, new) or old.name == new.name]
    paired = {old.key: new for old, new in sure}
    names, taken = _by_name(b), {new.key for _, new in sure}
    for name, old in _by_name(a).items():
        new = names.get(name)
        if old.key not in paired and new is not None and new.key not in taken:
            paired[old.key] = new
            taken.add(new.key)
    for old, new in by_key:
        if old.key not in paired and new.key not in taken:
            paired[old.key] = new
    return [(old, paired[old.key]) for old in a if old.key in paired]


def _by_name(variables: tuple[Variable, ...]) -> dict[str, Variable]:
    counts = Counter(variable.name for variable in variables)
    return {variable.name: variable for variable in variables if counts[variable.name] == 1}


def _alike(a: Variable, b: Variable) -> bool:
    return (a.dtype, a.shape) == (b.dtype, b.shape)


def _files(a: Inspection, b: Inspection) -> tuple[FileDiff, ...]:
    before = {file.path: file for file in a.files}
    after = {file.path: file for file in b.files}
    return tuple(
        FileDiff(path, _size(before.get(path)), _size(after.get(path)))
        for path in sorted({*before, *after})
        if not _same(a.path, b.path, before.get(path), after.get(path))
    )


def _size(file: File | None) -> int | None:
    return None if file is None else file.bytes


def _same(a: Path, b: Path, old: File | None, new: File | None) -> bool:
    from sm_magics.savedmodel.inspection import InspectionError

    if old is None or new is None or old.bytes != new.bytes:
        return False
    if old.path.endswith("/") or old.role == new.role == _SHARD:
        return True
    one, other = a / old.path, b / new.path
    if not (one.is_file() and other.is_file()):  # links that lead nowhere
        return True
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError as error:
        raise InspectionError(f"{error.filename} can't be read: {error.strerror}.") from error
