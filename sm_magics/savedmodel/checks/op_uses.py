"""A node as the checks of ops see it, live or written."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.checks.grouping import placed
from sm_magics.savedmodel.inspection import protos

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sm_magics.savedmodel.checks.grouping import Locate
    from sm_magics.savedmodel.graphs import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class OpUse:
    """One use of an op. A node that calls a function of the library by its op is none.

    Attributes
    ----------
    op : str
        The op's type.
    attrs : frozenset of str
        The attributes that the written node sets. A live node has all of them: leave out those
        with their default value, which a save strips.
    values : mapping of str to str or sequence of str
        Values as text, by attribute: dtypes by name (``"float32"``), and strings.
    function : str or None
        What a person calls the function that the node is in.
    where : mapping of str to object
        The node's place, as keywords of `diagnostics.finding`.
    """

    op: str
    attrs: frozenset[str] = frozenset()
    values: Mapping[str, str | Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    function: str | None = None
    where: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


def of_nodes(
    nodes: Iterable[Node],
    locate: Locate,
    wanted: Callable[[str], bool] | None = None,
    defaults: Callable[[str], Mapping[str, Any]] | None = None,
    is_told: Callable[[str, frozenset[str]], bool] | None = None,
) -> Iterator[OpUse]:
    """Yield nodes as uses of their ops.

    Parameters
    ----------
    nodes : iterable of Node
    locate : callable
        Finds a node's place.
    wanted : callable, optional
        Which ops; all by default.
    defaults : callable, optional
        Gives the default attributes of an op, which live nodes have and written ones have not.
    is_told : callable, optional
        Tells by op and attributes of which uses a finding may tell: only their places are looked
        for. All by default.
    """
    known: dict[str, bool] = {}
    for node in nodes:
        if node.op not in known:
            known[node.op] = wanted is None or wanted(node.op)
        if not known[node.op]:
            continue
        attributes = node.proto.attr
        default = defaults(node.op) if defaults is not None else {}
        attrs = frozenset(n for n in attributes if default.get(n) != attributes[n])
        told = is_told is None or is_told(node.op, attrs)
        yield OpUse(
            op=node.op,
            attrs=attrs,
            values={n: text for n in attributes if (text := _text(attributes[n])) is not None},
            function=node.function or None,
            where=placed(locate(node, None)) if told else {},
        )


def _text(value: Any) -> str | list[str] | None:
    kind = value.WhichOneof("value")
    if kind == "type":
        return protos.dtype_name(value.type)
    if kind == "s":
        return str(value.s.decode(errors="replace"))
    if kind == "list" and value.list.type:
        return [protos.dtype_name(one) for one in value.list.type]
    return None


def by_op(uses: Iterable[OpUse], wanted: Callable[[str], bool]) -> dict[str, list[OpUse]]:
    """Return the uses of the ops that are wanted, by op; each op is asked about once."""
    found: dict[str, list[OpUse] | None] = {}
    for use in uses:
        if use.op not in found:
            found[use.op] = [] if wanted(use.op) else None
        group = found[use.op]
        if group is not None:
            group.append(use)
    return {op: group for op, group in found.items() if group is not None}


def summed(group: Sequence[OpUse]) -> dict[str, object]:
    """Return what a finding about all of these nodes says of count, function and place.

    The place is that of the first node that has one.
    """
    told = next((use for use in group if use.where), group[0])
    return {"function": told.function, "count": len(group), **told.where}
