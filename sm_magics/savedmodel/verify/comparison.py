"""Compares two sets of outputs: dtypes, shapes, and values as closely as the dtype allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# (relative, absolute in units of the largest value). A model may sum thousands of products in
# another order when it is loaded; a wrong weight or a lost layer is far beyond these. In float16 a
# change of 1 % is still seen; in bfloat16 that is hardly more than its resolution.
_TOLERANCES = {
    "float64": (1e-7, 1e-9),
    "complex128": (1e-7, 1e-9),
    "float32": (1e-4, 1e-5),
    "complex64": (1e-4, 1e-5),
    "float16": (4e-3, 2e-3),
    "bfloat16": (5e-2, 1e-2),
    "float8_e4m3fn": (0.13, 0.02),
    "float8_e5m2": (0.26, 0.04),
}


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """One output of one signature, live against written.

    `max_abs` and `max_rel` are the largest absolute and relative differences; None where there is
    no such number, or the values were not compared (dtype and shape were). `reason` says in words
    why it is not equal.
    """

    name: str
    dtype: str
    equal: bool
    max_abs: float | None
    max_rel: float | None
    reason: str = ""


def compare(
    live: Mapping[str, Any], written: Mapping[str, Any], *, values: bool = True
) -> tuple[OutputCheck, ...]:
    """Compare outputs by name.

    Parameters
    ----------
    live, written : mapping of str to tensor
        With `values` False, `live` may be mere specs: what they leave free, any size is.
    values : bool
        Whether to compare the values, or only dtypes and shapes.

    Returns
    -------
    tuple of OutputCheck
        One for each name on either side; a name on one side only is not equal.
    """
    flat_live, flat_written = _flat(live), _flat(written)
    return tuple(
        _one(name, flat_live.get(name), flat_written.get(name), values=values)
        for name in flat_live | flat_written
    )


def _flat(outputs: Mapping[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    flat = {}
    for name, output in outputs.items():
        parts = tf.nest.flatten(output, expand_composites=True)
        for index, part in enumerate(parts):
            flat[name if len(parts) == 1 else f"{name}[{index}]"] = part
    return flat


def _one(name: str, live: Any, written: Any, *, values: bool) -> OutputCheck:
    dtype = (written if live is None else live).dtype.name
    if reason := _misfit(live, written, values=values):
        return OutputCheck(name, dtype, equal=False, max_abs=None, max_rel=None, reason=reason)
    # A handle ("resource", "variant") has no value that two processes could share.
    if not values or dtype in {"resource", "variant"}:
        return OutputCheck(name, dtype, equal=True, max_abs=None, max_rel=None)
    equal, max_abs, max_rel = _values(live, written)
    if equal:
        reason = ""
    elif max_abs is None or max_rel is None:
        reason = "the values differ"
    else:
        reason = f"max abs {max_abs:.3g}, max rel {max_rel:.3g}"
    return OutputCheck(name, dtype, equal, max_abs, max_rel, reason)


def _misfit(live: Any, written: Any, *, values: bool) -> str:
    if written is None:
        return "it is missing in the export"
    if live is None:
        return "the live object has no such output"
    if live.dtype.name != written.dtype.name:
        return f"{live.dtype.name} became {written.dtype.name}"
    same = live.shape == written.shape if values else live.shape.is_compatible_with(written.shape)
    return "" if same else f"shape {live.shape} became {written.shape}"


def _values(live: Any, written: Any) -> tuple[bool, float | None, float | None]:
    import numpy as np

    dtype = live.dtype.name
    # `np.asarray` of the tensor itself fails for scalars of dtypes that NumPy does not know.
    ours, theirs = np.asarray(live.numpy()), np.asarray(written.numpy())
    if dtype not in _TOLERANCES:
        return _exact(ours, theirs)
    wide = "complex128" if dtype.startswith("complex") else "float64"
    return _close(ours.astype(wide), theirs.astype(wide), dtype)


def _exact(ours: Any, theirs: Any) -> tuple[bool, float | None, float | None]:
    import numpy as np

    if np.array_equal(ours, theirs):
        return True, 0.0, 0.0
    if not np.issubdtype(ours.dtype, np.integer):
        return False, None, None
    # Modulo 2**64, which neither unsigned numbers nor large ones can leave.
    difference = np.maximum(ours, theirs).astype("uint64") - np.minimum(ours, theirs).astype(
        "uint64"
    )
    return False, *_largest(difference.astype("float64"), ours.astype("float64"))


def _close(ours: Any, theirs: Any, dtype: str) -> tuple[bool, float | None, float | None]:
    import numpy as np

    if ours.size == 0:
        return True, 0.0, 0.0
    relative, absolute = _TOLERANCES[dtype]
    # Equal infinities and NaNs at the same place are equal; they don't count as a difference.
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(ours - theirs))
    finite = np.abs(ours[np.isfinite(ours)])
    scale = float(finite.max()) if finite.size else 0.0
    allowed = relative * np.nan_to_num(np.abs(ours), posinf=0.0) + absolute * max(scale, 1e-30)
    equal = bool(np.all(difference <= allowed))
    return equal, *_largest(difference, ours)


def _largest(difference: Any, ours: Any) -> tuple[float, float]:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(difference == 0, 0.0, difference / np.abs(ours))
    return float(np.max(difference)), float(np.max(relative))
