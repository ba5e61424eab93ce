"""A traced object becomes files: by our own fast writer, or by TensorFlow's where that can't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sm_magics.savedmodel.signatures import keras_models
from sm_magics.savedmodel.writing import fast, plain
from sm_magics.savedmodel.writing.refusal import refuse_nodes, refuse_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.signatures.endpoints import Endpoint

__all__ = ["Written", "foreseen", "write"]


class Written(NamedTuple):
    """Who wrote a SavedModel.

    `why` says why not the fast writer; empty where it did, or was not asked. `package` is what it
    can write again, with other values.
    """

    writer: str
    why: str = ""
    package: fast.Package | None = None


def write(  # noqa: PLR0913, PLR0917, what a SavedModel is made of
    obj: Any,
    root: Any,
    endpoints: Sequence[Endpoint],
    directory: Path,
    options: Any,
    writer: str,
    package: fast.Package | None = None,
) -> Written:
    """Write a SavedModel of a root that serves the endpoints.

    Parameters
    ----------
    obj : Trackable, tf.function or ConcreteFunction
        What is exported.
    root : Trackable
        What stands for it: itself, or a node of ours that gets the first signature as `serve`.
    endpoints : sequence of Endpoint
    directory : Path
        Is made; what the fast writer left there before it gave up is gone.
    options : tf.saved_model.SaveOptions or None
    writer : {"fast", "tensorflow"}
        With ``"fast"``, TensorFlow's writer is used where the fast one does not know something.
    package : Package, optional
        From an earlier export of the same graph.
    """
    names = _callable_names(obj, root) if endpoints else ()
    why = ""
    if writer == "fast":
        _attach(root, names, endpoints[0].traced_by if endpoints else None)
        try:
            package = fast.write(root, endpoints, directory, options, package)
        except fast.UnknownError as error:
            why = str(error)
        else:
            return Written("fast", package=package)
    _attach(root, names, endpoints[0].function if endpoints else None)
    plain.write(root, endpoints, directory, options)
    return Written("tensorflow", why)


def _callable_names(obj: Any, root: Any) -> tuple[str, ...]:
    """Return how a loaded root is called from Python, where its author does not say."""
    if root is obj or hasattr(root, "serve"):
        return ()
    # As `keras.Model.export` does; `__call__` as Keras 2 did.
    return ("serve", "__call__") if keras_models.is_model(obj) else ("serve",)


def _attach(root: Any, names: Sequence[str], function: Any) -> None:
    for name in names:
        setattr(root, name, function)


def foreseen(nodes: Iterable[Any], options: Any, writer: str) -> str:
    """Return who will write a SavedModel of some objects, as far as that can be told.

    Parameters
    ----------
    nodes : iterable of Trackable
    options : tf.saved_model.SaveOptions or None
    writer : {"fast", "tensorflow"}
        Who is asked to.
    """
    try:
        refuse_options(options)
        refuse_nodes(nodes)
    except fast.UnknownError:
        return "tensorflow"
    return writer
