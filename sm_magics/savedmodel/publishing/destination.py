"""Where an export goes: what a person typed -> the real directory that will hold it."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # two letters or more: C:/ is a drive
_HIDDEN_NAME_LIMIT = 200  # bytes; leaves room for ".", a token and ".partial" within NAME_MAX


class NotLocalError(ValueError):
    """A URL was given, as `url`; only local directories can be published atomically."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} is no local directory; export to one, then copy it there")
        self.url = url


@dataclass(frozen=True, slots=True)
class Destination:
    """A directory to publish to, or a directory of versions to publish the next one in.

    Attributes
    ----------
    path : Path
        Absolute, with symbolic links followed: what is replaced is the directory, not the link.
        With `next_version` it is the directory that holds the versions.
    next_version : bool
        Whether the export becomes ``path/1``, ``path/2``, … instead of `path` itself.
    """

    path: Path
    next_version: bool = False

    @property
    def parent(self) -> Path:
        """The directory in which the export is staged: it is on the same filesystem."""
        return self.path if self.next_version else self.path.parent

    @property
    def key(self) -> str:
        """What the hidden names of this destination's stagings and locks have in common."""
        if self.next_version:
            return "version"
        if len(os.fsencode(self.path.name)) <= _HIDDEN_NAME_LIMIT:
            return self.path.name
        return hashlib.sha256(os.fsencode(self.path.name)).hexdigest()

    @property
    def nearest(self) -> Path:
        """The nearest ancestor of the staging that exists; the staging's parent if that does."""
        return next(p for p in (self.parent, *self.parent.parents) if os.path.lexists(p))


def resolve(export_dir: str | os.PathLike[str], *, next_version: bool = False) -> Destination:
    """Return the real destination of a path that a person typed.

    Parameters
    ----------
    export_dir : str or path-like
        ``~`` is expanded, symbolic links are followed, a trailing slash means nothing.
    next_version : bool
        Whether `export_dir` is a directory of versions.

    Raises
    ------
    TypeError
        For anything but a str or a path-like of str; bytes too.
    ValueError
        For an empty path, an unknown ``~user``, a root directory, a loop of links, and for URLs
        (``gs://…``): only local directories can be published atomically.
    """
    text = os.fspath(export_dir)
    if not isinstance(text, str):
        raise TypeError(f"the export directory must be a str or a Path, not {text!r}")
    if not text.strip() or "\0" in text:
        raise ValueError(f"the export directory must name a directory, not {text!r}")
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    if _URL.match(text):
        raise NotLocalError(text)
    expanded = os.path.expanduser(text)  # noqa: PTH111, unlike Path's it keeps an unknown user
    if expanded.startswith("~"):
        raise ValueError(f"{text}: no such user; type ./{text} for a directory of that name")
    path = Path(os.path.realpath(expanded))
    if os.path.islink(path):  # noqa: PTH114, Path's raises for a name that is too long
        raise ValueError(f"{text} is a loop of symbolic links")
    if not path.name:
        raise ValueError(f"{text} is a root directory; name a directory in it")
    return Destination(path, next_version)
