"""The plain way: `tf.saved_model.save`, which traces and copies what it writes once more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import aliases
from sm_magics.savedmodel.checks import gradients

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.signatures.endpoints import Endpoint


def write(root: Any, endpoints: Sequence[Endpoint], directory: Path, options: Any) -> None:
    """Write a SavedModel as TensorFlow does.

    Parameters
    ----------
    root : Trackable
    endpoints : sequence of Endpoint
    directory : Path
    options : tf.saved_model.SaveOptions or None
    """
    import tensorflow as tf

    # An empty dict, unlike None, keeps TensorFlow from choosing for itself.
    signatures = {endpoint.signature.key: endpoint.function for endpoint in endpoints}
    with _without_staging_path(), gradients.explained(endpoints):
        tf.saved_model.save(root, str(directory), signatures=signatures, options=options)
    if getattr(options, "function_aliases", None):
        aliases.drop_dangling(directory)


@contextlib.contextmanager
def _without_staging_path() -> Iterator[None]:
    """Keep TensorFlow from announcing the staging directory, which is gone when it is read."""
    import tensorflow as tf

    def keep(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Assets written to")

    logger = tf.get_logger()
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
