"""Call a function of a benchmark in a process of its own, which finds nothing that another left.

``python own_process.py MODULE FUNCTION ARGUMENT...`` prints what it returns as JSON, on the last
line: libraries print too.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def call(module: str, function: str, *arguments: str) -> Any:
    """Return what a function returns, objects as dictionaries of their attributes.

    Raises
    ------
    SystemExit
        It failed; the message has all that it printed.
    """
    command = [sys.executable, __file__, module, function, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = " ".join((module, function, *arguments))
        raise SystemExit(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _answer(module: str, function: str, *arguments: str) -> None:
    sys.path += [str(HERE), str(HERE.parent / "shared")]
    found = getattr(importlib.import_module(module), function)(*arguments)
    print("\n" + json.dumps(found, default=vars), flush=True)  # noqa: T201, the answer


if __name__ == "__main__":
    _answer(*sys.argv[1:])
