"""SM109, SM110, SM113: bytes that a consumer pays for, and dtypes that it may not expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, tf_private
from sm_magics.savedmodel.diagnostics import Severity, finding
from sm_magics.savedmodel.publishing.sizes import decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.inspection import Inspection, Variable
    from sm_magics.savedmodel.saved import Saved
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

LARGE = 50_000_000
"""Bytes of constants from which on they are worth a warning."""
TWIN = 1_000_000
"""Bytes of a variable from which on a second one of the same value is worth a word."""
TOO_LARGE = 2_000_000_000
"""Bytes of constants that no GraphDef can hold (a protocol buffer ends at 2 GiB)."""

_HALF = ("float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Constant:
    """A tensor that becomes a part of the graph: its size in bytes, and the op that uses it."""

    nbytes: int
    op: Any
    label: str


def constants(saved: Saved) -> list[Constant]:
    """Return the constants of all traces, each once: captured tensors and Const ops."""
    found: dict[int, Constant] = {}
    graphs: set[int] = set()
    for label, traces in saved.traces.items():
        for trace in traces:
            for captured, inner in trace.graph.captures:
                if captured.dtype.name not in ("resource", "variant"):
                    op = next(iter(inner.consumers()), inner.op)
                    found[id(captured)] = Constant(_nbytes(captured), op, label)
            for graph in tf_private.nested_graphs(trace):
                if id(graph) in graphs:
                    continue
                graphs.add(id(graph))
                for op in graph.get_operations():
                    if op.type == "Const":
                        found[id(op)] = Constant(_nbytes(op.outputs[0]), op, label)
    return list(found.values())


def check(
    saved: Saved, endpoints: Sequence[Endpoint], found: Sequence[Constant]
) -> Iterator[Diagnostic]:
    """Yield SM110 for the constants that were found, if large; SM113 for half-precision outputs."""
    total = sum(one.nbytes for one in found)
    if total >= LARGE:
        largest = max(found, key=lambda one: one.nbytes)
        yield finding(
            "SM110",
            f"constants of {decimal(total)} are baked into the graph, the largest "
            f"({decimal(largest.nbytes)}) by {largest.label!r}",
            "keep it as a variable: `self.table = tf.Variable(array, trainable=False)`",
            severity=Severity.ERROR if total >= TOO_LARGE else Severity.WARNING,
            function=largest.label,
            **frames.where(
                frames.of_op(largest.op, frames.codes_of(None, saved.functions.values()))
            ),
        )
    for endpoint in endpoints:
        # Half-precision inputs that the author spelled out say that it is meant.
        given = set() if endpoint.assumed else {spec.dtype for spec in endpoint.signature.inputs}
        halves = [
            spec
            for spec in endpoint.signature.outputs
            if spec.dtype in _HALF and not given & {*_HALF}
        ]
        if halves:
            named = ", ".join(f"{spec.name!r} is {spec.dtype}" for spec in halves)
            yield finding(
                "SM113",
                f"the model computes in mixed precision: the output {named}",
                "give the last layer dtype='float32' if clients expect that",
                function=endpoint.signature.key,
            )


def twins(written: Inspection) -> list[Diagnostic]:
    """Return SM109 for large variables that are stored more than once with the same value.

    Such as the shadow copy of an average, or a target network. Constant ones, as initialisers make
    them, are no copies: of each value that is stored again, one copy is read.
    """
    alike: dict[tuple[object, ...], list[Variable]] = {}
    for one in written.variables:
        if one.bytes >= TWIN and one.checksum is not None and one.dtype != "string":
            kind = (one.checksum, one.dtype, one.shape, one.bytes)
            alike.setdefault(kind, []).append(one)
    again = [
        group for group in alike.values() if len(group) > 1 and _varied(written.path, group[0])
    ]
    if not again:
        return []
    size = sum(one.bytes for group in again for one in group[1:])
    whole = sum(one.bytes for one in written.variables)
    names = [one.name for one in written.variables if any(one in group for group in again)]
    return [
        finding(
            "SM109",
            f"variables are stored more than once with the same values: {decimal(size)}, "
            f"{100 * size / whole:.0f} % of the variables ({', '.join(names[:4])})",
            "share one variable, or leave the copy out of the object that is exported",
        )
    ]


def _varied(directory: Path, variable: Variable) -> bool:
    """Tell whether the elements of a written variable differ from each other."""
    import tensorflow as tf

    value = tf.train.load_variable(str(directory / "variables" / "variables"), variable.key)
    return bool((value != value.flat[0]).any())


def optimizers(kept: Iterable[Any], whole: int) -> Iterator[Diagnostic]:
    """Yield SM109 for optimizers that are exported.

    Parameters
    ----------
    kept : iterable of Optimizer
    whole : int
        Bytes of all variables that are exported.
    """
    told: dict[int, Any] = {}
    for optimizer in kept:
        # One that scales the loss lists the variables of the one that it wraps.
        own = {id(one): one for one in optimizer_variables(optimizer) if id(one) not in told}
        told |= own
        size = sum(map(_nbytes, own.values()))
        if size:
            yield finding(
                "SM109",
                f"the optimizer {type(optimizer).__name__} is exported: {decimal(size)} that no "
                f"signature reads, {100 * size / max(whole, size):.0f} % of the variables",
                "leave --with-optimizer (with_optimizer=True) out for serving",
            )


def optimizer_variables(optimizer: Any) -> list[Any]:
    """Return the variables of a Keras 3 or `tf_keras` optimizer."""
    variables = optimizer.variables
    return list(variables() if callable(variables) else variables)


def optimizer_bytes(optimizers: Iterable[Any]) -> int:
    """Return the size of the optimizers' state in bytes."""
    variables = {id(v): v for one in optimizers for v in optimizer_variables(one)}
    return sum(map(_nbytes, variables.values()))


def _nbytes(tensor: Any) -> int:
    return tf_private.nbytes(tensor.shape, tensor.dtype)
