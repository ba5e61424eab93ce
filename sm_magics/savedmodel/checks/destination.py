"""SM5xx: can the export be put where it is to go? Looked at without writing anything."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.checks import damage
from sm_magics.savedmodel.diagnostics import Severity, finding
from sm_magics.savedmodel.publishing.occupancy import Kind, Occupant, listed, look
from sm_magics.savedmodel.publishing.sizes import decimal

if TYPE_CHECKING:
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.publishing.destination import Destination

_OTHER_PLACE = "Export to another directory."


def check(destination: Destination, *, overwrite: bool = False, need: int = 0) -> list[Diagnostic]:
    """Return what stands in the way of an export to `destination`.

    Parameters
    ----------
    destination : Destination
        From `resolve`.
    overwrite : bool
        Whether an older export may be replaced.
    need : int
        Size of the export in bytes, estimated.

    Returns
    -------
    list of Diagnostic
        SM501 where nothing can be written, SM502 for what is there already, SM505 if that is no
        whole export, SM503 where the disk has too little space.
    """
    found = in_the_way(destination, overwrite=overwrite)
    if any(one.code == "SM501" for one in found):
        return found
    # With the size of the export comes a second look, for SM503 alone.
    broken = [] if destination.next_version or need else damage.check(destination.path)
    return [*broken, *found, *_too_little_space(destination, overwrite=overwrite, need=need)]


def in_the_way(destination: Destination, *, overwrite: bool = False) -> list[Diagnostic]:
    """Return SM501 or SM502 for what keeps an export from its destination; no file is opened."""
    unwritable = _unwritable(destination)
    if unwritable is not None:
        return [unwritable]
    if destination.next_version:
        return _versions_in_the_way(destination.path)
    return _in_the_way(destination.path, overwrite=overwrite)


_PACKAGES = {
    "s3": "tensorflow-io",
    "hdfs": "tensorflow-io",
    "viewfs": "tensorflow-io",
    "az": "tensorflow-io",
    "http": "tensorflow-io (read only)",
    "https": "tensorflow-io (read only)",
}


def not_local(url: str) -> Diagnostic:
    """Return SM504 for a URL: exports are published by renaming, which only local disks can."""
    scheme = url.partition(":")[0]
    known = sorted(one for one in tf_private.schemes() if one)
    if scheme in known:
        what = f"{scheme}:// is no local disk, so nothing can be published there in one step"
    else:
        package = _PACKAGES.get(scheme)
        adds = f"; {package} adds it" if package else ""
        what = (
            f"this TensorFlow has no file system for {scheme}:// (it has {', '.join(known)}{adds})"
        )
    return finding(
        "SM504",
        f"{url}: {what}",
        "export to a local directory, then copy it there as a whole",
    )


def _unwritable(destination: Destination) -> Diagnostic | None:
    try:
        nearest = destination.nearest
        reason = _why_nothing_goes_in(nearest)
        if reason is None:
            # It raises for a name that is too long, be it that of a directory of versions.
            stays = _why_it_stays(destination.path)
            reason = None if destination.next_version else stays
    except OSError as error:  # such as a name that is too long, or a device that is gone
        reason = f"{destination.path}: {error.strerror}"
    return None if reason is None else finding("SM501", reason, _OTHER_PLACE)


def _why_nothing_goes_in(directory: Path) -> str | None:
    if not directory.is_dir():
        return f"{directory} is a file, so no directory can be made in it"
    if _is_read_only(directory):
        return f"{directory} is on a read-only filesystem"
    if not _may(directory, os.W_OK | os.X_OK):
        return f"{directory} may not be written to by this user"
    return None


def _why_it_stays(path: Path) -> str | None:
    try:
        there = stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return None
    if there and not _may(path, os.R_OK | os.W_OK | os.X_OK):
        return f"{path} may not be read and deleted by this user"
    return None


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _is_read_only(directory: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(directory).f_flag & os.ST_RDONLY)


def _versions_in_the_way(path: Path) -> list[Diagnostic]:
    if look(path).kind is not Kind.SAVED_MODEL:
        return []
    return [
        finding(
            "SM502",
            f"{path} is a SavedModel itself, so it can't be a directory of versions",
            f"Give the versions a directory of their own, such as {path}_versions.",
        )
    ]


def _in_the_way(path: Path, *, overwrite: bool) -> list[Diagnostic]:
    occupant = look(path)
    if occupant.refusal is not None:
        return [finding("SM502", occupant.refusal.reason, occupant.refusal.hint)]
    if occupant.kind not in {Kind.SAVED_MODEL, Kind.PARTIAL}:
        return []
    if not overwrite:
        return [_holds_an_export(path, occupant)]
    return [_deletes_strangers(path, occupant)] if occupant.strangers else []


def _holds_an_export(path: Path, occupant: Occupant) -> Diagnostic:
    strangers = (
        f", and files that no export wrote ({listed(occupant.strangers)})"
        if occupant.strangers
        else ""
    )
    what = "a SavedModel" if occupant.kind is Kind.SAVED_MODEL else "a part of a SavedModel"
    return finding(
        "SM502",
        f"{path} holds {what} already{strangers}",
        "Replace it with --overwrite (overwrite=True), or keep every export with --next-version "
        f"(next_version=True) in a directory of versions, such as {path}_versions.",
    )


def _deletes_strangers(path: Path, occupant: Occupant) -> Diagnostic:
    found = finding(
        "SM502",
        f"overwriting {path} deletes files that no export wrote ({listed(occupant.strangers)})",
        "Move them out of the directory first if they are to be kept.",
    )
    return replace(found, severity=Severity.WARNING, count=len(occupant.strangers))


def _too_little_space(destination: Destination, *, overwrite: bool, need: int) -> list[Diagnostic]:
    free = shutil.disk_usage(destination.nearest).free
    if need <= free:
        return []
    kept = " The old export is deleted only after the new one is in its place." if overwrite else ""
    return [
        finding(
            "SM503",
            f"the export needs {decimal(need)}, and {destination.nearest} has {decimal(free)} free",
            f"Free some space, or export to another disk.{kept}",
        )
    ]
