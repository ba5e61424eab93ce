"""Run by `bench_memory`: ``python memory_child.py MODEL WAY`` prints the bytes that it took more.

The kernel keeps the high-water mark of a process; it is reset once the model is there.
"""

from __future__ import annotations

import gc
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "shared")]

from benchmark_models import LARGE  # noqa: E402, its folder is on the path now
from exporting import Exporting  # noqa: E402, as above


def peak() -> int:
    """Return the high-water mark of this process's resident memory, in bytes."""
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(kib) * 1024


def main(name: str, way: str) -> None:
    (subject,) = [one for one in LARGE if one.name == name]
    with tempfile.TemporaryDirectory() as scratch:
        exporting = Exporting(subject, Path(scratch))
        export = exporting.ways()[way]
        gc.collect()
        # 5: reset the high-water mark to what is resident now.
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
        before = peak()
        export()
        print(peak() - before)  # noqa: T201, the answer


if __name__ == "__main__":
    main(*sys.argv[1:])
