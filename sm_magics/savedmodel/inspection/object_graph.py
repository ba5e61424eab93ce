"""The tree of Python objects that a SavedModel keeps: its functions, and its variables' names.

A MetaGraph's SavedObjectGraph lists nodes (the root is the first); a node's children have the
names of the attributes that reached them when it was saved.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.inspection import traces
from sm_magics.savedmodel.inspection.contents import Loadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTRIBUTES = "/.ATTRIBUTES/"
_SLOT = "/.OPTIMIZER_SLOT/"
_VALUE = "VARIABLE_VALUE"
_FUNCTIONS = ("function", "bare_concrete_function")
_DEFAULT_NAMES = ("", "Variable")
_LISTS = ("trackable_list_wrapper", "trackable_tuple_wrapper")
_DICT = "trackable_dict_wrapper"


def functions(graph: Any) -> tuple[Loadable, ...]:
    """Return the functions of a SavedObjectGraph by their shortest path, sorted by path.

    What is private is left out below the root (tools keep their own functions there), and so is
    what a load doesn't offer: the signature map, traces and captures, a resource's initialiser.
    """
    found = []
    for path, number in walk(graph.nodes):
        node = graph.nodes[number]
        if node.WhichOneof("kind") == "function":
            count = len(node.function.concrete_functions)
        else:
            count = 1
        found.append(Loadable(path, count, traces.of(node, graph.concrete_functions)))
    return tuple(sorted(found, key=lambda one: one.path))


def walk(nodes: Any) -> Iterator[tuple[str, int]]:
    """Yield the path of every function that is reached by name, breadth first, and its number."""
    waiting = deque([("", nodes[0])] if nodes else [])
    seen = {0}
    while waiting:
        path, parent = waiting.popleft()
        for name, number in _children(parent, is_root=not path):
            if number in seen or not 0 < number < len(nodes):
                continue
            seen.add(number)
            child = nodes[number]
            kind = child.WhichOneof("kind")
            if kind == "user_object" and child.user_object.identifier != "signature_map":
                waiting.append((_join(path, name, parent), child))
            elif kind in _FUNCTIONS:
                yield _join(path, name, parent), number


def _children(node: Any, *, is_root: bool) -> list[tuple[str, int]]:
    children = [
        (child.local_name, child.node_id)
        for child in node.children
        if is_root or not _private(child.local_name)
    ]
    if is_root:
        # Of two names take the public one.
        children.sort(key=lambda child: child[0].startswith("_"))
    return children


def _private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _join(path: str, name: str, parent: Any) -> str:
    identifier = parent.user_object.identifier
    if identifier in _LISTS and name.isdecimal():
        return f"{path}[{name}]"
    if identifier == _DICT:
        return f"{path}[{name!r}]"
    return f"{path}.{name}" if path else name


class Nodes:
    """The nodes of a SavedObjectGraph by checkpoint key.

    A key spells the way from the root, ``layers/0/.ATTRIBUTES/VARIABLE_VALUE``, or the way to a
    variable and its slot in an optimiser, ``w/.OPTIMIZER_SLOT/adam/m/.ATTRIBUTES/VARIABLE_VALUE``.
    """

    def __init__(self, graph: Any) -> None:
        self._nodes = graph.nodes
        self._children: dict[int, dict[str, int]] = {}

    def variable(self, key: str) -> tuple[str, bool | None]:
        """Return the name of what is saved under `key`, and whether it is trainable, if known."""
        way, _, attribute = key.partition(_ATTRIBUTES)
        number = self._find(way) if attribute else None
        node = None if number is None else self._nodes[number]
        named = node.variable.name if node is not None else ""
        trainable = None
        if node is not None and node.WhichOneof("kind") == "variable":
            trainable = bool(node.variable.trainable)
        if named not in _DEFAULT_NAMES:
            return named, trainable
        path = ".".join(map(_unescape, way.split("/")))
        return (path if attribute in ("", _VALUE) else f"{path}.{attribute}"), trainable

    def _find(self, way: str) -> int | None:
        if not self._nodes:
            return None
        owner, _, slot = way.partition(_SLOT)
        number = self._follow(owner)
        if not slot or number is None:
            return number
        optimizer_way, _, slot_name = slot.rpartition("/")
        optimizer = self._follow(optimizer_way)
        if optimizer is None:
            return None
        for one in self._nodes[optimizer].slot_variables:
            if one.original_variable_node_id == number and _escape(one.slot_name) == slot_name:
                return self._inside(one.slot_variable_node_id)
        return None

    def _follow(self, way: str) -> int | None:
        number: int | None = 0
        for step in way.split("/"):
            if number is None:
                return None
            if number not in self._children:
                self._children[number] = {
                    _escape(child.local_name): child.node_id
                    for child in self._nodes[number].children
                }
            number = self._inside(self._children[number].get(step, -1))
        return number

    def _inside(self, number: int) -> int | None:
        return number if 0 <= number < len(self._nodes) else None


def _escape(name: str) -> str:
    """Spell an attribute's name as a checkpoint key does."""
    return name.replace(".", "..").replace("/", ".S")


def _unescape(name: str) -> str:
    return ".".join(part.replace(".S", "/") for part in name.split(".."))
