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
    # Most children are variables, which lead to nothing: their names aren't even read.
    left = {
        number: node
        for number, node in enumerate(nodes)
        if (kind := node.WhichOneof("kind")) in _FUNCTIONS
        or (kind == "user_object" and node.user_object.identifier != "signature_map")
    }
    waiting = deque([("", nodes[0])] if nodes else [])
    left.pop(0, None)
    while waiting:
        path, parent = waiting.popleft()
        children = [child for child in parent.children if child.node_id in left]
        if not path:
            # Of two names take the public one.
            children.sort(key=lambda child: child.local_name.startswith("_"))
        for child in children:
            if (path and _private(child.local_name)) or child.node_id not in left:
                continue
            below, number = _join(path, child.local_name, parent), child.node_id
            node = left.pop(number)
            if node.WhichOneof("kind") == "user_object":
                waiting.append((below, node))
            else:
                yield below, number


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
            if one.original_variable_node_id == number and one.slot_name == _unescape(slot_name):
                return self._inside(one.slot_variable_node_id)
        return None

    def _follow(self, way: str) -> int | None:
        number: int | None = 0
        for step in way.split("/"):
            if number is None:
                return None
            if number not in self._children:
                self._children[number] = {
                    child.local_name: child.node_id for child in self._nodes[number].children
                }
            name = _unescape(step) if "." in step else step
            number = self._inside(self._children[number].get(name, -1))
        return number

    def _inside(self, number: int) -> int | None:
        return number if 0 <= number < len(self._nodes) else None


def _unescape(name: str) -> str:
    """Return the name of the attribute that a step of a checkpoint key spells."""
    return ".".join(part.replace(".S", "/") for part in name.split(".."))
