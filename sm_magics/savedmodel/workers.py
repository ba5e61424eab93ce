"""Several processes that train one model export it once: the chief publishes, the others wait.

Under `tf.distribute.MultiWorkerMirroredStrategy` every worker runs the same program, and a save
has to run on all of them. Each writes to a staging directory; only the chief's is published.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sm_magics.savedmodel import saved, tf_private
from sm_magics.savedmodel.publishing import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sm_magics.savedmodel.publishing import Destination, Staging


class WorkersError(RuntimeError):
    """Another worker could not export; nothing was published."""


class Alone:
    """The usual case: one process, which publishes."""

    is_chief = True

    def staging(self, destination: Destination, *, overwrite: bool) -> Staging | Scratch:
        """Return the context in which this process writes."""
        return stage(destination, overwrite=overwrite)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Run a step that all workers must get through."""
        yield

    def published(self, destination: Destination, publish: Callable[[], Path]) -> Path:
        """Publish, on the chief; return the path on every worker."""
        del destination
        return publish()


class Crew(Alone):
    """One of several workers.

    Parameters
    ----------
    strategy : tf.distribute.MultiWorkerMirroredStrategy
    """

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy
        self.is_chief = tf_private.is_chief(strategy.cluster_resolver)

    def staging(self, destination: Destination, *, overwrite: bool) -> Staging | Scratch:
        """Return the context in which this process writes; what others write is discarded."""
        if self.is_chief:
            return super().staging(destination, overwrite=overwrite)
        return Scratch()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Run a step; whoever fails makes all of them fail.

        Raises
        ------
        WorkersError
            If the step went well here and failed elsewhere.
        """
        try:
            yield
        except BaseException:
            self._sum(1)
            raise
        if self._sum(0):
            raise WorkersError(
                "another worker could not export, so nothing was published; its output says why"
            )

    def published(self, destination: Destination, publish: Callable[[], Path]) -> Path:
        """Publish on the chief, and tell the others the version that it got."""
        path = destination.path
        with self.together():
            if self.is_chief:
                path = publish()
        if not destination.next_version:
            return path
        mine = int(path.name) if self.is_chief else 0
        return destination.path / str(self._sum(mine) // self._replicas_here)

    @property
    def _replicas_here(self) -> int:
        spec = self._strategy.cluster_resolver.cluster_spec()
        workers = sum(len(tasks) for tasks in spec.as_dict().values())
        return max(1, int(self._strategy.num_replicas_in_sync) // max(1, workers))

    def _sum(self, value: int) -> int:
        """Add up what all workers say; returns when all have said it."""
        import tensorflow as tf

        strategy = self._strategy

        def added(one: Any) -> Any:
            each = strategy.run(tf.identity, args=(one,))
            return strategy.reduce(tf.distribute.ReduceOp.SUM, each, axis=None)

        return int(tf.function(added)(tf.constant(value, tf.int64)))


@dataclass
class Scratch:
    """What a worker that is not the chief writes to; it is gone when the context is left."""

    replaced: bool = False
    _folder: Any = field(default=None, repr=False)

    def __enter__(self) -> Self:
        """Make the directory."""
        self._folder = tempfile.TemporaryDirectory(prefix="savedmodel-")
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it."""
        self._folder.cleanup()

    @property
    def path(self) -> Path:
        """The directory to write to."""
        return Path(self._folder.name) / "export"

    def publish(self) -> Path:
        """Do not; only the chief does."""
        raise RuntimeError("only the chief of several workers publishes")


def crew(obj: Any) -> Alone:
    """Return who exports an object: this process alone, or one of several workers."""
    resolver = getattr(_strategy(obj), "cluster_resolver", None)
    spec = None if resolver is None else resolver.cluster_spec()
    tasks = 0 if spec is None else sum(len(tasks) for tasks in spec.as_dict().values())
    return Crew(_strategy(obj)) if tasks > 1 else Alone()


def _strategy(obj: Any) -> Any:
    """Return the strategy that is active, or the one of several workers that made an object."""
    import tensorflow as tf

    if tf.distribute.has_strategy():
        return tf.distribute.get_strategy()
    if "TF_CONFIG" not in os.environ or not tf_private.is_trackable(obj):
        return None  # one process, which is the usual case
    nodes = saved.look(obj, trace=False).nodes.values()
    made = (tf_private.strategy_of(node) for node in nodes if tf_private.is_variable(node))
    return next((strategy for strategy in made if strategy is not None), None)
