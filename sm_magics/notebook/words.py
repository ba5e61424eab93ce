"""What results say, said once: the words that text and HTML share."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

from sm_magics.notebook import verdicts
from sm_magics.savedmodel.inspection.directory import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sm_magics.notebook.filetree import Node
    from sm_magics.notebook.progress import Progress
    from sm_magics.savedmodel.capture import Model
    from sm_magics.savedmodel.diagnostics import Diagnostic, Place
    from sm_magics.savedmodel.inspection import Inspection, MetaGraph, Variable
    from sm_magics.savedmodel.outlook import Outlook
    from sm_magics.savedmodel.result import Result
    from sm_magics.savedmodel.signatures import Signature, Spec

NO_MODELS = (
    "No models yet: bind a Keras model, a tf.Module or a tf.function to a name in a cell, "
    "and it is listed here."
)
NO_SIGNATURES = "none: a server can call nothing in it"
NOTHING = "-"
ANSWERS = {True: "yes", False: "no", None: NOTHING}


def printable(text: str) -> str:
    r"""Return `text` with what no eye can see spelt out: ``\x1b``, ``\u202e``, lone surrogates.

    Names come from users and from files: a terminal must not obey them, and text that runs from
    right to left must not hide what stands there. Newlines stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _spelt_out(c) for c in text)


def inline(text: str) -> str:
    """Return `text` for a place that has one line: as `printable`, newlines spelt out too."""
    return text if text.isprintable() else printable(text).replace("\n", "\\n")


def subject(result: Result) -> str:
    """Return what was exported, by its name and kind: ``"digits (Sequential, Keras 3)"``."""
    return f"{result.name} ({result.model})"


def _spelt_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def size(count: int) -> str:
    """Return bytes as a person reads them: ``"1.2 MB"``, in powers of 1000."""
    from rich.filesize import decimal

    return decimal(count)


def measured(file: Node) -> str:
    """Return the size of a file or folder; a question mark where that is not known yet."""
    return "?" if file.role.endswith(f"{UNKNOWN})") else size(file.bytes)


def amount(count: int, noun: str) -> str:
    """Return a number with its noun: ``"1 signature"``, ``"1,204 variables"``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def share(part: int, whole: int) -> str:
    """Return `part` of `whole` in percent; nothing where there is no whole."""
    if not whole:
        return ""
    percent = 100 * part / whole
    return "< 0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"  # noqa: PLR2004, rounds to 0.0


def duration(seconds: float) -> str:
    """Return seconds as a person reads them: ``"12 ms"``, ``"3.4 s"``, ``"2 min 5 s"``."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:  # noqa: PLR2004, a minute
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def shape(dimensions: Sequence[int]) -> str:
    """Return a shape as TensorFlow's users write it: ``"[3, 4]"``."""
    return f"[{', '.join(map(str, dimensions))}]"


def place(found: Diagnostic) -> str:
    """Return where a finding comes from: ``"cell [3], line 7, in serve"``; may be empty."""
    return ", ".join([*_where(found), *([f"in {found.function}"] if found.function else [])])


def related(found: Diagnostic) -> list[str]:
    """Return the other places of a finding, a sentence each: ``"made in cell [4], line 7"``."""
    return [
        f"{place.what} in {', '.join(where)}" for place in found.related if (where := _where(place))
    ]


def _where(place: Diagnostic | Place) -> list[str]:
    parts = []
    if place.cell is not None:
        parts.append(f"cell [{place.cell}]")
    elif place.file is not None:
        parts.append(PurePath(place.file).name)
    if place.line is not None:
        parts.append(f"line {place.line}")
    return parts


def message(found: Diagnostic) -> str:
    """Return what was found, with how often where it does not say so itself."""
    told = found.count == 1 or re.search(rf"\b{found.count}\b", found.message)
    return found.message if told else f"{found.message} ({found.count:,} times)"


def consumers(result: Result) -> str:
    """Return which releases of TensorFlow load an export, of those that have an op table."""
    from sm_magics.savedmodel.op_tables import known_versions

    known = known_versions()
    if result.oldest_consumer is None:
        return f"none of {', '.join(known)} loads it as it is: it has ops of another library"
    return f"{result.oldest_consumer} or newer (of {', '.join(known)})"


