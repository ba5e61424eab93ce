"""What `%load_ext sm_magics` costs, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys

from interleaved import Row, medians

SHELL = "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance(); "
WAYS = {
    "nothing": "",
    "sm_magics": "s.run_line_magic('load_ext', 'sm_magics')",
    "tensorflow": "import tensorflow",
    "ipywidgets": "import ipywidgets",
}


def run() -> list[Row]:
    """Return the cost above that of an IPython shell alone."""
    ways = {
        name: lambda code=code: subprocess.run(
            [sys.executable, "-c", SHELL + code], check=True, capture_output=True
        )
        for name, code in WAYS.items()
    }
    taken = medians(ways, rounds=7)
    base = taken["nothing"]
    ours = taken["sm_magics"] - base
    return [
        Row("`%load_ext sm_magics`", ours, "`import tensorflow`", taken["tensorflow"] - base),
        Row("`%load_ext sm_magics`", ours, "`import ipywidgets`", taken["ipywidgets"] - base),
    ]
