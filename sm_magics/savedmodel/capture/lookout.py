"""Looks at one namespace again and again, and into what may have changed since."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress, islice
from operator import ne
from typing import TYPE_CHECKING

from sm_magics.savedmodel.capture import Model, describe, search
from sm_magics.savedmodel.capture.kinds import CONTAINERS, Sorts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

HOLDERS = 60
"""Containers and objects that a quick look looks into, of those that no cell has mentioned."""


class Lookout:
    """What was found in a namespace, and how it looked then.

    A look of its own kind, `whole`, is `capture.find`. A quick one goes by what was bound anew,
    and by the names that the cell before it mentions. What code elsewhere puts into containers
    and objects is found in those of them that a look gets to: `HOLDERS` of them, and the next
    time the next ones. Nothing of the namespace is run.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._ids: list[int] = []
        self._places: dict[str, int] = {}
        self._reaching: set[str] = set()
        self._holders: dict[str, None] = {}
        self._models: dict[int, Model] = {}

    def whole(self, namespace: Mapping[str, object]) -> list[tuple[Model, object]]:
        """Look at everything."""
        self._models.clear()
        self._names, self._ids, self._places, self._holders = [], [], {}, {}
        self._changed(namespace)
        return self._found(namespace, namespace)

    def quick(
        self, namespace: Mapping[str, object], mentioned: Collection[str]
    ) -> list[tuple[Model, object]]:
        """Look at what may have changed.

        Parameters
        ----------
        namespace : mapping of str to object
            The one that was looked at before.
        mentioned : collection of str
            Names in the cell that ran since.

        Returns
        -------
        list of (Model, object)
            All models, as `capture.find` returns them.
        """
        changed = self._changed(namespace)
        others = list(islice(self._holders, HOLDERS))
        for name in others:  # next time the next ones
            self._holders[name] = self._holders.pop(name)
        fresh = changed.union(mentioned)
        places = self._places
        wanted = places.keys() & fresh.union(self._reaching, others)
        in_order = sorted(wanted, key=places.__getitem__)
        return self._found({n: namespace[n] for n in in_order if n in namespace}, fresh)

    def _changed(self, namespace: Mapping[str, object]) -> set[str]:
        # Each is one step for Python, but a thread of the user's may bind a name in between.
        names, ids = list(namespace), list(map(id, namespace.values()))
        known, looks = self._names, self._ids
        self._names, self._ids = names, ids
        if names[: len(known)] == known:  # as cells do it: new names come last
            new = names[len(known) :]
            self._places.update(zip(new, range(len(known), len(names)), strict=False))
            return {*compress(names, map(ne, ids, looks)), *new}
        self._places = dict(zip(names, range(len(names)), strict=False))
        for name in self._holders.keys() - self._places.keys():
            del self._holders[name]
        before = dict(zip(known, looks, strict=False))
        return {name for name, now in zip(names, ids, strict=False) if before.get(name) != now}

    def _found(
        self, looked: Mapping[str, object], fresh: Collection[str]
    ) -> list[tuple[Model, object]]:
        """Return the models that these names reach; those of `fresh` names are described anew."""
        sorts = Sorts()
        if not sorts.any_model:
            return []
        for name in fresh:
            if name in looked:
                self._note(name, looked[name], sorts)
        found, known = [], self._models
        self._models, self._reaching = {}, set()
        for obj, expressions in search.expressions(looked, sorts):
            names = tuple(sorted(expressions, key=len))
            roots = {search.root(name) for name in names}
            self._reaching |= roots
            model = known.get(id(obj))
            if model is None or not roots.isdisjoint(fresh) or not _is_told(model, obj):
                model = describe(obj, names, sorts)
            elif model.names != names:
                model = replace(model, names=names)
            self._models[id(obj)] = model
            found.append((model, obj))
        return found

    def _note(self, name: str, value: object, sorts: Sorts) -> None:
        role = sorts.of(value).role
        if role in CONTAINERS or role == "plain":
            self._holders[name] = None
        else:
            self._holders.pop(name, None)


def _is_told(model: Model, obj: object) -> bool:
    """Tell whether what is known of a model is of this object, and stays so by itself."""
    return model.ref is not None and model.ref() is obj and model.built is not False
