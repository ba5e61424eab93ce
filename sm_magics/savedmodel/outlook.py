"""What an export meets at a directory, as long as a person is typing its name. Nothing is written.

It stands above `publishing`, whose words it asks, and `checks`, whose findings it tells.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sm_magics.savedmodel.checks import destination as destination_check
from sm_magics.savedmodel.diagnostics import blocking
from sm_magics.savedmodel.publishing import destination, occupancy
from sm_magics.savedmodel.publishing.occupancy import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_magics.savedmodel.publishing.destination import Destination

_COUNTED = 10_000
"""Files whose sizes are added up at most: more would take longer than a person types."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What stands where an export is to go.

    Attributes
    ----------
    path : Path or None
        The directory that will be written, absolute, with links followed; of a directory of
        versions, the next one. None where the text names no local directory.
    kind : Kind
        What stands at the directory that was named: for versions, at the one that holds them.
    version : int or None
        The number of the next version; None where versions are not asked for, or none is left.
    bytes : int
        Size of what stands at `path`, of 10,000 files at most; 0 if nothing does.
    free : int
        Free bytes of that disk; 0 where that is not known.
    refusal : str
        Why the export can't go there as asked; empty if it can.
    """

    path: Path | None
    kind: Kind = Kind.NOTHING
    version: int | None = None
    bytes: int = 0
    free: int = 0
    refusal: str = ""


def look(export_dir: str, *, next_version: bool = False, overwrite: bool = False) -> Outlook:
    """Tell what an export would meet; quick, and without a trace.

    Whether an old export is whole (SM505) is not looked at: that takes reading it.

    Parameters
    ----------
    export_dir : str
        What a person typed.
    next_version : bool
        Whether it is a directory of versions, one of which is to be added.
    overwrite : bool
        Whether an export that stands there may be replaced.
    """
    try:
        named = destination.resolve(export_dir, next_version=next_version)
    except (ValueError, OSError) as error:  # such as a current directory that is gone
        return Outlook(None, refusal=str(error))
    refusal = _refusal(named, overwrite=overwrite)
    kind, version, path, free = Kind.NOTHING, None, named.path, 0
    with contextlib.suppress(OSError):  # of which the refusal tells
        kind = occupancy.look(named.path).kind
        free = shutil.disk_usage(named.nearest).free
    if next_version:
        try:
            version = _next_version(named.path)
            path = named.path / str(version)
        except (OSError, OverflowError) as error:
            refusal = refusal or str(error)
    size = _size(path) if version is None else 0
    return Outlook(path, kind, version, size, free, refusal)


def suggestions(fragment: str) -> list[str]:
    """Return the directories that begin like a path that is being typed, each with a slash.

    Hidden ones are left out until the fragment's last part begins with a dot.
    """
    above, slash, last = fragment.rpartition("/")
    if fragment.startswith("~") and not slash:
        return [f"{fragment}/"] if os.path.isdir(os.path.expanduser(fragment)) else []  # noqa: PTH111, PTH112, Path's raises for an unknown user
    try:
        return sorted(
            f"{above}{slash}{child.name}/"
            for child in Path(above + slash).expanduser().iterdir()
            if child.name.startswith(last)
            and not (child.name.startswith(".") and not last.startswith("."))
            and child.is_dir()
        )
    except (OSError, RuntimeError, ValueError):  # nothing there, no such user, a null byte
        return []


def _refusal(named: Destination, *, overwrite: bool) -> str:
    try:
        found = destination_check.in_the_way(named, overwrite=overwrite)
    except OSError as error:
        return str(error)
    return next((one.message for one in found if blocking([one])), "")


def _next_version(directory: Path) -> int:
    return occupancy.next_version(directory) if directory.is_dir() else 1


def _size(path: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        for count, size in enumerate(_sizes(os.fspath(path))):
            if count == _COUNTED:
                break
            total += size
    return total


def _sizes(path: str) -> Iterator[int]:
    if not os.path.isdir(path):  # noqa: PTH112, a Path for each file costs more than the look
        yield os.lstat(path).st_size
        return
    folders = [path]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False).st_size
