"""A SavedModel directory with what its ops mean where it goes. TensorFlow is not imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_magics.savedmodel import op_tables
from sm_magics.savedmodel.checks import reachable
from sm_magics.savedmodel.diagnostics import TARGETS
from sm_magics.savedmodel.inspection import inspect

if TYPE_CHECKING:
    import os

    from sm_magics.savedmodel.inspection import Inspection


def examine(
    export_dir: str | os.PathLike[str], target: str = "any", consumer: str | None = None
) -> Inspection:
    """Return what is in a directory, with findings.

    Parameters
    ----------
    export_dir : str or path-like
    target : {"any", "cpu", "gpu", "tpu"}
    consumer : str, optional
        The release of TensorFlow that is to load it: ``"2.12"``.

    Raises
    ------
    InspectionError
        A ValueError, if it is no SavedModel or is damaged.
    ValueError
        If there is no such target or release.
    """
    if target not in TARGETS:
        raise ValueError(f"target is one of {', '.join(TARGETS)}; not {target!r}")
    release = None if consumer is None else op_tables.nearest(consumer)
    found = inspect(export_dir)
    return found._replace(findings=tuple(reachable.examine(found.path, target, release)))
