"""The files of a SavedModel directory, and what each of them is."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sm_magics.savedmodel.inspection.contents import File

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

FOREIGN = "foreign"
_STALE_SHARD = "variables shard that the index doesn't name"
_UNUSED_ASSET = "asset that no graph names"

# The first pattern that matches wins; `*` matches slashes too.
_ROLES = (
    ("saved_model.pb", "graph and signatures"),
    ("saved_model.pbtxt", "graph and signatures, as text"),
    ("saved_model.cpb", "graph and signatures, in chunks"),
    ("fingerprint.pb", "fingerprint"),
    ("keras_metadata.pb", "Keras metadata"),
    ("variables/variables.index", "variables index"),
    ("variables/variables.data-?????-of-?????", "variables shard"),
    ("variables/checkpoint", "checkpoint state"),
    ("variables/*_temp/*", "left over by an interrupted save"),
    ("variables/*.tempstate*", "left over by an interrupted save"),
    ("variables/", "variables (empty)"),
    ("assets/", "assets (empty)"),
    ("assets/*", "asset"),
    ("assets.extra/tf_serving_warmup_requests", "warmup requests"),
    ("assets.extra/*", "extra asset"),
    ("debug/saved_model_debug_info.pb", "debug info, with local file paths"),
)


def files(
    path: Path,
    *,
    assets: Collection[str] | None = None,
    shards: Collection[str] | None = None,
) -> tuple[File, ...]:
    """List every file below `path`, and every empty folder, sorted by path.

    Links to files are followed, links to folders are listed as files.

    Parameters
    ----------
    path : Path
        The directory.
    assets, shards : collection of str, optional
        Relative paths below ``assets/`` that a graph names, and names of the shards that the index
        has; others are told apart by their role. None tells nothing apart.
    """
    found = []
    for name, size in _walk(os.fspath(path), ""):
        role = role_of(name)
        if role == "asset" and assets is not None and name.removeprefix("assets/") not in assets:
            role = _UNUSED_ASSET
        elif role == "variables shard" and shards is not None:
            role = role if name.removeprefix("variables/") in shards else _STALE_SHARD
        found.append(File(name, size, role))
    return tuple(sorted(found, key=lambda file: file.path))


def _walk(folder: str, prefix: str) -> Iterator[tuple[str, int]]:
    empty = True
    with os.scandir(folder) as entries:
        for entry in entries:
            empty = False
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{name}/")
            else:
                yield name, _size(entry)
    if empty and prefix:
        yield prefix, 0


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:  # a link that leads nowhere
        return entry.stat(follow_symlinks=False).st_size


UNKNOWN = "known after a check"
"""What the role of a forecast file ends with, in parentheses, whose size nothing tells yet."""


def role_of(name: str) -> str:
    """Return what a file is by its relative path, whether a graph names it or not."""
    for pattern, role in _ROLES:
        if fnmatchcase(name, pattern):
            return role
    return f"{FOREIGN} (empty)" if name.endswith("/") else FOREIGN
