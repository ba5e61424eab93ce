"""SM212: what clients of the version that stands beside an export would notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.inspection import InspectionError, inspect
from sm_magics.savedmodel.signatures import compatibility

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.publishing.destination import Destination
    from sm_magics.savedmodel.signatures import Signature
    from sm_magics.savedmodel.signatures.endpoints import Endpoint


def check(
    destination: Destination, endpoints: Sequence[Endpoint], *, overwrite: bool
) -> list[Diagnostic]:
    """Return SM212 for each change that breaks the clients of the version before.

    That is the export that is overwritten, or the greatest number below in a directory of
    versions.
    """
    path = _before(destination, overwrite=overwrite)
    if path is None:
        return []
    try:
        old = inspect(path).signatures
    except (InspectionError, OSError):
        return []
    new = [endpoint.signature for endpoint in endpoints]
    return [
        finding(
            "SM212",
            f"clients of {path} would break: {change}",
            "keep the names, dtypes and shapes that it serves, or publish to another directory "
            "and move the clients first",
            function=change.key,
        )
        for change in compatibility.breaking([_comparable(s, new) for s in old], new)
    ]


def _before(destination: Destination, *, overwrite: bool) -> Path | None:
    path = destination.path
    if not destination.next_version and _is_occupied(path):
        return path if overwrite else None
    folder = path if destination.next_version else path.parent
    below = int(path.name) if path.name.isdecimal() and not destination.next_version else None
    if (below is None and not destination.next_version) or not folder.is_dir():
        return None
    versions = [
        int(entry.name)
        for entry in folder.iterdir()
        if entry.name.isdecimal() and (entry / "saved_model.pb").is_file()
    ]
    older = [number for number in versions if below is None or number < below]
    return folder / str(max(older)) if older else None


def _is_occupied(path: Path) -> bool:
    # An empty directory is written into, and serves nobody.
    return path.exists() and not (path.is_dir() and not any(path.iterdir()))


def _comparable(old: Signature, new: Sequence[Signature]) -> Signature:
    """Return a written signature with its composite outputs as an endpoint has them: whole."""
    outputs = [s for signature in new if signature.key == old.key for s in signature.outputs]
    names = {spec.name for spec in outputs}
    wholes = {spec.name: spec.name.rpartition("/")[0] for spec in old.outputs}
    kept = [s for s in old.outputs if s.name in names or wholes[s.name] not in names]
    whole = [s for s in outputs if s.name in wholes.values() and s.name not in wholes]
    return old._replace(outputs=(*kept, *whole))
