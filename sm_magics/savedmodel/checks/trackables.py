"""SM106, SM107, SM111: attributes that can't be saved, or only in part. Nothing is traced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel.diagnostics import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.saved import Saved


def check(saved: Saved, name: str) -> Iterator[Diagnostic]:
    """Yield what is wrong with the trackables below an object that a person calls `name`."""
    for path in saved.unsavable:
        yield _mutated(saved, path, name)
    for path, node in saved.nodes.items():
        if tf_private.is_iterator(node):
            yield finding(
                "SM107",
                f"`{name}.{path}` is the iterator of a dataset, whose position can't be exported",
                "keep the dataset itself, or hold the iterator where TensorFlow does not look, "
                "such as a global",
                **_assigned(saved, path),
            )
        elif (missing := tf_private.missing_asset(node)) is not None:
            yield finding(
                "SM111",
                f"the asset file {missing} of `{name}.{path}` is not there",
                "write the file again, or make the table or vocabulary anew from one that exists",
                **_assigned(saved, path),
            )


def _mutated(saved: Saved, path: str, name: str) -> Diagnostic:
    kind = "dict" if isinstance(saved.nodes[path], dict) else "list"
    why = (
        "it has a key that is no string, or was changed behind TensorFlow's back"
        if kind == "dict"
        else "an element was replaced, moved or deleted"
    )
    return finding(
        "SM106",
        f"the {kind} `{name}.{path}` can't be saved: {why}",
        f"assign it anew, as a whole: `{name}.{path} = {kind}(...)`, with string keys"
        if kind == "dict"
        else f"assign it anew, as a whole: `{name}.{path} = list({name}.{path})`",
        **_assigned(saved, path),
    )


def _assigned(saved: Saved, path: str) -> dict[str, Any]:
    """Return the line that assigned a node, or the nearest one above it in the author's code.

    An asset is an attribute of TensorFlow's own initializer, and that one of a table.
    """
    paths = {id(node): known for known, node in saved.nodes.items()}
    while path in saved.owners:
        owner, attribute = saved.owners[path]
        if frame := frames.of_attribute(owner, attribute):
            return frames.where(frame)
        path = paths[id(owner)]
    return {}
