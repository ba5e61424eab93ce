"""The battery on the benchmark models themselves: `make battery`, which takes minutes."""

from __future__ import annotations

from benchmark_models import large
from test_battery import *  # noqa: F403, the same tests

SUBJECTS = large(efficientnet_side=96)
