"""Measure two ways of doing the same in turns, so that a busy machine slows both."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Row:
    """A line of the tables: what was measured, and how it compares with a named peer.

    The numbers are milliseconds, or what the section's head says instead.
    """

    name: str
    ours_ms: float
    peer: str
    peer_ms: float

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.peer_ms


def medians(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    warm: bool = True,
    before: Callable[[str], object] | None = None,
) -> dict[str, float]:
    """Return the median milliseconds of each way.

    Parameters
    ----------
    ways : mapping of str to callable
        They take turns.
    rounds : int
    warm : bool
        Whether one uncounted round comes first.
    before : callable, optional
        Gets the name of the way whose turn it is; its time does not count.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(-int(warm), rounds):
        for name, way in ways.items():
            if before is not None:
                before(name)
            gc.collect()
            start = time.perf_counter()
            way()
            if number >= 0:
                times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(taken) for name, taken in times.items()}
