"""SM103: the variables and tables that functions use, but the exported object does not track."""

from __future__ import annotations

import inspect
import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel import saved as saving
from sm_magics.savedmodel.checks import reach
from sm_magics.savedmodel.diagnostics import finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sm_magics.savedmodel.capture.owners import Holder
    from sm_magics.savedmodel.checks.reach import Reached
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.saved import Saved

_RESOURCES = ("resource", "variant")


@dataclass(frozen=True, slots=True)
class _Use:
    """A resource that a trace captures: its handle, what it is inside, the path of the function."""

    handle: Any
    inner: Any
    label: str
    trace: Any


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is exported: the object, what a person calls it, the attributes proposed so far."""

    obj: Any
    name: str
    proposed: set[str]

    def attribute(self, base: str) -> str:
        """Return a name that the object has no attribute of."""
        stem = re.sub(r"\W+", "_", base, flags=re.ASCII).strip("_") or "state"
        if keyword.iskeyword(stem) or not stem.isidentifier():
            stem = f"v_{stem}"
        name, number = stem, 1
        while name in self.proposed or inspect.getattr_static(self.obj, name, self) is not self:
            number += 1
            name = f"{stem}_{number}"
        self.proposed.add(name)
        return name

    def assigned(self, attribute: str, value: str) -> str:
        """Return what a person types now, and what in the class, if that is the author's."""
        typed = f"`{self.name}.{attribute} = {value}`"
        if type(self.obj).__module__.startswith(("tensorflow.", "keras.", "tf_keras.")):
            return typed
        own = re.sub(rf"\b{re.escape(self.name)}\.", "self.", value)
        return f"{typed}, or in `__init__`: `self.{attribute} = {own}`"


def check(
    saved: Saved, obj: Any, name: str, namespace: Mapping[str, Any] | None
) -> list[Diagnostic]:
    """Return SM103 for each resource that nothing of the exported object reaches.

    The variables of one Keras layer or metric are one finding.

    Parameters
    ----------
    saved : Saved
        What will be written.
    obj : Trackable
        The object, and `name`, what a person calls it.
    namespace : mapping or None
        The notebook's names.
    """
    uses = _uses(saved)
    if not uses:
        return []
    names = {name: obj} | dict(namespace or {})
    subject = _Subject(obj, name, set())
    codes = frames.codes_of(obj, saved.functions.values())
    found: dict[int, Diagnostic] = {}
    for use in uses:
        ops = list(tf_private.uses(use.inner))
        reached = reach.reach(use.handle, ops, saved.functions.get(use.label), names)
        whole = None if reached is None else _keras_owner(reached.holder, use.handle, obj)
        key = id(use.handle) if whole is None else id(whole.value)
        if key in found:
            continue
        line = next(
            (frame for op in ops if (frame := frames.of_op(op, codes)) is not None),
            None,
        )
        what, hint = _said(use, reached, whole, subject, names)
        found[key] = finding(
            "SM103",
            f"{what} is used by {use.label!r}, but the exported object does not track it",
            hint,
            function=use.label,
            related=() if reached is None else reach.made(reached, whole or reached.holder),
            **frames.where(line or frames.of_concrete(use.trace, codes)),
        )
    return list(found.values())


def _uses(saved: Saved) -> list[_Use]:
    tracked = saved.handles()
    found: dict[int, _Use] = {}
    for label, traces in saved.traces.items():
        for trace in traces:
            passed = tracked | tf_private.deleted(trace)  # SM105 is about the deleted ones
            for captured, inner in trace.graph.captures:
                if captured.dtype.name in _RESOURCES and id(captured) not in passed:
                    found.setdefault(id(captured), _Use(captured, inner, label, trace))
    return list(found.values())


def _keras_owner(holder: Holder, handle: Any, obj: Any) -> Holder | None:
    """Return the layer, metric or seed whose variable was found; None if it is of no such."""
    above = holder.above
    while above is not None and above.value is not obj:
        if tf_private.is_keras_object(above.value) and _has(above.value, handle):
            return above
        above = above.above
    return None


