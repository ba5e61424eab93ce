"""How a person reaches a variable or table that a function uses, and which line made it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel.capture import owners
from sm_magics.savedmodel.capture.kinds import CONTAINERS, Sorts
from sm_magics.savedmodel.diagnostics import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

    from sm_magics.savedmodel.capture.owners import Holder


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a variable or table was found.

    Attributes
    ----------
    holder : Holder
        What holds it; its path starts from a name of the notebook, of a module or of a closure.
    module : module or None
        The module that the path starts from, if it is not the one that the person types in.
    seen : str
        ``"nonlocals"`` if the path starts from a local name of the function around the one that
        uses it, ``"globals"`` from a global one that is another's in the notebook; else empty.
    """

    holder: Holder
    module: ModuleType | None = None
    seen: str = ""

    @property
    def path(self) -> str:
        """The expression that names it: ``"helper.scale"``."""
        return self.within(self.holder)

    def within(self, holder: Holder) -> str:
        """Return the expression for an owner of it."""
        return f"{self.module.__name__}.{holder.path}" if self.module is not None else holder.path


def reach(
    handle: Any, ops: Sequence[Any], function: Any, namespace: Mapping[str, Any]
) -> Reached | None:
    """Return where the variable or table with a handle is; None if nothing reaches it.

    Parameters
    ----------
    handle : tf.Tensor
        As a ConcreteFunction captured it.
    ops : sequence of tf.Operation
        Those that use it.
    function : tf.function or None
        The one that uses it.
    namespace : mapping
        The names of the notebook, and that of the object.
    """
    if (found := owners.holder(handle, namespace)) is not None:
        return Reached(found)
    seen_globals, seen_nonlocals = frames.scope(function)
    if (found := owners.holder(handle, seen_nonlocals)) is not None:
        return Reached(found, seen="nonlocals")
    if (found := owners.holder(handle, seen_globals)) is not None:
        module = _module(frames.python_function(function).__module__)
        # What `%run` ran is in no module; the notebook may have bound the name anew.
        is_others = module is None and found.root.name in namespace
        return Reached(found, module, "globals" if is_others else "")
    for module in _modules(ops):
        if (found := owners.holder(handle, vars(module))) is not None:
            return Reached(found, _module(module.__name__))
    return None


def _module(name: str) -> ModuleType | None:
    return None if name == "__main__" else sys.modules.get(name)


def _modules(ops: Sequence[Any]) -> Iterator[ModuleType]:
    files = {
        file: module
        for module in list(sys.modules.values())
        if (file := getattr(module, "__file__", None)) and frames.is_authors(file)
    }
    for file in dict.fromkeys(frame.file for op in ops for frame in frames.stack(op)):
        if file in files:
            yield files[file]


def made(reached: Reached, holder: Holder) -> tuple[Place, ...]:
    """Return the place that made what `holder` holds; none rather than one that may be wrong.

    `holder` is the one that was reached, or one above it.
    """
    while holder.above is not None:
        if not is_filled_by_its_class(holder.above.value):
            frame = frames.of_attribute(holder.above.value, holder.name)
            return _place(frame)
        holder = holder.above
    if reached.module is not None:
        return _place(frames.of_global(reached.module, holder.name))
    return () if reached.seen else (Place(what="made", name=holder.path),)


def _place(frame: frames.Frame | None) -> tuple[Place, ...]:
    return () if frame is None else (Place(what="made", file=frame.file, line=frame.line),)


def is_filled_by_its_class(owner: Any) -> bool:
    """Tell whether nobody assigns attributes of an object, so that what made it made its parts.

    So it is for containers, and for what TensorFlow and Keras make, unless it tracks attributes.
    """
    if is_container(owner):
        return True
    theirs = type(owner).__module__.startswith(("tensorflow.", "keras.", "tf_keras."))
    return theirs and not tf_private.is_auto_trackable(owner)


def is_container(owner: Any) -> bool:
    """Tell whether an object is a list, tuple or dict, or TensorFlow's wrapper of one."""
    return Sorts().of(owner).role in CONTAINERS
