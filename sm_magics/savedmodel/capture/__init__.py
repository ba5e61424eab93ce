"""A namespace -> the models in it. Static: no import, no getattr, no property, no tracing."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from sm_magics.savedmodel.capture import search, static, walk
from sm_magics.savedmodel.capture.kinds import Kind, Sorts, kind_of
from sm_magics.savedmodel.capture.walk import contains
from sm_magics.savedmodel.model import Model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Kind", "Model", "contains", "describe", "find", "kind_of", "nbytes", "reach"]


def find(namespace: Mapping[str, object]) -> list[tuple[Model, object]]:
    """Return the models in a namespace with the objects themselves, in order of appearance.

    Looked at are the values, what lists, tuples and dicts hold down to a depth of 3, and the
    direct attributes of plain Python objects (``trainer.model``); of each container and object
    the first 100 elements, and 1000 below one name. Left out are names that start with an
    underscore, IPython's own, sets, and what no expression such as ``models['a']`` reaches.
    Nothing of the namespace is run.

    Parameters
    ----------
    namespace : mapping of str to object
        A kernel's user namespace.

    Returns
    -------
    list of (Model, object)
        Empty as long as TensorFlow is not imported.
    """
    sorts = Sorts()
    if not sorts.any_model:
        return []
    return [
        (describe(obj, tuple(sorted(names, key=len)), sorts), obj)
        for obj, names in search.expressions(namespace, sorts)
    ]


def reach(namespace: Mapping[str, object]) -> dict[str, object]:
    """Return the models of a namespace by each expression that `find` has, without describing."""
    sorts = Sorts()
    if not sorts.any_model:
        return {}
    found = search.expressions(namespace, sorts)
    return {expression: obj for obj, expressions in found for expression in expressions}


def describe(obj: object, names: Sequence[str] = ("model",), sorts: Sorts | None = None) -> Model:
    """Return what is known of one model.

    Parameters
    ----------
    obj : object
    names : sequence of str
        The expressions that reach it.
    sorts : Sorts, optional
        Those of the look that it is described in.

    Raises
    ------
    TypeError
        If it is no model: `kind_of` says None.
    """
    sorts = sorts or Sorts()
    sort = sorts.of(obj)
    if sort.kind is None:
        raise TypeError(f"{names[0]} is no model: a {static.class_name(sort.cls)}")
    own = walk.variables(obj, sorts)
    is_keras = sort.kind.framework != "TensorFlow"
    try:
        ref = weakref.ref(obj)
    except TypeError:
        ref = None
    return Model(
        names=tuple(names),
        kind=sort.kind.name,
        framework=sort.kind.framework,
        class_name=static.class_name(sort.cls),
        built=sort.members(obj).get("built") is True if is_keras else None,
        variables=len(own),
        bytes=sum(walk.nbytes(variable, sorts) for variable in own),
        functions=walk.functions(obj, sorts),
        ref=ref,
    )


def nbytes(obj: object) -> int:
    """Return the size of a model's variables in bytes, as `describe` has it; 0 of what is none."""
    sorts = Sorts()
    if sorts.of(obj).kind is None:
        return 0
    return sum(walk.nbytes(variable, sorts) for variable in walk.variables(obj, sorts))