def _has(owner: Any, handle: Any) -> bool:
    """Tell whether a Keras object has the variable with a handle."""
    handles = {
        id(one)
        for variable in tf_private.keras_state(owner)
        for one in tf_private.handles(tf_private.raw_variable(variable))
    }
    if tf_private.is_trackable(owner):
        handles |= saving.look(owner, trace=False).handles()
    return id(handle) in handles


def _said(
    use: _Use,
    reached: Reached | None,
    whole: Holder | None,
    subject: _Subject,
    names: Mapping[str, Any],
) -> tuple[str, str]:
    """Return the subject of the sentence, and what to type."""
    kind = "variable" if tf_private.variable_dtype(use.handle) is not None else "table"
    seed = tf_private.global_seed()
    if seed is not None and any(handle is use.handle for handle in tf_private.handles(seed)):
        return "the seed that Keras draws from where none is given", _seeded(subject.obj)
    if reached is None:
        attribute = subject.attribute(kind)
        hint = f"make it in `__init__` as an attribute of the exported object: `self.{attribute}"
        return f"the {kind} that no name reaches", f"{hint} = ...`"
    if whole is not None:
        what = f"the state of the {type(whole.value).__name__} `{reached.within(whole)}`"
        attribute, value = _of_keras(whole, reached.within(whole))
    else:
        what, value = f"the {kind} `{reached.path}`", reached.path
        attribute = _stem(reached.holder)
        value += ".value" if tf_private.is_keras_variable(reached.holder.value) else ""
    attribute = subject.attribute(attribute)
    if reached.seen:
        value = _from_scope(reached, value, saving.expression(subject.name, use.label))
        typed = f"`import inspect`, then `{subject.name}.{attribute} = {value}`"
        return what, f"keep it on the exported object where it is made, or type {typed}"
    assignment = _assignment(reached, value, attribute, subject, names)
    hint = f"assign it to the exported object: {assignment}"
    if whole is None and (own := _plain_class(reached.holder, subject.obj)):
        return what, f"{own} objects are not tracked: derive the class from tf.Module, or {hint}"
    return what, hint


def _seeded(obj: Any) -> str:
    hint = (
        "keep a seed of its own, in `__init__`: `self.seed = keras.random.SeedGenerator()`, and "
        "give `seed=self.seed` to what draws"
    )
    if tf_private.is_keras_object(obj):
        return hint
    return f"{hint}; no tf.Module tracks one, so also `self.seed_state = self.seed.state.value`"


def _of_keras(whole: Holder, path: str) -> tuple[str, str]:
    """Return which attribute to make of a Keras object that is not tracked, and of what."""
    stem = _stem(whole)
    if tf_private.is_trackable(whole.value):
        return stem, path
    if hasattr(whole.value, "variables"):
        return f"{stem}_state", f"[v.value for v in {path}.variables]"
    return f"{stem}_state", f"{path}.state.value"


def _stem(holder: Holder) -> str:
    parts = [holder.name]
    while holder.above is not None and reach.is_container(holder.above.value):
        holder = holder.above
        parts.insert(0, holder.name)
    return "_".join(part.strip("'\"") for part in parts)


def _assignment(
    reached: Reached, value: str, attribute: str, subject: _Subject, names: Mapping[str, Any]
) -> str:
    module = reached.module
    if module is None or names.get(module.__name__) is module:
        return subject.assigned(attribute, value)
    return f"`import {module.__name__}`, then {subject.assigned(attribute, value)}"


def _from_scope(reached: Reached, value: str, label: str) -> str:
    """Return a name that only the function at `label` sees as it can be typed."""
    name = reached.holder.root.name
    seen = f"inspect.getclosurevars(inspect.unwrap({label}.python_function)).{reached.seen}"
    return re.sub(rf"(?<![\w.]){name}\b", lambda _: f"{seen}[{name!r}]", value, count=1)


def _plain_class(holder: Holder, obj: Any) -> str | None:
    """Return the class of a plain object that the exported one holds, and that holds something."""
    if holder.above is None or holder.above.above is None:
        return None
    owner, above = holder.above.value, holder.above.above.value
    tracked = tf_private.is_trackable(owner) or reach.is_filled_by_its_class(owner)
    return type(owner).__name__ if above is obj and not tracked else None
