"""The memory that an export takes at its peak, in MB above what stood there, a process each.

The kernel keeps the high-water mark of a process; it is reset once the model is there.
"""

from __future__ import annotations

import gc
import re
import tempfile
from pathlib import Path

import own_process
from interleaved import Row
from ways import SAVE, UNVERIFIED

MB = 1e6


def run(model: str) -> list[Row]:
    """Return the peaks of a fresh export and of TensorFlow's save."""
    ours, theirs = (
        own_process.call("bench_memory", "peak", model, way) for way in (UNVERIFIED, SAVE)
    )
    return [Row(f"{model}: {UNVERIFIED}", ours / MB, SAVE, theirs / MB)]


def peak(model: str, way: str) -> int:
    """Export; return the bytes that this process took more meanwhile."""
    from benchmark_models import named
    from exporting import Exporting

    with tempfile.TemporaryDirectory() as scratch:
        export = Exporting(named(model), Path(scratch)).ways()[way]
        gc.collect()
        # 5: reset the high-water mark to what is resident now.
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
        before = _mark()
        export()
        return _mark() - before


def _mark() -> int:
    """Return the high-water mark of this process's resident memory, in bytes."""
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(kib) * 1024
