"""The ways to export a model that are compared, each to a directory that it finds empty."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from ways import AGAIN, KERAS, SAVE, UNVERIFIED, verified

import sm_magics
from sm_magics.savedmodel import reuse
from sm_magics.savedmodel.verify import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmark_models import Subject


class Exporting:
    """The ways to export one model, by name; `before` goes before each.

    Parameters
    ----------
    subject : Subject
    scratch : Path
        Gets a directory for each way.
    """

    def __init__(self, subject: Subject, scratch: Path) -> None:
        self.subject = subject
        self.model = subject.build()
        self.scratch = scratch

    def ways(self, levels: Sequence[str] = LEVELS) -> dict[str, Callable[[], object]]:
        """Return the ways; those of sm_magics first, which are fresh ones but for `AGAIN`.

        Parameters
        ----------
        levels : sequence of str
            The levels of verification.
        """
        found: dict[str, Callable[[], object]] = {
            UNVERIFIED: self._ours(UNVERIFIED, verify=False),
            AGAIN: self._ours(AGAIN, verify=False),
        }
        for level in levels:
            found[verified(level)] = self._ours(verified(level), verify=level)
        found[SAVE] = lambda: tf.saved_model.save(self.model, str(self.directory(SAVE)))
        if isinstance(self.model, keras.Model):
            found[KERAS] = lambda: self.model.export(str(self.directory(KERAS)), verbose=False)
        return found

    def before(self, name: str) -> None:
        """Take away what stands in the way, and what an earlier export left to know."""
        os.sync()  # what one way leaves unwritten must not be in the way of the next
        # Last: each way finds the memory for its files that its last round took.
        shutil.rmtree(self.directory(name), ignore_errors=True)
        if name == AGAIN:
            train(self.model, self.subject)
        else:
            reuse.forget(self.model)

    def directory(self, name: str) -> Path:
        """Return where a way writes."""
        return self.scratch / "".join(filter(str.isalnum, name))

    def size(self, name: str) -> int:
        """Return how many bytes a way has written."""
        return sum(one.stat().st_size for one in self.directory(name).rglob("*") if one.is_file())

    def _ours(self, name: str, **policy: Any) -> Callable[[], object]:
        return lambda: sm_magics.export(self.model, self.directory(name), **policy)


def train(model: Any, subject: Subject) -> None:
    """Give every trained variable other values, in place, as an optimizer does."""
    for variable in getattr(model, subject.trainable):
        variable.assign(variable * 0.999)
