"""What the last export of an object traced, found and wrote: the next one may use it again.

After more training only values are new. Whether that is so is shown, not assumed: the same was
asked for, all that Python code could read while it was traced is as it was (`unchanged`), and the
object holds the same variables, functions and traces. It is kept with the object itself, and goes
when the object goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from sm_magics.savedmodel import tf_private, unchanged
from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.signatures import paths, spec_text
from sm_magics.savedmodel.unchanged.instances import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.reading import Reading
    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.saved import Saved
    from sm_magics.savedmodel.signatures.endpoints import Endpoint
    from sm_magics.savedmodel.survey import Facts
    from sm_magics.savedmodel.unchanged import Look
    from sm_magics.savedmodel.writing.fast import Package

_OF_THE_GRAPH = (
    "inputs",
    "allow_no_signature",
    "flatten",
    "batch",
    "with_optimizer",
    "target",
    "consumer",
    "fix",
    "name",
)
"""What of a request decides on the graph, and on what is found in it."""


@dataclass(slots=True)
class Memory:
    """What can be used again.

    Attributes
    ----------
    asked : tuple
        What was asked for.
    look : Look
        What Python code could read, before it was traced.
    endpoints : list of Endpoint
    found : list of Diagnostic
        What is found in the graph.
    held : Saved or None
        What the root held.
    facts : list or None
        What decided on the root: see `Survey.facts`.
    constant_bytes : int
        The size of the graph's constants.
    package : Package or None
        The graph as it was written; None where the fast writer did not.
    reading : Reading or None
        What was read of that graph on the disk.
    """

    asked: tuple[Any, ...]
    look: Look
    endpoints: list[Endpoint] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    held: Saved | None = None
    facts: Facts | None = None
    constant_bytes: int = 0
    package: Package | None = None
    reading: Reading | None = None


class _Holder:
    """Keeps a `Memory` in an instance dict: neither copied nor pickled with the object."""

    __slots__ = ("memory",)

    def __init__(self) -> None:
        self.memory: Memory | None = None

    def __copy__(self) -> Self:
        return type(self)()

    def __deepcopy__(self, _: Any) -> Self:
        return type(self)()

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()


def begun(request: Request) -> Memory:
    """Return what the export that begins will add to: what is asked for, and how Python stands."""
    served = [_named(request, value) for value in (request.signatures or {}).values()]
    return Memory((*_asked(request), *served), unchanged.look(request.obj, served))


def last(request: Request, now: Memory) -> Memory | None:
    """Return what the last export of the object left, if a new trace would be the same."""
    holder = getattr(request.obj, "__dict__", {}).get(OURS)
    before: Memory | None = None if holder is None else holder.memory
    if before is None or now.look.reason or before.asked != now.asked:
        return None
    return before if before.look == now.look else None


def keep(obj: Any, memory: Memory) -> None:
    """Keep what an export traced, found and wrote."""
    place = getattr(obj, "__dict__", None)
    if place is not None and not memory.look.reason:
        place.setdefault(OURS, _Holder()).memory = memory


def forget(obj: Any) -> None:
    """Let the next export of an object begin from nothing."""
    getattr(obj, "__dict__", {}).pop(OURS, None)


def is_same(before: Saved, now: Saved) -> bool:
    """Tell whether a root holds the same variables and functions, with the same traces, as before.

    Nodes of ours are made anew for each export: they are the same if they hold the same.
    """
    return (
        _ids(before.nodes) == _ids(now.nodes)
        and before.traces.keys() == now.traces.keys()
        and all(_same(traces, now.traces[path]) for path, traces in before.traces.items())
        and before.unsavable == now.unsavable
    )


def _ids(nodes: Any) -> list[tuple[str, Any]]:
    return [
        (path, type(node) if tf_private.is_made_node(node) else id(node))
        for path, node in nodes.items()
    ]


def _same(before: Sequence[Any], now: Sequence[Any]) -> bool:
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))


def _named(request: Request, value: Any) -> Any:
    """Return the function that a signature asks for, if it is not the forward pass."""
    if not isinstance(value, str) and type(value) is not tuple:
        return value
    path = spec_text.parse_function(value)[0] if isinstance(value, str) else value[0]
    try:
        return paths.find(path, request.obj, request.namespace or {})
    except ExportError:
        return None


def _asked(request: Request) -> tuple[Any, ...]:
    options = request.options
    slots = () if options is None else options.__slots__
    return (
        *(getattr(request, name) for name in _OF_THE_GRAPH),
        tuple((request.signatures or {}).items()),
        tuple(repr(getattr(options, name)) for name in slots),
    )
