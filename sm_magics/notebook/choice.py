"""Which model a cell made: the one that `%%savedmodel` exports where its line names none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from sm_magics.notebook.session import root_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sm_magics.notebook.session import Session
    from sm_magics.savedmodel.capture import Model

_SECONDARY = ("function", "layer", "checkpoint")
"""Kinds that a cell often binds beside the model that it is about."""


def made_by(session: Session, value: Any, names: Mapping[str, int]) -> tuple[str, Any]:
    """Return the model that a cell made, with its name.

    Parameters
    ----------
    session : Session
    value : object
        The value of the cell's last expression.
    names : mapping of str to int
        The names that the cell bound.

    Raises
    ------
    UsageError
        If it made none, or several of which none holds the others.
    """
    from sm_magics.savedmodel import capture

    kind = capture.kind_of(value)
    if kind is not None:
        return _called(session, value), value
    captured = session.captured()
    bound = [
        (model, obj)
        for model, obj in captured
        if any(root_name(name) in names for name in model.names)
    ]
    if len(bound) > 1:
        bound = [pair for pair in bound if pair[0].kind not in _SECONDARY] or bound
    if len(bound) > 1:
        bound = [
            (model, obj)
            for model, obj in bound
            if not any(other is not obj and capture.contains(other, obj) for _, other in bound)
        ]
    if len(bound) == 1:
        return bound[0][0].name, bound[0][1]
    raise UsageError(_which([model for model, _ in bound], [model for model, _ in captured]))


def _called(session: Session, obj: Any) -> str:
    names = [model.name for model, found in session.captured() if found is obj]
    return names[0] if names else "the last expression"


def _which(bound: Sequence[Model], all_models: Sequence[Model]) -> str:
    if bound:
        names = ", ".join(model.name for model in bound)
        what = f"the cell made {len(bound)} models: {names}"
    elif all_models:
        what = f"the cell made no model; those here are {', '.join(m.name for m in all_models)}"
    else:
        return "the cell made no model, and no model is here yet"
    return f"{what}. Export one with %savedmodel export MODEL DIR; it does not run the cell again"
