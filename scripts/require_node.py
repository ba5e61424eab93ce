#!/usr/bin/env python
"""Put a Node into this environment where the PATH has none that can bundle the extension."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "labextension"))
from hatch_build import NODE_FROM_PYPI, has_node

if not has_node():
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, NODE_FROM_PYPI], check=True)  # noqa: S603 - a constant of ours
