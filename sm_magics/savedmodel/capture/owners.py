"""Who holds a variable or table: an expression of the notebook, for one that nobody tracks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.capture.kinds import CONTAINERS, Sorts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEPTH = 4
_BUDGET = 20_000
_CLOSED = frozenset({"opaque"})


@dataclass(frozen=True, slots=True)
class Holder:
    """Where something was found.

    Attributes
    ----------
    path : str
        The expression that reaches it: ``"model.scaler.scale"``.
    owner : object
        What holds it: an object, a container, or None for a name of the namespace itself.
    name : str
        The name, attribute or subscript by which the owner holds it.
    """

    path: str
    owner: object
    name: str


def holder(handle: object, namespace: Mapping[str, object]) -> Holder | None:
    """Return the nearest expression that reaches the variable or table with this handle.

    Static, breadth first, at most four steps deep; names that start with an underscore come last.

    Parameters
    ----------
    handle : tf.Tensor
        The resource handle, as a ConcreteFunction captured it.
    namespace : mapping of str to object
        Where to start from.
    """
    sorts = Sorts()
    names = sorted(
        (name for name in list(namespace) if type(name) is str),
        key=lambda name: (name.startswith("_"), name in ("In", "Out")),
    )
    queue: deque[tuple[str, object, str, object, int]] = deque()
    queue.extend((name, None, name, namespace[name], 0) for name in names)
    seen: set[int] = set()
    for _ in range(_BUDGET):
        if not queue:
            return None
        path, owner, name, obj, depth = queue.popleft()
        fields = sorts.of(obj).members(obj)
        if any(fields.get(field) is handle for field in tf_private.HANDLE_FIELDS):
            return Holder(path, owner, name)
        if id(obj) in seen or depth == _DEPTH:
            continue
        seen.add(id(obj))
        queue.extend(
            (path + step, obj, key, part, depth + 1) for step, key, part in _parts(obj, sorts)
        )
    return None


def _parts(obj: object, sorts: Sorts) -> Iterator[tuple[str, str, Any]]:
    sort = sorts.of(obj)
    if sort.role in CONTAINERS:
        for key, part in static.items(sort.container(obj), 1000):
            if (text := static.literal(key)) is not None:
                yield f"[{text}]", text, part
    elif sort.role not in _CLOSED:
        for name, part in list(sort.members(obj).items()):
            if type(name) is str and not name.startswith(tf_private.BOOKKEEPING):
                yield f".{name}", name, part
