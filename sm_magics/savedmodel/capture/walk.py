"""What an object is made of: its variables, its tf.functions, its parts. All static."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.capture import static
from sm_magics.savedmodel.capture.kinds import CONTAINERS, KINDS, Sort, Sorts

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAYERS = frozenset({"functional", "sequential", "subclassed", "layer", "input layer", "metric"})
_TRACKED = frozenset({"module", "checkpoint", "loaded", "trackable"})


def variables(root: object, sorts: Sorts) -> list[Any]:
    """Return the variables of a model, each once.

    Those of Keras objects are what their `variables` lists: weights and seeds, neither metrics
    nor optimizers. Other objects have all variables that can be reached through attributes,
    containers, modules and layers, without those of Keras optimizers. A tf.function owns none.

    Returns
    -------
    list of tf.Variable
        The raw variable where Keras or a distribution strategy wraps one.
    """
    found: dict[int, Any] = {}
    seen: dict[int, object] = {}
    stack = [root]
    while stack:
        obj = stack.pop()
        if id(obj) in seen:
            continue
        seen[id(obj)] = obj
        sort = sorts.of(obj)
        if sort.role == "variable":
            raw = _raw(obj, sorts)
            found[id(raw)] = raw
        else:
            stack.extend(_owners_of_variables(obj, sort, sorts))
    return list(found.values())


def nbytes(variable: object, sorts: Sorts) -> int:
    """Return the size of a raw variable in bytes; 0 where it is unknown, as for strings."""
    fields = sorts.of(variable).members(variable)
    if "_shape" not in fields or "_dtype" not in fields:
        return 0
    return tf_private.nbytes(fields["_shape"], fields["_dtype"])


def functions(root: object, sorts: Sorts) -> tuple[str, ...]:
    """Return the paths of the tf.functions of a model: ``("serve", "blocks[0].call")``.

    ``model.<path>`` evaluates to the function; nearest first. They come from the class dicts of
    the author's classes and from instance dicts, of the object and of the modules and layers that
    it holds. Keras's own (`train_function` and the like) are left out, and so is what only an
    attribute name that is no identifier reaches.
    """
    if sorts.of(root).role == "function":
        return ()
    found: list[str] = []
    seen: dict[int, object] = {id(root): root}
    queue = deque([("", root)])
    while queue:
        path, obj = queue.popleft()
        for step, part in _steps(obj, sorts.of(obj), sorts):
            sort = sorts.of(part)
            if sort.role == "function":
                found.append(_join(path, step))
            elif id(part) not in seen:
                seen[id(part)] = part
                queue.append((_join(path, step), part))
    return tuple(found)


def contains(outer: object, inner: object, sorts: Sorts | None = None) -> bool:
    """Tell whether `inner` is a part of `outer`: reachable through attributes and containers.

    An object is no part of itself. Plain Python objects are not entered: TensorFlow does not
    track what they hold.
    """
    sorts = sorts or Sorts()
    seen: dict[int, object] = {id(outer): outer}
    stack = [outer]
    while stack:
        obj = stack.pop()
        for part in _parts(obj, sorts.of(obj)):
            if part is inner:
                return part is not outer
            if id(part) not in seen:
                seen[id(part)] = part
                stack.append(part)
    return False


def _owners_of_variables(obj: object, sort: Sort, sorts: Sorts) -> Iterator[Any]:
    if sort.role in CONTAINERS:
        yield from static.values(sort.container(obj))
    elif sort.role in _LAYERS:
        fields = sort.members(obj)
        for name in tf_private.LAYER_FIELDS[sort.framework]:
            for part in static.values(fields.get(name)):
                # A tf_keras model counts the metrics among its attributes, a layer does not.
                if sort.role != "layer" or sorts.of(part).role != "metric":
                    yield part
    elif sort.role == "seed":
        yield sort.members(obj).get("state")
    elif sort.role in _TRACKED:
        yield from _attributes(obj, sort).values()


def _attributes(obj: object, sort: Sort) -> dict[str, Any]:
    return {
        name: value
        for name, value in list(sort.members(obj).items())
        if type(name) is str and not name.startswith(tf_private.BOOKKEEPING)
    }


def _parts(obj: object, sort: Sort) -> list[Any]:
    if sort.role in CONTAINERS:
        return static.values(sort.container(obj))
    if sort.role in _LAYERS:
        kept = static.values(sort.members(obj).get(tf_private.LAYERS_FIELD[sort.framework]))
        return [*_attributes(obj, sort).values(), *kept]
    if sort.role in _TRACKED:
        return list(_attributes(obj, sort).values())
    return []


def _steps(obj: object, sort: Sort, sorts: Sorts) -> Iterator[tuple[str, Any]]:
    # What leads to functions: functions first, then what may hold some.
    if sort.role in CONTAINERS:
        yield from _subscripts(obj, sort, sorts)
        return
    attributes = _telling_attributes(obj, sort, sorts)
    own = {name: part for name, part in attributes.items() if sorts.of(part).role == "function"}
    fields = sort.members(obj)
    for name, function in sorts.class_functions(sort.cls).items():
        # An instance attribute hides that of the class.
        if name not in fields:
            yield name, function
    yield from own.items()
    public = [name for name in attributes if name not in own and name[0] != "_"]
    private = [name for name in attributes if name not in own and name[0] == "_"]
    yield from ((name, attributes[name]) for name in public)
    if sort.role in {"functional", "sequential"}:
        yield from _layers(obj, sort, sorts)
    yield from ((name, attributes[name]) for name in private)


def _subscripts(obj: object, sort: Sort, sorts: Sorts) -> Iterator[tuple[str, Any]]:
    if not sort.indexable:
        return
    for key, element in static.items(sort.container(obj)):
        text = static.literal(key) if _leads_on(element, sorts) else None
        if text is not None:
            yield f"[{text}]", element


def _telling_attributes(obj: object, sort: Sort, sorts: Sorts) -> dict[str, Any]:
    hidden = tf_private.KERAS_OWN_FUNCTIONS if sort.role in _LAYERS else frozenset()
    return {
        name: part
        for name, part in list(sort.members(obj).items())
        if id(type(part)) not in sorts.dull
        and type(name) is str
        and not name.startswith(tf_private.BOOKKEEPING)
        and name.isidentifier()
        and name not in hidden
        and _leads_on(part, sorts)
    }


def _leads_on(part: object, sorts: Sorts) -> bool:
    sort = sorts.of(part)
    if sort.role in CONTAINERS:
        held = sort.read(part) if sort.read is not None else static.values(sort.container(part))
        return not sorts.all_dull(held)
    return sort.role in KINDS


def _layers(obj: object, sort: Sort, sorts: Sorts) -> Iterator[tuple[str, Any]]:
    # As `model.layers` numbers them: a sequential model hides its leading input layer.
    layers = static.values(sort.members(obj).get(tf_private.LAYERS_FIELD[sort.framework]))
    if layers and sort.role == "sequential" and sorts.of(layers[0]).role == "input layer":
        layers = layers[1:]
    for index, layer in enumerate(layers):
        if sorts.of(layer).role not in _LAYERS - {"metric"}:
            return
        yield f"layers[{index}]", layer


def _join(path: str, step: str) -> str:
    return path + step if step[0] == "[" or not path else f"{path}.{step}"


def _raw(variable: object, sorts: Sorts) -> object:
    fields = sorts.of(variable).members(variable)
    for name in tf_private.INNER_VARIABLE_FIELDS:
        inner = fields.get(name)
        if type(inner) is tuple and inner:
            inner = inner[0]
        if inner is not None and sorts.of(inner).role == "variable":
            return _raw(inner, sorts)
    return variable
