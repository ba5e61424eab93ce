"""Which devices have a kernel for an op, said without the TensorFlow that is installed.

A build for the CPU alone registers no GPU kernels, so asking it would call everything host-only.
The table is of the build with both. A row has, between tabs: the op; the dtypes that its attributes
have where a node sets none; its kernels on the CPU; those on the GPU, or ``=`` where they are the
same. Kernels are ``-`` (none), ``*`` (one for all dtypes), or alternatives between bars, each with
the dtypes that it takes: ``T=float32,float64 Tidx=int32``. ``?`` stands for what a table of dtypes
can't tell: a kernel that only a label asks for, or an attribute that is no dtype.

An op without a row has no kernel at all, and that says nothing: a call is inlined, a TPU op is
rewritten, an XLA op is compiled, an op of another library is registered elsewhere.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FILE = Path(__file__).with_name("kernels.txt")

NONE, ANY, UNTOLD, SAME = "-", "*", "?", "="
_FIRST_LINE = (
    "# TensorFlow {}, {}: an op, dtypes where none are set, kernels on CPU, on GPU (= the same)"
)

Answer = Literal["yes", "no", "unknown"]
Kernel = dict[str, frozenset[str]]
"""The dtypes that a kernel takes, by attribute; those that it leaves out take any."""


class Answers(TypedDict):
    """Whether there is a kernel on a CPU and on a GPU."""

    cpu: Answer
    gpu: Answer


class Row(NamedTuple):
    """An op's kernels; `cpu` and `gpu` as they are written."""

    defaults: dict[str, str]
    cpu: str
    gpu: str


def kernels(
    op: str, dtypes: Mapping[str, str | Sequence[str]], *, label: str | None = None
) -> Answers:
    """Tell which devices have a kernel for a node.

    Parameters
    ----------
    op : str
        The op's type.
    dtypes : mapping of str to str or sequence of str
        The node's dtype attributes by name: ``{"T": "float32"}``; several names where the
        attribute is a list. Those that a save stripped have their defaults.
    label : str, optional
        The node's `_kernel` attribute; kernels with a label are not in the table.

    Returns
    -------
    Answers
        For `cpu` and `gpu` each: ``"yes"``, ``"no"``, or ``"unknown"`` where nothing is known.
        In a function that XLA compiles no kernel is looked up, so there it says nothing.
    """
    row = _rows().get(op)
    if row is None or label:
        return {"cpu": "unknown", "gpu": "unknown"}
    set_ = {**row.defaults, **dtypes}
    return {"cpu": _answer(row.cpu, set_), "gpu": _answer(row.gpu, set_)}


@cache
def gpu_only() -> frozenset[str]:
    """Return the ops that have kernels on a GPU and none on a CPU, whatever the dtypes."""
    return frozenset(op for op, row in _rows().items() if row.cpu == NONE)


@cache
def host_only() -> frozenset[str]:
    """Return the ops that have kernels on a CPU and none on a GPU, whatever the dtypes."""
    return frozenset(op for op, row in _rows().items() if row.gpu == NONE)


@cache
def constrained() -> frozenset[str]:
    """Return the ops of which a CPU or a GPU lacks the kernel for some dtypes, or for all."""
    whatever = {ANY, UNTOLD}
    return frozenset(op for op, row in _rows().items() if {row.cpu, row.gpu} - whatever)


@cache
def dtype_attributes(op: str) -> tuple[str, ...]:
    """Return the attributes of an op on which it depends whether a device has a kernel."""
    row = _rows().get(op)
    cells = () if row is None else {row.cpu, row.gpu} - {*_TOLD}
    names = {name for cell in cells for kernel in _alternatives(cell) for name, _ in kernel}
    return tuple(sorted(names))


def dumped(rows: Mapping[str, Row], version: str, machine: str) -> str:
    """Return rows as the text that `parsed` reads."""
    return "\n".join(
        [
            _FIRST_LINE.format(version, machine),
            *("\t".join(_written(op, row)) for op, row in sorted(rows.items())),
            "",
        ]
    )


def parsed(text: str) -> dict[str, Row]:
    """Read the rows of a table.

    Raises
    ------
    ValueError
        If its first line does not tell the release.
    """
    first, *lines = text.splitlines()
    if not re.fullmatch(re.escape(_FIRST_LINE).replace(r"\{\}", "(.+)"), first):
        raise ValueError(f"not a table of kernels; its first line is {first!r}")
    rows = {}
    for line in lines:
        op, defaults, cpu, gpu = line.split("\t")
        pairs = (one.partition("=") for one in defaults.split())
        set_ = {name: dtype for name, _, dtype in pairs}
        rows[op] = Row(set_, cpu, cpu if gpu == SAME else gpu)
    return rows


def merged(found: Iterable[Kernel]) -> str:
    """Return a device's kernels as a cell of the table, in as few alternatives as it takes.

    Kernels that differ in the dtypes of one attribute become one alternative.
    """
    alternatives = [dict(one) for one in found]
    if not alternatives:
        return NONE
    if {} in alternatives:
        return ANY
    for attribute in sorted({name for one in alternatives for name in one}):
        alternatives = _joined(alternatives, attribute)
    return " | ".join(
        sorted(
            " ".join(f"{name}={','.join(sorted(taken))}" for name, taken in sorted(one.items()))
            for one in alternatives
        )
    )


def _joined(alternatives: Sequence[Kernel], attribute: str) -> list[Kernel]:
    groups: dict[frozenset[tuple[str, frozenset[str]]], frozenset[str]] = {}
    rest: list[Kernel] = []
    for one in alternatives:
        if attribute not in one:
            rest.append(one)
            continue
        others = frozenset(pair for pair in one.items() if pair[0] != attribute)
        groups[others] = groups.get(others, frozenset()) | one[attribute]
    return rest + [{**dict(others), attribute: taken} for others, taken in groups.items()]


def _written(op: str, row: Row) -> tuple[str, str, str, str]:
    defaults = " ".join(f"{name}={dtype}" for name, dtype in sorted(row.defaults.items()))
    return op, defaults, row.cpu, SAME if row.gpu == row.cpu else row.gpu


@cache
def _rows() -> dict[str, Row]:
    return parsed(FILE.read_text("utf-8"))


_TOLD: dict[str, Answer] = {NONE: "no", ANY: "yes", UNTOLD: "unknown"}


def _answer(cell: str, dtypes: Mapping[str, str | Sequence[str]]) -> Answer:
    if cell in _TOLD:
        return _TOLD[cell]
    answers = {_takes(kernel, dtypes) for kernel in _alternatives(cell)}
    return "yes" if "yes" in answers else "unknown" if "unknown" in answers else "no"


@cache
def _alternatives(cell: str) -> tuple[tuple[tuple[str, frozenset[str]], ...], ...]:
    return tuple(
        tuple(
            (name, frozenset(taken.split(",")))
            for name, taken in (pair.split("=") for pair in one.split(" "))
        )
        for one in cell.split(" | ")
    )


def _takes(
    kernel: Iterable[tuple[str, frozenset[str]]], dtypes: Mapping[str, str | Sequence[str]]
) -> Answer:
    answer: Answer = "yes"
    for name, taken in kernel:
        asked = dtypes.get(name)
        if asked is None or UNTOLD in taken:
            answer = "unknown"
        elif not {asked} <= taken if isinstance(asked, str) else not set(asked) <= taken:
            return "no"
    return answer
