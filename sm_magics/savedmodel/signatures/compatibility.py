"""What a change of signatures means to the clients of a server; pure: no TensorFlow, no files.

A client knows a signature by its key, its tensors by their names, and what each of them holds. It
goes on working as long as every request that was accepted still is, and every answer holds what
the old answers held:

- Inputs may accept more (``None`` where a number was), never less; none may go, come or be called
  otherwise, for a request carries exactly the inputs of its signature.
- Outputs may promise more (a number where ``None`` was), never less; new ones are ignored. That an
  output follows an input that accepts more takes nothing away: the old requests get old answers.
- Another dtype is refused, or misread.

The order in which tensors are written and the function behind a key mean nothing to a client.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sm_magics.savedmodel.signatures import Signature, Spec

    Shape = tuple[int | None, ...] | None

INPUT, OUTPUT, SIGNATURE = "input", "output", "signature"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the signatures of two exports.

    Attributes
    ----------
    key : str
        The SignatureDef's key.
    part : {"signature", "input", "output"}
        What differs.
    what : str
        ``added`` or ``removed``; for a tensor also ``renamed``, ``other dtype``, ``narrower
        shape``, ``wider shape`` or ``other shape`` (neither old nor new holds the other).
    old, new : Spec or None
        The tensor before and after; None where there was or is none, and for whole signatures.
    effect : str
        What it does to a client of the old export; may be empty if it does not break it.
    breaks : bool
        Whether a client of the old export can fail.
    """

    key: str
    part: str
    what: str
    old: Spec | None = None
    new: Spec | None = None
    effect: str = ""
    breaks: bool = False

    @property
    def tensors(self) -> str:
        """The tensor before and after: ``"x: float32[None] -> x: float32[4]"``; may be empty."""
        return " -> ".join(str(spec) for spec in (self.old, self.new) if spec is not None)

    def __str__(self) -> str:
        """Return the change in a line: ``"serving_default: input removed: x: float32[None]"``."""
        told = [self.key, f"{self.part} {self.what}", self.tensors]
        line = ": ".join(part for part in told if part)
        return f"{line} ({self.effect})" if self.effect else line


def breaking(old: Sequence[Signature], new: Sequence[Signature]) -> tuple[Change, ...]:
    """Return the changes from `old` to `new` that break clients of `old`; see `changes`."""
    return tuple(change for change in changes(old, new) if change.breaks)


def changes(old: Sequence[Signature], new: Sequence[Signature]) -> tuple[Change, ...]:
    """Return how `new` differs from `old`: what breaks clients first, then by key.

    Parameters
    ----------
    old, new : sequence of Signature
        All signatures of a MetaGraph, or of an export that is not written yet, in any order.

    Returns
    -------
    tuple of Change
        Empty if clients see no difference.
    """
    before = {signature.key: signature for signature in old}
    after = {signature.key: signature for signature in new}
    found = []
    for key in sorted({*before, *after}):
        if key not in after:
            gone = "requests for it are refused"
            found.append(Change(key, SIGNATURE, "removed", effect=gone, breaks=True))
        elif key not in before:
            found.append(Change(key, SIGNATURE, "added"))
        else:
            found.extend(_within(before[key], after[key]))
    return tuple(sorted(found, key=lambda change: not change.breaks))


def _within(old: Signature, new: Signature) -> Iterator[Change]:
    inputs = list(_inputs(old, new))
    yield from inputs
    accepts_more = any(change.what == "wider shape" for change in inputs)
    yield from _outputs(old, new, accepts_more=accepts_more)


def _inputs(old: Signature, new: Signature) -> Iterator[Change]:
    for what, before, after in _tensors(old.inputs, new.inputs):
        effect = {
            "added": "requests without it are refused",
            "removed": "requests with it are refused",
            "renamed": "requests with the old name are refused",
            "other dtype": "tensors of the old dtype are refused",
            "narrower shape": "some shapes that were accepted are refused",
            "other shape": "shapes that were accepted are refused",
        }.get(what, "")
        yield Change(old.key, INPUT, what, before, after, effect, breaks=what != "wider shape")


def _outputs(old: Signature, new: Signature, *, accepts_more: bool) -> Iterator[Change]:
    for what, before, after in _tensors(old.outputs, new.outputs):
        effect = {
            "removed": "answers lack it",
            "renamed": "answers lack the old name",
            "other dtype": "answers are misread",
            "wider shape": "answers can have sizes that they never had",
            "other shape": "answers have another shape",
        }.get(what, "")
        breaks = what not in ("added", "narrower shape")
        if what == "added" and len(old.outputs) == 1:
            # TensorFlow Serving's REST answers name the outputs only where there are several.
            effect = "answers in JSON rows now name their outputs"
        if what == "wider shape" and accepts_more:
            effect, breaks = "it follows the inputs, which accept more", False
        yield Change(old.key, OUTPUT, what, before, after, effect, breaks=breaks)


def _tensors(
    old: Sequence[Spec], new: Sequence[Spec]
) -> Iterator[tuple[str, Spec | None, Spec | None]]:
    before = {spec.name: spec for spec in old}
    after = {spec.name: spec for spec in new}
    renamed = _renamed(before, after)
    for name, spec in before.items():
        if name in renamed:
            yield "renamed", spec, after[renamed[name]]
        elif name not in after:
            yield "removed", spec, None
        else:
            for what in _altered(spec, after[name]):
                yield what, spec, after[name]
    came = [name for name in after if name not in before and name not in renamed.values()]
    yield from (("added", None, after[name]) for name in came)


def _renamed(before: Mapping[str, Spec], after: Mapping[str, Spec]) -> dict[str, str]:
    """Pair names that went with names that came, where dtype and shape leave no choice."""
    gone = [spec for name, spec in before.items() if name not in after]
    came = [spec for name, spec in after.items() if name not in before]
    of_gone = Counter((spec.dtype, spec.shape) for spec in gone)
    of_came = Counter((spec.dtype, spec.shape) for spec in came)
    names = {(spec.dtype, spec.shape): spec.name for spec in came}
    return {
        spec.name: names[held]
        for spec in gone
        if of_gone[held := (spec.dtype, spec.shape)] == of_came[held] == 1
    }


def _altered(old: Spec, new: Spec) -> Iterator[str]:
    if old.dtype != new.dtype:
        yield "other dtype"
    if old.shape == new.shape:
        return
    if _covers(new.shape, old.shape):
        yield "wider shape"
    elif _covers(old.shape, new.shape):
        yield "narrower shape"
    else:
        yield "other shape"


def _covers(whole: Shape, part: Shape) -> bool:
    """Whether every shape that `part` allows is one that `whole` allows."""
    if whole is None:
        return True
    if part is None or len(whole) != len(part):
        return False
    return all(size is None or size == own for size, own in zip(whole, part, strict=True))
