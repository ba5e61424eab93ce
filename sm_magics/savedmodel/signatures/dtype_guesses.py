"""Dtypes that nobody recorded: what a graph tells of them, and which ones a body takes."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sm_magics.savedmodel.signatures import Spec

GUESSES = ("int32", "int64", "string")
_FEW = 3
"""How many inputs are tried in all combinations."""

_ABOUT_DTYPES = re.compile(r"dtype|datatype|type|float", re.IGNORECASE)


def tried(
    trace: Callable[[tuple[Spec, ...]], Any], specs: tuple[Spec, ...]
) -> tuple[Any, tuple[Spec, ...]]:
    """Trace with guessed dtypes; where the body refuses them, with the nearest ones that it takes.

    Raises
    ------
    Exception
        What the body raised for the first guess, if it takes none.
    """
    try:
        return trace(specs), specs
    except Exception as error:
        if not _ABOUT_DTYPES.search(str(error)):
            raise
        for other in _others(specs):
            try:
                return trace(other), other
            except Exception:  # noqa: BLE001, S112, whatever the body raises for a wrong dtype
                continue
        raise


def _others(specs: tuple[Spec, ...]) -> Iterator[tuple[Spec, ...]]:
    for dtype in GUESSES:
        whole = tuple(spec._replace(dtype=dtype) for spec in specs)
        pairs = list(zip(specs, whole, strict=True))
        choices = list(itertools.product(*pairs)) if len(specs) <= _FEW else [whole]
        changed = [choice for choice in choices if choice != specs]
        yield from sorted(changed, key=lambda choice: _count(choice, specs))


def _count(choice: Sequence[Spec], specs: Sequence[Spec]) -> int:
    return sum(one != other for one, other in zip(choice, specs, strict=True))


def told(concrete: Any, specs: Sequence[Spec]) -> tuple[Spec, ...]:
    """Return specs with the dtype that the first use of each input tells of: a cast to it."""
    return tuple(
        spec._replace(dtype=_cast_to(tensor) or spec.dtype)
        for spec, tensor in zip(specs, concrete.inputs, strict=False)
    )


def _cast_to(tensor: Any) -> str:
    for operation in tensor.consumers():
        if operation.type == "Cast":
            dtype = operation.get_attr("DstT")
            if dtype.is_integer:
                return "int32"
            if dtype.name == "string":
                return "string"
        inner = [*operation.outputs] if operation.type == "Identity" else []
        for index, one in enumerate(operation.inputs):
            if one is tensor:
                inner += tf_private.parameters_called(operation, index)
        for one in inner:
            if dtype := _cast_to(one):
                return dtype
    return ""
