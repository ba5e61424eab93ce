"""What an older release does not know and does not need: which parts of a graph can be dropped.

Kept by hand, with the reason for each: dropping is right only where no output changes. A save
strips attributes that have their default value, so one that stands there says something.
"""

from __future__ import annotations

_NAME = "a name for messages and profiles"
_OPERAND = "tells which operand is a gradient, for a choice among kernels; the product is the same"
_GRADIENT = "the form of the gradient, sparse or dense; the op's outputs are the same"
_THREADS = "how elements are scheduled; which ones come, and their order, is the same"

HARMLESS: dict[str, dict[str, str]] = {
    "debug_name": dict.fromkeys(("VarHandleOp", "_XlaAotOnlyVarHandleOp"), _NAME),
    "metadata": {"*Dataset*": _NAME},
    "grad_a": {"MatMul": _OPERAND},
    "grad_b": {"MatMul": _OPERAND},
    "grad_x": {"BatchMatMul*": _OPERAND},
    "grad_y": {"BatchMatMul*": _OPERAND},
    "sparse_gradient": {"SparseSegment*": _GRADIENT},
    "use_unbounded_threadpool": {"ParallelMapDatasetV2": _THREADS},
    "force_synchronous": {"*MapDataset": _THREADS},
    "validate_shape": {
        "AssignVariableOp": "refuses a value of another shape; what it accepts is assigned the same"
    },
}
"""An attribute -> patterns of the ops where it can be dropped, each with the reason.

Not among them, on purpose: `bad_indices_policy` (an index out of range fails or is skipped), the
dtypes `Tk`, `index_type`, `shape_type` and `Tshape` (outputs have another dtype), `is_stateless`
and `Nordering_token` (the order of collectives), `cardinality_options` and `blank_index` (another
result), what `BatchFunction` has on priorities and padding (limits that requests are held to), and
everything of XLA and TPUs.
"""

REPLACED = {
    "DisableCopyOnRead": "a variable stops being copied at each read; its value is the same"
}
"""Ops without outputs that `NoOp` can stand for, each with the reason."""


def reason(op: str, attribute: str) -> str | None:
    """Return why an attribute can be dropped from an op; None if it can't."""
    from fnmatch import fnmatchcase

    patterns = HARMLESS.get(attribute, {})
    return next((why for pattern, why in patterns.items() if fnmatchcase(op, pattern)), None)
