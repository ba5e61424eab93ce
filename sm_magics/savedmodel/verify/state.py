"""Run a function and leave its object as it was."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.publishing.interrupts import Deferral

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
_FILES = frozenset(
    {"MergeV2Checkpoints", "DistributedSave", "DatasetToTFRecord", "ExperimentalDatasetToTFRecord"}
)


@dataclass(frozen=True, slots=True)
class Written:
    """A variable that a function writes to, by its handle: what `kept` needs to put it back."""

    name: str
    handle: Any
    dtype: Any


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
    graphs = tf_private.nested_graphs(concrete)
    for operation in _operations(graphs):
        if operation.type in _PYTHON:
            return "it calls back into Python, which may change anything"
        if _writes_files(operation):
            return f"it writes files ({operation.type})"
    handles = tf_private.written_resources(concrete)
    if all(tf_private.variable_dtype(handle) is not None for handle in handles):
        return ""
    writers = [kind for graph in graphs for kind in tf_private.table_writers(graph)]
    if writers:
        return f"it writes to a table or another resource that can't be put back ({writers[0]})"
    return ""


def random_ops(concrete: Any) -> list[str]:
    """Return the types of the ops that draw from a generator inside TensorFlow's runtime.

    Such a generator has no variable, so what it draws can't be repeated, and what it will draw
    next changes with every run. Unlike what `tf.random.Generator` and Keras's seeds do, which keep
    their state in variables.
    """
    found = [
        operation.type
        for operation in _operations(tf_private.nested_graphs(concrete))
        if operation.op_def.is_stateful
        # These attributes make the generator of a kernel; nothing else has both.
        and {"seed", "seed2"} <= {attribute.name for attribute in operation.op_def.attr}
    ]
    return list(dict.fromkeys(found))


def written_variables(concrete: Any) -> list[Written]:
    """Return the variables that a ConcreteFunction may write to."""
    names = {id(variable.handle): variable.name for variable in concrete.variables}
    # A variable that is only ever written is captured, but none of `concrete.variables`.
    found = [
        (names.get(id(handle), "a variable"), handle, tf_private.variable_dtype(handle))
        for handle in tf_private.written_resources(concrete)
    ]
    return [
        Written(name.removesuffix(":0"), handle, dtype)
        for name, handle, dtype in found
        if dtype is not None
    ]


@contextlib.contextmanager
def kept(variables: Iterable[Any]) -> Iterator[None]:
    """Put the values of variables back on leaving, whatever happens inside.

    An interrupt that comes while they are put back waits until all are.

    Parameters
    ----------
    variables : iterable of tf.Variable or Written
    """
    interrupts = Deferral(_put_back.__code__)
    values = [(variable, _value(variable)) for variable in variables]
    interrupts.begin()
    try:
        yield
    finally:
        _put_back(values)
        interrupts.end()


def _value(variable: Any) -> Any:
    # Not copied: TensorFlow never writes into memory that a tensor holds, it copies first.
    import tensorflow as tf

    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)


def _put_back(values: Iterable[tuple[Any, Any]]) -> None:
    import tensorflow as tf

    for variable, value in values:
        tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)


def _operations(graphs: list[Any]) -> Iterator[Any]:
    for graph in graphs:
        yield from graph.get_operations()


def _writes_files(operation: Any) -> bool:
    kind = operation.type
    if kind == "PrintV2":
        return bool(operation.get_attr("output_stream").startswith(b"file:"))
    return kind.startswith(("Write", "Save")) or kind in _FILES
