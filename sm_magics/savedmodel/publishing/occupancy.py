"""What stands where an export is to go, and whether it may be replaced."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_GRAPHS = frozenset({"saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"})
# What an export writes, by top-level name; None stands for whatever lies in that directory.
_WRITTEN: dict[str, re.Pattern[str] | None] = {
    "assets": None,
    "variables": re.compile(r"variables\.|variables_temp|part-|checkpoint$"),
    "variables_temp": None,
    "debug": re.compile(r"saved_model_debug_info\.(pb|cpb)$"),
}
_WRITTEN_FILES = _GRAPHS | {"fingerprint.pb", "keras_metadata.pb"}
_EXTRA = "assets.extra"  # made for files that users add, such as warm-up requests
_LISTED = 5
_MAX_VERSION = 2**63 - 1


class Kind(StrEnum):
    """What is at a path."""

    NOTHING = "nothing"
    EMPTY = "an empty directory"
    SAVED_MODEL = "a SavedModel"
    PARTIAL = "a SavedModel without its graph, as an interrupted save leaves it"
    VERSIONS = "a directory of versions"
    DIRECTORY = "a directory without a SavedModel"
    FILE = "not a directory"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what is at a path is never replaced, and what to do instead."""

    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Occupant:
    """What is at a path.

    Attributes
    ----------
    kind : Kind
        What it is.
    strangers : tuple of str
        Relative POSIX paths in a SavedModel that no export wrote; directories end in ``/``.
    refusal : Refusal or None
        None where an export that was told to overwrite may replace it.
    """

    kind: Kind
    strangers: tuple[str, ...] = ()
    refusal: Refusal | None = None


def look(path: Path) -> Occupant:
    """Say what is at `path`, a real path, without opening any file."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Occupant(Kind.NOTHING)
    if not stat.S_ISDIR(mode):
        return Occupant(Kind.FILE, refusal=Refusal(f"{path} is not a directory", _ELSEWHERE))
    names = _names(path) if os.access(path, os.R_OK | os.X_OK) else ["?"]
    kind = _kind(path, names)
    strangers = _strangers(path, names) if kind is Kind.SAVED_MODEL else ()
    return Occupant(kind, strangers, _refusal(path, kind, names, strangers))


def is_saved_model(path: Path) -> bool:
    """Whether `path` is a directory with the graph of a SavedModel in it."""
    return any((path / graph).is_file() for graph in _GRAPHS)


def next_version(directory: Path) -> int:
    """Return one more than the highest version in `directory`; 1 where there is none.

    Versions are read as TensorFlow Serving reads them (``file_system_storage_path_source.cc``):
    any child, file or directory, whose name is a decimal int64 that is not negative, so that
    ``007`` is 7.

    Raises
    ------
    OverflowError
        If the highest version is the highest that TensorFlow Serving can read.
    """
    highest = max((_version(name) for name in _names(directory)), default=-1)
    if highest == _MAX_VERSION:
        raise OverflowError(f"{directory / str(highest)} is the last version that can be served")
    return max(highest, 0) + 1


def listed(names: tuple[str, ...]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


_ELSEWHERE = "Export to another directory, or move this away first."


def _names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def _version(name: str) -> int:
    number = int(name) if re.fullmatch(r"\+?[0-9]+", name, re.ASCII) else -1
    return number if number <= _MAX_VERSION else -1


def _kind(path: Path, names: list[str]) -> Kind:
    if not names:
        return Kind.EMPTY
    if is_saved_model(path):
        return Kind.SAVED_MODEL
    if any(_version(name) >= 0 and is_saved_model(path / name) for name in names):
        return Kind.VERSIONS
    return Kind.PARTIAL if _is_partial(path, names) else Kind.DIRECTORY


def _is_partial(path: Path, names: list[str]) -> bool:
    """Tell whether a directory holds what a save writes before the graph, and nothing else.

    A checkpoint that somebody keeps there has another name, or a `checkpoint` file beside it; and
    files in ``assets`` may be anybody's, where no graph names them.
    """
    variables = path / "variables"
    if variables.is_symlink() or not variables.is_dir() or _strangers(path, names):
        return False
    written = _names(variables)
    assets = path / "assets"
    return (
        any(name.startswith(_CHECKPOINT) for name in written)
        and "checkpoint" not in written
        and not (assets.is_dir() and _names(assets))
    )


_CHECKPOINT = ("variables.index", "variables.data-", "variables_temp")


def _strangers(path: Path, names: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        entry = path / name
        if not entry.is_dir() or entry.is_symlink():
            found += [] if name in _WRITTEN_FILES else [name]
        elif name in _WRITTEN or name == _EXTRA:
            found += _inside(entry, _WRITTEN.get(name, _NOTHING_WRITTEN))
        else:
            found.append(f"{name}/")
    return tuple(found)


_NOTHING_WRITTEN = re.compile(r"(?!)")


def _inside(directory: Path, written: re.Pattern[str] | None) -> list[str]:
    if written is None:
        return []
    return [f"{directory.name}/{n}" for n in _names(directory) if not written.match(n)]


def _refusal(
    path: Path, kind: Kind, names: list[str], strangers: tuple[str, ...]
) -> Refusal | None:
    if kind is Kind.VERSIONS:
        versions = sorted(filter(lambda n: n >= 0, map(_version, names)))
        return Refusal(
            f"{path} holds versions of a model ({listed(tuple(map(str, versions)))})",
            "Add one with --next-version (next_version=True), or name one of them.",
        )
    if kind is Kind.DIRECTORY:
        return Refusal(
            f"{path} is a directory that holds no SavedModel ({listed(tuple(names))})", _ELSEWHERE
        )
    if os.path.ismount(path):
        return Refusal(
            f"{path} is where a filesystem is mounted, so it can't be replaced",
            f"Export to a directory in it, such as {path / 'model'}.",
        )
    if any(inhabited.is_relative_to(path) for inhabited in _inhabited()):
        return Refusal(
            f"{path} is, or holds, the current directory or your home directory",
            "Export to another directory, or change to another one first (%cd).",
        )
    directories = tuple(s for s in strangers if s.endswith("/"))
    if directories:
        return Refusal(
            f"{path} holds a SavedModel and directories that no export wrote "
            f"({listed(directories)})",
            _ELSEWHERE,
        )
    return None


def _inhabited() -> list[Path]:
    inhabited = []
    for place in (os.path.expanduser("~"), os.curdir):  # noqa: PTH111, Path's raises without a home
        with suppress(OSError):  # the current directory may be gone
            inhabited.append(Path(os.path.realpath(place)))
    return inhabited
