"""Run a function and leave its object as it was."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private

if TYPE_CHECKING:
    from collections.abc import Iterator

_PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})


def why_not_to_run(concrete: Any) -> str:
    """Return why running a ConcreteFunction may change what can't be put back; ``""`` if it can't.

    Parameters
    ----------
    concrete : ConcreteFunction

    Returns
    -------
    str
        A sentence part that goes after "because".
    """
    for graph in tf_private.nested_graphs(concrete):
        for operation in graph.get_operations():
            if operation.type in _PYTHON:
                return "it calls back into Python, which may change anything"
            if operation.type.startswith(("Write", "Save")):
                return f"it writes files ({operation.type})"
    handles = {id(variable.handle) for variable in concrete.variables}
    for resource in tf_private.written_resources(concrete):
        if id(resource) not in handles:
            return "it writes to a table or another resource that can't be put back"
    return ""


def written_variables(concrete: Any) -> list[Any]:
    """Return the variables that a ConcreteFunction may write to."""
    written = {id(resource) for resource in tf_private.written_resources(concrete)}
    return [variable for variable in concrete.variables if id(variable.handle) in written]


@contextlib.contextmanager
def kept(variables: list[Any]) -> Iterator[None]:
    """Put the values of variables back on leaving, whatever happens inside."""
    # A copy: on the CPU `numpy` may share the variable's own memory.
    values = [variable.numpy().copy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
