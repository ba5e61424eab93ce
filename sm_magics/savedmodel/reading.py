"""What only a written graph tells: which releases load it, and what its gradients mean.

To read it takes longer than to write the values again. So where the bytes on the disk are those
that the last export wrote, what was read of them then is what would be read now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_magics.savedmodel.checks import portability, reachable
from sm_magics.savedmodel.inspection import metagraph

if TYPE_CHECKING:
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.reuse import Memory
    from sm_magics.savedmodel.writing.fast import Package


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    Attributes
    ----------
    oldest : str or None
        The oldest release that loads it: see `Result.oldest_consumer`.
    found : tuple of Diagnostic
        What is wrong with it, be it known from the live functions or not.
    """

    oldest: str | None
    found: tuple[Diagnostic, ...]


def read(directory: Path, request: Request, memory: Memory, package: Package | None) -> Reading:
    """Read the graph in a directory, or return what was read of the same bytes.

    Parameters
    ----------
    directory : Path
    request : Request
    memory : Memory
        Of the export; keeps what is read, if the graph is that of its package.
    package : Package or None
        What the fast writer wrote there; a fix may have changed it since.
    """
    stands = package is not None and package.graph == (directory / "saved_model.pb").read_bytes()
    if stands and memory.package is package and memory.reading is not None:
        return memory.reading
    meta_graph = metagraph(directory)
    found = Reading(
        portability.oldest_consumer(reachable.uses(meta_graph)),
        tuple(reachable.of_written(meta_graph, directory, request.target, request.consumer)),
    )
    memory.reading = found if stands else None
    return found
