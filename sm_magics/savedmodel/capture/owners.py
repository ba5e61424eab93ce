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
# What the variable of a variable, and the table of a vocabulary, is called.
_INNER = frozenset({*tf_private.INNER_VARIABLE_FIELDS, tf_private.TABLE_FIELD})
_CLOSED = frozenset({"opaque"})


@dataclass(frozen=True, slots=True)
class Holder:
    """Where something was found.

    Attributes
    ----------
    path : str
        The expression that reaches it: ``"model.scaler.scale"``.
    name : str
        The name, attribute or subscript by which its owner holds it.
    value : object
        What was found: the variable (that of Keras, not the one inside) or the table.
    above : Holder or None
        Where its owner was found, an object or a container; None for a name of the namespace.
    """

    path: str
    name: str
    value: object
    above: Holder | None = None

    @property
    def root(self) -> Holder:
        """The name that the path starts from."""
        return self if self.above is None else self.above.root


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
    queue = deque((Holder(name, name, namespace[name]), 0) for name in names)
    seen: set[int] = set()
    for _ in range(_BUDGET):
        if not queue:
            return None
        found, depth = queue.popleft()
        obj = found.value
        fields = sorts.of(obj).members(obj)
        if any(fields.get(field) is handle for field in tf_private.HANDLE_FIELDS):
            is_inner = found.above is not None and found.name in _INNER
            return found.above if is_inner else found
        if id(obj) in seen or depth == _DEPTH:
            continue
        seen.add(id(obj))
        queue.extend(
            (Holder(found.path + step, key, part, found), depth + 1)
            for step, key, part in _parts(obj, sorts)
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