def written_by(result: Result) -> str:
    """Return who wrote an export: ``"the fast writer, with the graph of the last export"``."""
    if result.writer == "fast":
        again = ", with the graph of the last export, which has not changed" * result.reused
        return f"the fast writer{again}"
    why = result.left_to_tensorflow
    return f"tf.saved_model.save{f', because {why}' * bool(why)}"


def quoted(found: Diagnostic) -> tuple[str, str, str, str] | None:
    """Return a finding's source line in parts: number, what is before the mark, marked, behind.

    None where there is no source. A mark that goes on over more lines ends with the first.
    """
    if found.source is None or found.line is None:
        return None
    start = max(0, (found.column or 1) - 1)
    one_line = found.end_line in (None, found.line)
    end = found.end_column - 1 if found.end_column and one_line else len(found.source)
    source = found.source
    return str(found.line), source[:start], source[start:end], source[end:]


def tally(findings: Iterable[Diagnostic]) -> str:
    """Return how many findings there are of each severity: ``"1 error, 2 warnings"``."""
    from sm_magics.savedmodel.diagnostics import Severity

    counts = Counter(found.severity for found in findings)
    told = [
        f"{counts[s]:,} {s}" if s is Severity.INFO else amount(counts[s], s.value)
        for s in Severity
        if counts[s]
    ]
    return ", ".join(told) or "no findings"


def kind(model: Model) -> str:
    """Return what a model is: ``"functional, Keras 3"``."""
    return f"{model.kind}, {model.framework}"


def meta_graphs(inspection: Inspection) -> list[MetaGraph]:
    """Return the MetaGraphs with the one that servers load first."""
    return sorted(inspection.meta_graphs, key=lambda graph: "serve" not in graph.tags)


def tags(graph: MetaGraph) -> str:
    """Return what a loader asks a MetaGraph by: ``"serve, gpu"``."""
    return inline(", ".join(graph.tags)) or "without tags"


def ops(graph: MetaGraph) -> str:
    """Return how many nodes of how many types a graph has: ``"37 of 12 types"``."""
    return f"{sum(graph.ops.values()):,} of {amount(len(graph.ops), 'type')}"


def by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return names with their counts, the most frequent first, then by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def variables(found: Sequence[Variable]) -> str:
    """Return how many variables there are and their size: ``"6, 1.2 MB"``."""
    return f"{len(found):,}, {size(sum(v.bytes for v in found))}" if found else "none"


def largest(found: Sequence[Variable], limit: int) -> tuple[list[Variable], list[Variable]]:
    """Return the `limit` largest variables, the largest first, and the rest."""
    ordered = sorted(found, key=lambda variable: (-variable.bytes, variable.name))
    return ordered[:limit], ordered[limit:]


def remainder(rest: Sequence[Variable]) -> str:
    """Return what stands for variables that are not listed: ``"… and 300 more, 12.3 MB"``."""
    return f"… and {len(rest):,} more, {size(sum(variable.bytes for variable in rest))}"


def origin(signature: Signature) -> str:
    """Return the function behind a signature, and why it was chosen; may be empty."""
    return "; ".join(inline(part) for part in (signature.function, signature.why) if part)


def tensor(spec: Spec) -> str:
    """Return a spec without its name: ``"float32[None, 3]"``."""
    return str(spec).removeprefix(f"{spec.name}: ")


def cell(model: Model) -> str:
    """Return the cell that bound a model: ``"[3]"``."""
    return NOTHING if model.cell is None else f"[{model.cell}]"


def traces(graph: MetaGraph) -> list[tuple[str, str]]:
    """Return the functions that Python can call after a load, each with its traces."""
    return [(one.path, amount(one.traces, "trace")) for one in graph.functions]


def calls(graph: MetaGraph) -> list[tuple[str, str]]:
    """Return how Python calls each function after a load, a row for each of its traces.

    Its arguments are where the file tells them: ``("serve(x: float32[None, 3])", "")``, else the
    number of traces is: ``("serve", "1 trace")``.
    """
    rows = []
    for one in graph.functions:
        rows += [(f"{one.path}({', '.join(map(str, trace))})", "") for trace in one.arguments]
        untold = one.traces - len(one.arguments)
        if untold or not one.traces:
            rows.append((one.path, amount(untold, "trace")))
    return rows


