"""Staging and publishing: a destination holds a whole export at every instant, or none at all.

An export is written to a hidden sibling of its destination and gets its name by one rename. See
`occupancy` for what may be replaced, `ownership` for leftovers of killed processes.
"""

from __future__ import annotations

import os
import time
import warnings
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

from filelock import Timeout

from sm_magics.savedmodel.publishing import ownership
from sm_magics.savedmodel.publishing.destination import Destination, resolve
from sm_magics.savedmodel.publishing.durability import sync_directory, sync_tree
from sm_magics.savedmodel.publishing.exchange import rename_over_empty, rename_to_new, replace
from sm_magics.savedmodel.publishing.interrupts import Deferral
from sm_magics.savedmodel.publishing.occupancy import Kind, is_saved_model, look, next_version

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from filelock import FileLock

__all__ = ["Destination", "Staging", "resolve", "stage"]

_GATE_PATIENCE = 60.0  # seconds; the gate is held for renames and one deletion at most


def stage(destination: Destination, *, overwrite: bool = False) -> Staging:
    """Return a context in which an export to `destination` is written and published.

    Leaving the context in any way, KeyboardInterrupt included, leaves nothing behind but what
    was published.

    Examples
    --------
    >>> with stage(resolve("model"), overwrite=True) as staging:  # doctest: +SKIP
    ...     tf.saved_model.save(model, staging.path)
    ...     path = staging.publish()

    Raises
    ------
    ValueError
        If a next version is to overwrite: it is always new.
    """
    if overwrite and destination.next_version:
        raise ValueError("a next version is always new: there is nothing for it to overwrite")
    return Staging(destination, overwrite=overwrite)


class Staging:
    """An export on its way; made by `stage`.

    Attributes
    ----------
    destination : Destination
        Where it goes.
    replaced : bool
        Whether an older export stood there; known after `publish`.
    """

    def __init__(self, destination: Destination, *, overwrite: bool) -> None:
        self.destination = destination
        self.replaced = False
        self._overwrite = overwrite
        self._published = False
        self._marks: ownership.Marks | None = None
        self._lock: FileLock | None = None
        self._gate: FileLock = ownership.gate(destination)
        self._made: list[Path] = []
        self._interrupts = Deferral(
            Staging._open.__code__,
            Staging._passes_gate.__code__,
            Staging._commit.__code__,
            Staging.__exit__.__code__,
        )

    def __enter__(self) -> Self:
        """Enter; nothing is on the disk yet, so that nothing can be left by an interrupt here."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was not published; an interrupt waits until that is done."""
        with ExitStack() as steps:  # every step is taken, last first, whatever happens in one
            steps.callback(self._interrupts.end)
            steps.callback(self._forget_parents)
            steps.callback(ownership.let_go, self._gate)
            if self._lock is not None:
                steps.callback(ownership.let_go, self._lock)
            if self._marks is not None:
                steps.callback(self._marks.settle)

    @property
    def path(self) -> Path:
        """The empty directory to write to; made, with missing parents, when first asked for.

        Raises
        ------
        OSError
            If it can't be made.
        """
        if self._marks is None:
            self._open()
            self._interrupts.deliver()
        assert self._marks is not None  # noqa: S101, _open made it
        return self._marks.partial

    def publish(self) -> Path:
        """Give what was written its name, atomically, and return that path.

        The files are flushed to the disk first. An interrupt before the rename stops the export;
        one that comes later is delivered when the context is left, and the export stands.

        Raises
        ------
        FileExistsError
            If something is there that may not be replaced; it stays as it is.
        FileNotFoundError
            If no SavedModel was written.
        OSError
            If the filesystem refuses; what was there stays as it is.
        TimeoutError
            If another process has been publishing to the same destination for a minute.
        """
        if self._published:
            raise RuntimeError(f"{self.destination.path} was published already")
        if not is_saved_model(self.path):
            raise FileNotFoundError(f"no SavedModel was written for {self.destination.path}")
        sync_tree(self.path)
        self._wait_at_gate()
        self._interrupts.deliver()  # the last instant at which the export can still be stopped
        return self._commit()

    def _open(self) -> None:
        self._interrupts.begin()
        parent = self.destination.parent
        self._made = [p for p in (parent, *parent.parents) if not os.path.lexists(p)]
        parent.mkdir(parents=True, exist_ok=True)
        if ownership.has_leftovers(self.destination):
            if self._passes_gate():  # else it is busy, and swept before publishing
                ownership.sweep(self.destination)
            ownership.let_go(self._gate)
        marks, self._lock = ownership.own(self.destination)
        self._marks = marks
        marks.partial.mkdir()

    def _wait_at_gate(self) -> None:
        patience = time.monotonic() + _GATE_PATIENCE
        while not self._passes_gate():
            if time.monotonic() > patience:
                raise TimeoutError(
                    f"another process is publishing to {self.destination.path}; try again"
                )
            time.sleep(0.01)

    def _passes_gate(self) -> bool:
        """Take the gate if it is free; short, so that only the wait can be interrupted."""
        with suppress(Timeout):
            self._gate.acquire(timeout=0)
            return True
        return False

    def _commit(self) -> Path:
        """Rename, with the gate held."""
        ownership.sweep(self.destination)
        path = self._rename()
        self._published = True
        for renamed_in in {path.parent, *(made.parent for made in self._made)}:
            sync_directory(renamed_in)
        ownership.let_go(self._gate)
        self._delete_replaced()
        return path

    def _rename(self) -> Path:
        assert self._marks is not None  # noqa: S101, publish opened it
        staged, target = self._marks.partial, self.destination.path
        if self.destination.next_version:
            return self._rename_to_version(staged)
        occupant = look(target)
        if occupant.kind is Kind.NOTHING:
            rename_to_new(staged, target)
        elif occupant.refusal is not None:
            raise FileExistsError(f"{occupant.refusal.reason}; nothing was changed")
        elif occupant.kind is Kind.EMPTY:
            rename_over_empty(staged, target)
        elif self._overwrite:
            replace(staged, target, self._marks.old)
            self.replaced = True
        else:
            raise FileExistsError(f"{target} holds a SavedModel; nothing was changed")
        return target

    def _rename_to_version(self, staged: Path) -> Path:
        while True:
            target = self.destination.path / str(next_version(self.destination.path))
            # The gate keeps other exports out, but not other programs.
            with suppress(FileExistsError):
                rename_to_new(staged, target)
                return target

    def _delete_replaced(self) -> None:
        assert self._marks is not None  # noqa: S101, publish opened it
        self._marks.settle()
        for remains in (self._marks.partial, self._marks.old):
            if os.path.lexists(remains):
                warnings.warn(
                    f"{self.destination.path} is the new export; the one that it replaced could "
                    f"not be deleted and is now {remains}",
                    RuntimeWarning,
                    stacklevel=4,
                )

    def _forget_parents(self) -> None:
        """Remove the parents that were made for an export that did not come to be."""
        if not self._published:
            for made in self._made:
                with suppress(OSError):  # somebody put something there
                    made.rmdir()
