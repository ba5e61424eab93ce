"""SM106, SM107, SM111: attributes that can't be saved, or only in part. Nothing is traced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel import saved as saving
from sm_magics.savedmodel.checks import reach
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
        called = saving.expression(name, path)
        if tf_private.is_iterator(node):
            yield finding(
                "SM107",
                f"`{called}` is the iterator of a dataset, whose position can't be exported",
                "keep the dataset itself, or hold the iterator where TensorFlow does not look, "
                "such as a global",
                **_assigned(saved, path),
            )
        elif (missing := tf_private.missing_asset(node)) is not None:
            yield finding(
                "SM111",
                f"the asset file {missing} of `{called}` is not there",
                "write the file again, or make the table or vocabulary anew from one that exists",
                **_assigned(saved, path),
            )


def _mutated(saved: Saved, broken: str, name: str) -> Diagnostic:
    path = broken
    container = saved.nodes[path]
    called = saving.expression(name, path)
    kind, why, anew = "list", "an element was replaced, moved or deleted", f"list({called})"
    if isinstance(container, dict):
        kind, why, anew = "dict", "it was changed behind TensorFlow's back", f"dict({called})"
        if not all(isinstance(key, str) for key in container):
            why = "it has a key that is no string"
            anew = f"{{str(k): v for k, v in {called}.items()}}"
    # To replace an element of a container would make that one unsavable too: up to the attribute.
    while path in saved.owners and isinstance(saved.owners[path][0], list | dict | tuple):
        owner, key = saved.owners[path]
        path = saved.path_of(owner)
        called = saving.expression(name, path)
        if isinstance(owner, dict):
            anew = f"{{**{called}, {key!r}: {anew}}}"
        else:
            rest = f"{anew}, *{called}[{int(key) + 1}:]"
            rest = f"*{called}[:{key}], {rest}" if int(key) else rest
            anew = f"({rest})" if isinstance(owner, tuple) else f"[{rest}]"
    return finding(
        "SM106",
        f"the {kind} `{saving.expression(name, broken)}` can't be saved: {why}",
        f"assign it anew, as a whole: `{called} = {anew}`",
        **_assigned(saved, broken),
    )


def _assigned(saved: Saved, path: str) -> dict[str, Any]:
    """Return the line of the author's class that assigned a node; nothing if none did.

    An asset is an attribute of TensorFlow's own initializer, and that one of a table: the line is
    that of the attribute that holds it all.
    """
    while path in saved.owners:
        owner, attribute = saved.owners[path]
        if not reach.is_filled_by_its_class(owner):
            return frames.where(frames.of_attribute(owner, attribute))
        path = saved.path_of(owner)
    return {}
