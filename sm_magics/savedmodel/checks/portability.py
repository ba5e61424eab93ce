"""SM401 to SM405: what other processes and other releases make of the ops that are written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sm_magics.savedmodel import op_tables
from sm_magics.savedmodel.checks import file_ops
from sm_magics.savedmodel.checks.op_packages import package
from sm_magics.savedmodel.checks.op_uses import by_op, summed
from sm_magics.savedmodel.diagnostics import Severity, finding
from sm_magics.savedmodel.op_tables import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sm_magics.savedmodel.checks.op_uses import OpUse
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.op_tables import OpTable

_PYTHON = {
    "PyFunc": "tf.numpy_function",
    "PyFuncStateless": "tf.numpy_function",
    "EagerPyFunc": "tf.py_function",
}


def check(
    reachable: Iterable[OpUse], written: Iterable[OpUse] = (), consumer: OpTable | None = None
) -> list[Diagnostic]:
    """Return every finding about ops.

    Parameters
    ----------
    reachable : iterable of OpUse
        The nodes that signatures, initialisers and restored functions reach: what runs.
    written : iterable of OpUse
        All nodes, those of the saver and of unreached functions too: a consumer imports them
        before it runs any.
    consumer : OpTable, optional
        The release that will load it.
    """
    reachable, written = list(reachable), list(written)
    return [
        *python_ops(reachable),
        *custom_ops(written or reachable),
        *(unknown_ops(written or reachable, consumer) if consumer else ()),
        *(unknown_attributes(written or reachable, consumer) if consumer else ()),
        *file_ops.check(reachable),
    ]


def python_ops(reachable: Iterable[OpUse]) -> Iterator[Diagnostic]:
    """Yield SM401: ops that call a Python function, of which only a token is saved."""
    for op, group in by_op(reachable, is_python).items():
        yield finding(
            "SM401",
            f"`{op}` calls a Python function of this process ({_PYTHON[op]}); only a token of it "
            "is saved, and no other process can run it",
            "write it with TensorFlow ops, or call it before the model, outside of the exported "
            "function",
            **summed(group),
        )


def custom_ops(written: Iterable[OpUse]) -> Iterator[Diagnostic]:
    """Yield SM402: ops that no release of TensorFlow has."""
    for op, group in by_op(written, lambda op: not is_core(op)).items():
        name = package(op)
        yield finding(
            "SM402",
            f"`{op}` is no op of TensorFlow itself (up to {op_tables.newest().tensorflow}): a "
            "process loads this export only after the library that registers it",
            f"install {name} where it is served, and import it before the model is loaded"
            if name
            else "load its library there before the model is: tf.load_op_library('...so')",
            **summed(group),
        )


def unknown_ops(written: Iterable[OpUse], consumer: OpTable) -> Iterator[Diagnostic]:
    """Yield SM403: TensorFlow's own ops that the consumer does not have yet."""
    for op, group in by_op(written, lambda op: op not in consumer.ops and is_core(op)).items():
        since = op_tables.oldest_with(op)
        yield finding(
            "SM403",
            f"TensorFlow {consumer.tensorflow} has no op `{op}`: it refuses the whole export",
            f"`--fix consumer` puts a NoOp in its place: {harmless.REPLACED[op]}"
            if op in harmless.REPLACED
            else f"serve it with TensorFlow {since}, or do without that op in the model",
            **summed(group),
        )


def unknown_attributes(written: Iterable[OpUse], consumer: OpTable) -> Iterator[Diagnostic]:
    """Yield SM404: attributes that the consumer does not have on an op that it has.

    An error where the consumer refuses them. Where it ignores them: an info if they are harmless,
    and a warning if not, since the op then does something else.
    """
    for op, group in by_op(written, consumer.ops.__contains__).items():
        found = Counter[str]()
        nodes = []
        for use in group:
            unknown = consumer.unknown_attributes(op, use.attrs)
            found.update(unknown)
            if unknown:
                nodes.append(use)
        if nodes:
            yield _attributes(op, sorted(found), nodes, consumer)


def _attributes(
    op: str, names: Sequence[str], nodes: Sequence[OpUse], consumer: OpTable
) -> Diagnostic:
    needed = [name for name in names if harmless.reason(op, name) is None]
    severity, happens = Severity.INFO, "it ignores that, and the export does the same there"
    if consumer.refuses_unknown_attributes:
        severity, happens = Severity.ERROR, "it refuses the whole export"
    elif needed:
        severity, happens = Severity.WARNING, "it ignores that, and does something else there"
    if needed:
        release = _knowing(op, needed)
        hint = f"serve it with TensorFlow {release}, or do without {_list(needed)} in the model"
    else:
        hint = f"`--fix consumer` drops it: {harmless.reason(op, names[0])}"
    return finding(
        "SM404",
        f"TensorFlow {consumer.tensorflow} knows `{op}`, but not its {_list(names)}: {happens}",
        hint,
        **{"severity": severity, **summed(nodes)},
    )


def oldest_consumer(written: Iterable[OpUse]) -> str | None:
    """Return the oldest release among the tables that loads these nodes and does the same.

    None if none does, be it for an op of another library.

    Parameters
    ----------
    written : iterable of OpUse
        All nodes of the export.
    """
    attributes: dict[str, set[str]] = {}
    for use in written:
        attributes.setdefault(use.op, set()).update(use.attrs)
    return next(
        (
            version
            for version in op_tables.known_versions()
            if all(_loads(op_tables.table(version), op, set_) for op, set_ in attributes.items())
        ),
        None,
    )


def _loads(release: OpTable, op: str, attributes: Iterable[str]) -> bool:
    unknown = release.unknown_attributes(op, attributes)
    ignored = not release.refuses_unknown_attributes
    return op in release.ops and all(ignored and harmless.reason(op, name) for name in unknown)


def is_python(op: str) -> bool:
    """Tell whether an op calls a Python function."""
    return op in _PYTHON


def is_core(op: str) -> bool:
    """Tell whether a release of TensorFlow itself has an op."""
    # A namespace is what other libraries have; the wheel itself has one in an op of its tests.
    return ">" not in op and op_tables.oldest_with(op) is not None


def _knowing(op: str, names: Sequence[str]) -> str:
    return next(
        (
            version
            for version in op_tables.known_versions()
            if op in (release := op_tables.table(version)).ops
            and not release.unknown_attributes(op, names)
        ),
        f"after {op_tables.newest().tensorflow}",
    )


def _list(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
