"""What TensorFlow will write for an object: the trackables below it, and their traces."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.signatures import functions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sm_magics.savedmodel.signatures.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Saved:
    """What a SavedModel of a root will hold.

    Attributes
    ----------
    nodes : dict of str to Trackable
        Everything below the root that a checkpoint tracks, by its path (``"encoder.w"``).
    functions : dict of str to tf.function or ConcreteFunction
        The functions that stay callable after a load, by their path.
    traces : dict of str to list of ConcreteFunction
        The traces of these, and of what is served, by path.
    owners : dict of str to (object, str)
        Path of a node -> the object that holds it, and the name that it has there.
    unsavable : tuple of str
        Paths of the lists and dicts that TensorFlow refuses to save.
    """

    nodes: Mapping[str, Any]
    functions: Mapping[str, Any]
    traces: Mapping[str, list[Any]]
    owners: Mapping[str, tuple[Any, str]]
    unsavable: tuple[str, ...]

    def path_of(self, node: Any) -> str:
        """Return the path of one of the nodes."""
        return next(path for path, known in self.nodes.items() if known is node)

    def handles(self) -> set[int]:
        """Return the ids of the resource handles that the trackables own."""
        return {id(handle) for node in self.nodes.values() for handle in tf_private.handles(node)}


def look(root: Any, endpoints: Sequence[Endpoint] = (), *, trace: bool = True) -> Saved:
    """Walk what TensorFlow would walk, without the properties that it evaluates.

    With `trace`, a function that has an input_signature is traced, as the save does; it keeps the
    trace, so that nothing is done twice.
    """
    nodes: dict[str, Any] = {"": root}
    held: dict[str, Any] = {}
    owners: dict[str, tuple[Any, str]] = {}
    unsavable = []
    own = functions.Finder().own
    seen = {id(root)}
    queue = deque([("", root)])
    while queue:
        path, obj = queue.popleft()
        for name, function in own(obj).items():
            held[join(path, name, obj)] = function
        try:
            children = tf_private.checkpoint_children(obj)
        except ValueError:
            unsavable.append(path)
            continue
        for name, child in children.items():
            below = join(path, name, obj)
            if functions.is_function(child):
                # Of lists and dicts; those of objects are known, and signatures are written anew.
                if not tf_private.is_signatures(obj) and name not in tf_private.KERAS_OWN_FUNCTIONS:
                    held.setdefault(below, child)
            elif id(child) not in seen:
                seen.add(id(child))
                nodes[below], owners[below] = child, (obj, name)
                queue.append((below, child))
    traces = {endpoint.signature.function: [endpoint.concrete] for endpoint in endpoints}
    for path, function in held.items() if trace else ():
        traces[path] = functions.written_traces(function) or traces.get(path, [])
    return Saved(nodes, held, traces, owners, tuple(unsavable))


def join(path: str, name: str, owner: Any) -> str:
    """Return the path of what an owner at `path` holds by a name: ``"parts[0]"``, ``"d['a']"``."""
    if isinstance(owner, dict):
        return f"{path}[{name!r}]"
    if name.isdecimal():
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def expression(name: str, path: str) -> str:
    """Return what a person types for a path below the object called `name`."""
    return f"{name}.{path}" if path and not path.startswith("[") else name + path