def initialisers(graph: MetaGraph) -> list[str]:
    """Return what a load runs once: ``"__saved_model_init_op: NoOp"``."""
    return [inline(f"{key}: {node}") for key, node in graph.initialisers.items()]


def pinned(graph: MetaGraph) -> list[tuple[str, str]]:
    """Return the hard-coded devices, each with how many nodes it holds, the most first."""
    return [(name, amount(count, "node")) for name, count in by_count(graph.devices)]


def which(graph: MetaGraph, inspection: Inspection) -> str:
    """Return what tells a MetaGraph from the others, to follow a title; empty for the only one."""
    return f" (MetaGraph {tags(graph)})" if len(inspection.meta_graphs) > 1 else ""


def files(inspection: Inspection) -> str:
    """Return how many files a directory holds and their size: ``"5 files, 1.2 MB"``."""
    whole = sum(file.bytes for file in inspection.files)
    return f"{amount(len(inspection.files), 'file')}, {size(whole)}"


def maker(inspection: Inspection) -> str:
    """Return the TensorFlow that wrote a directory."""
    graphs = meta_graphs(inspection)
    version = graphs[0].versions.get("tensorflow") if graphs else None
    return f"TensorFlow {version}" if version else "TensorFlow's version unknown"


def durations(seconds: Mapping[str, float]) -> dict[str, str]:
    """Return the phases of an export with their durations, and their sum."""
    told = {phase: duration(taken) for phase, taken in seconds.items()}
    return {**told, "in all": duration(sum(seconds.values()))}


def exported(result: Result) -> str:
    """Return the outcome of an export in one line, without its path."""
    return ", ".join(
        [
            size(result.bytes),
            amount(len(result.signatures), "signature"),
            verdicts.verdict(result.verification),
            *(["the older export was replaced"] if result.replaced else []),
            *([f"without {size(result.left_out)} of optimizer state"] if result.left_out else []),
            *(["with local file paths in debug/"] if _tells_paths(result.inspection) else []),
            *([tally(result.findings)] if result.findings else []),
        ]
    )


def _tells_paths(inspection: Inspection) -> bool:
    # The debug info names the source file of every op.
    return any(file.path.startswith("debug/saved_model_debug_info") for file in inspection.files)


def inspected(inspection: Inspection) -> str:
    """Return what is in a directory in one line, without its path."""
    served = sum(len(graph.signatures) for graph in inspection.meta_graphs)
    graphs = len(inspection.meta_graphs)
    told = [
        files(inspection),
        *([amount(graphs, "MetaGraph")] if graphs != 1 else []),
        amount(served, "signature"),
        amount(len(inspection.variables), "variable"),
        maker(inspection),
    ]
    return ", ".join(told)


def destination(outlook: Outlook, need: int) -> str:
    """Return what an export meets: ``"new version will be 4, 118 MB needed, 24 GB free"``."""
    told = [_standing(outlook)]
    if need:
        told.append(f"about {size(need)} needed")
    if outlook.free:
        told.append(f"{size(outlook.free)} free")
    return ", ".join(part for part in told if part)


def _standing(outlook: Outlook) -> str:
    # What publishes takes longer to import than a SavedModel to be shown.
    from sm_magics.savedmodel.publishing.occupancy import Kind

    if outlook.version is not None:
        return f"the new version will be {outlook.version}"
    if outlook.kind in (Kind.SAVED_MODEL, Kind.PARTIAL):
        replaced = "" if outlook.refusal else ", will be replaced"
        return f"exists ({size(outlook.bytes)}){replaced}"
    if outlook.kind is Kind.EMPTY:
        return "exists, is empty"
    return "new" if outlook.kind is Kind.NOTHING else ""


def elapsed(progress: Progress) -> str:
    """Return the time since an export began and the bytes that it wrote."""
    told = [duration(progress.seconds)]
    if progress.bytes:
        told.append(f"{size(progress.bytes)} written")
    return ", ".join(told)


def advance(progress: Progress) -> str:
    """Return how far an export is in one line."""
    step = f"{progress.phase} ({len(progress.done) + 1} of {len(progress.phases)})"
    return f"{step}, {elapsed(progress)}"
