"""What TensorFlow's releases know: ops, attributes, kernels; static tables, without TensorFlow.

`ops-*.txt` are written by `scripts/make_op_table.py`, `kernels.txt` by
`scripts/make_kernel_table.py`, each from an installed TensorFlow that it names in its first line.
"""

from __future__ import annotations

from sm_magics.savedmodel.op_tables.devices import (
    Answer,
    Answers,
    constrained,
    dtype_attributes,
    gpu_only,
    host_only,
    kernels,
)
from sm_magics.savedmodel.op_tables.releases import (
    OpTable,
    known_versions,
    nearest,
    newest,
    oldest_with,
    table,
)
from sm_magics.savedmodel.op_tables.saver import saver_uses

__all__ = [
    "Answer",
    "Answers",
    "OpTable",
    "constrained",
    "dtype_attributes",
    "gpu_only",
    "host_only",
    "kernels",
    "known_versions",
    "nearest",
    "newest",
    "oldest_with",
    "saver_uses",
    "table",
]
