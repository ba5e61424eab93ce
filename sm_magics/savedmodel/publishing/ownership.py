"""Who owns a staging: a lock that dies with its process tells leftovers from live exports."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from sm_magics.savedmodel.publishing.exchange import rename_over_empty
from sm_magics.savedmodel.publishing.occupancy import Kind, look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sm_magics.savedmodel.publishing.destination import Destination

_NOW = 0.0
_TRIES = 100


@dataclass(frozen=True, slots=True)
class Marks:
    """The hidden names of one staging: ``.<name>.<token>.partial``, ``.old`` and ``.lock``."""

    destination: Destination
    token: str

    @property
    def partial(self) -> Path:
        """What is being written, and after an exchange the export that was replaced."""
        return self._named("partial")

    @property
    def old(self) -> Path:
        """The export that is being replaced where directories can't be exchanged."""
        return self._named("old")

    @property
    def lock(self) -> Path:
        """Locked while the process that owns the other two lives."""
        return self._named("lock")

    def _named(self, role: str) -> Path:
        return self.destination.parent / f".{self.destination.key}.{self.token}.{role}"

    def settle(self) -> None:
        """Leave neither `partial` nor `old`, and whatever was published in its place.

        What can't be deleted stays, for the next export to try.
        """
        if os.path.lexists(self.old):
            kind = look(self.destination.path).kind
            if kind is Kind.SAVED_MODEL:
                _delete(self.old)
            elif kind in {Kind.NOTHING, Kind.EMPTY}:
                rename_over_empty(self.old, self.destination.path)
        _delete(self.partial)


def own(destination: Destination) -> tuple[Marks, FileLock]:
    """Return the marks of a new staging and their lock, taken; the parent must exist."""
    for _ in range(_TRIES):
        marks = Marks(destination, secrets.token_hex(4))
        lock = _lock(marks.lock)
        with suppress(Timeout):  # a sweeper held it for an instant, or the token is in use
            lock.acquire(timeout=_NOW)
            return marks, lock
    raise TimeoutError(f"no staging could be locked in {destination.parent}")


def gate(destination: Destination) -> FileLock:
    """Return the lock (not taken) that lets one export to `destination` publish at a time."""
    return _lock(destination.parent / f".{destination.key}.lock")


def let_go(lock: FileLock) -> None:
    """Release a lock and leave no file.

    The file goes while the lock is held: `filelock` (4 and newer) leaves it on release and
    refuses a lock on a file that was unlinked meanwhile, so nobody holds a name twice.
    """
    if not lock.is_locked:
        return
    with suppress(OSError):
        os.unlink(lock.lock_file)  # noqa: PTH108, a str from filelock
    lock.release(force=True)
    if os.name == "nt":  # where only a closed file can go, and a held one can't
        with suppress(OSError):
            os.unlink(lock.lock_file)  # noqa: PTH108, as above


def sweep(destination: Destination) -> None:
    """Settle what dead processes left at `destination`; call it with the gate held."""
    for token in _tokens(destination):
        marks = Marks(destination, token)
        with suppress(OSError), _taken(_lock(marks.lock)):  # Timeout, for a live one, is one
            marks.settle()


def has_leftovers(destination: Destination) -> bool:
    """Whether there are stagings or locks at `destination`, live or dead."""
    return bool(_tokens(destination)) or os.path.lexists(gate(destination).lock_file)


@contextmanager
def _taken(lock: FileLock) -> Iterator[None]:
    lock.acquire(timeout=_NOW)
    try:
        yield
    finally:
        let_go(lock)


def _lock(path: Path) -> FileLock:
    # The hold belongs to the staging, whatever thread cleans it up.
    return FileLock(path, thread_local=False)


def _tokens(destination: Destination) -> set[str]:
    pattern = re.compile(
        rf"\.{re.escape(destination.key)}\.([0-9a-f]{{8}})\.(partial|old|lock)", re.DOTALL
    )
    found = (pattern.fullmatch(entry.name) for entry in destination.parent.iterdir())
    return {match[1] for match in found if match}


def _delete(directory: Path) -> None:
    if not os.path.lexists(directory):
        return
    try:
        shutil.rmtree(directory)
    except OSError:
        shutil.rmtree(directory, ignore_errors=True)
    except BaseException:  # an interrupt thrown into this very thread; the work comes first
        shutil.rmtree(directory, ignore_errors=True)
        raise
