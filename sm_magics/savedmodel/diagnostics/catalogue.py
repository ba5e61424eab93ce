"""The catalogue: every code with its severity, what it is about, and what the consumer gets.

Kept by hand, since what happens to a consumer can't be derived; `scripts/make_diagnostics_page.py`
writes `docs/diagnostics.md` from it, and a test says when that page is out of date.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is for the consumer of the export."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the catalogue.

    Attributes
    ----------
    code : str
        ``"SM103"``.
    severity : Severity
        The usual one; a finding may be milder or graver than its rule.
    title : str
        What it is about, in one line.
    consequence : str
        What happens to the consumer (or to the export) where nobody looks.
    targets : tuple of (Severity or None), optional
        The severity on a CPU, a GPU and a TPU, where it depends on the target; None where it is no
        finding there. `severity` is then the one for any target: the worse of CPU and GPU.
    """

    code: str
    severity: Severity
    title: str
    consequence: str = ""
    targets: tuple[Severity | None, Severity | None, Severity | None] | None = None

    def at(self, target: str) -> Severity | None:
        """Return the severity for one of `TARGETS`; None where it is no finding there."""
        if target == "any" or self.targets is None:
            return self.severity
        return self.targets[TARGETS.index(target)]


TARGETS = ("cpu", "gpu", "tpu", "any")
"""Where an export may go; ``"any"`` is a CPU or a GPU, nobody knows which."""

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

_RULES = (
    Rule(
        "SM101",
        _E,
        "the object is not trackable",
        "TensorFlow can't save it: there would be no export.",
    ),
    Rule(
        "SM102",
        _E,
        "the Keras model is not built, so no signature can be made",
        "`tf.saved_model.save` writes it without a signature and says nothing; a server then has "
        "nothing to call.",
    ),
    Rule(
        "SM103",
        _E,
        "a function uses a variable or table that the object does not track",
        "The save fails with an `untracked` resource that it does not name; a variable on a plain "
        "Python object is missing in the checkpoint.",
    ),
    Rule(
        "SM104",
        _E,
        "the object has an attribute called `signatures`",
        "A loaded SavedModel keeps that name for its own; the attribute would be lost or break "
        "the save.",
    ),
    Rule(
        "SM105",
        _E,
        "a function outlived what it belongs to",
        "Its variables or its owner were deleted; the save fails although a call may still work.",
    ),
    Rule(
        "SM106",
        _E,
        "a tracked list or dict was changed so that it can't be saved",
        "The save fails: a checkpoint could not tell the elements apart.",
    ),
    Rule(
        "SM107",
        _E,
        "a dataset iterator is an attribute",
        "The save fails with `capture an EagerTensor`; an iterator's position can't be exported.",
    ),
    Rule(
        "SM108",
        _W,
        "a tf.function was never traced",
        "After a load it can't be called: `Found zero restored functions`.",
    ),
    Rule(
        "SM109",
        _I,
        "optimizer slots or repeated variables enlarge the export",
        "The consumer downloads and restores bytes that no signature reads.",
    ),
    Rule(
        "SM110",
        _W,
        "large constants are baked into the graph",
        "The graph grows by their bytes and can't be updated by a checkpoint; above 2 GB the save "
        "itself fails after minutes.",
    ),
    Rule(
        "SM111",
        _E,
        "an asset file is missing",
        "TensorFlow saves without it, silently; the first load fails.",
    ),
    Rule(
        "SM112",
        _E,
        "a custom gradient can't be traced",
        "The save fails; without custom gradients the export serves, but can't be fine-tuned.",
    ),
    Rule(
        "SM113",
        _I,
        "mixed precision: an output is float16 or bfloat16",
        "Clients that expect float32 get half precision.",
    ),
    Rule(
        "SM201",
        _E,
        "no signature would be written",
        "`tf.saved_model.save` says nothing; a server then has nothing to call.",
    ),
    Rule(
        "SM202",
        _E,
        "the function is not there, or nothing fitting says what it takes",
        "TensorFlow refuses it as a signature, even if it was called before.",
    ),
    Rule(
        "SM203",
        _E,
        "an input's name is not one that a graph can hold",
        "The save fails with a message about names that are not unique.",
    ),
    Rule(
        "SM204",
        _E,
        "several tensors in one argument have no names of their own",
        "TensorFlow numbers or renames them silently; a client that goes by the author's names "
        "feeds the wrong tensor.",
    ),
    Rule(
        "SM205",
        _E,
        "an output can't be named",
        "The save fails, or the function is silently not served.",
    ),
    Rule(
        "SM206",
        _W,
        "the batch size is fixed",
        "Requests of any other size are refused; a server can't batch.",
    ),
    Rule(
        "SM207",
        _I,
        "a Python argument is baked into the signature",
        "Clients can't set it; every request uses the value of the trace.",
    ),
    Rule(
        "SM208",
        _I,
        "a ragged or sparse tensor becomes several tensors",
        "Clients feed or get its parts under names of their own.",
    ),
    Rule(
        "SM209",
        _E,
        "the signature's key is reserved or no string",
        "A reserved key silently replaces the op that initialises the model.",
    ),
    Rule(
        "SM210",
        _W,
        "an input that holds integers is declared as float32",
        "Clients send floats for what are indices; large ones lose their last digits.",
    ),
    Rule(
        "SM211",
        _E,
        "a function alias is empty or dangles",
        "A consumer that looks the alias up finds no function.",
    ),
    Rule(
        "SM212",
        _W,
        "the signatures differ from those of the version beside it",
        "Clients of the older version break when the server takes the new one.",
    ),
    Rule(
        "SM301",
        _W,
        "ops are pinned to the first GPU",
        "A CPU server without soft placement rejects the model; on a GPU server the ops stay on "
        "the first one.",
        (_W, _I, _W),
    ),
    Rule(
        "SM302",
        _W,
        "ops are pinned to the CPU",
        "On a GPU server their inputs and outputs are copied between host and device at each "
        "request.",
        (_I, _W, _W),
    ),
    Rule(
        "SM303",
        _W,
        "ops are pinned to a further device, or to a replica's",
        "A server with fewer devices rejects the model, or crowds all replicas onto one.",
        (_W, _W, _W),
    ),
    Rule(
        "SM304",
        _E,
        "ops are pinned to another process",
        "The server knows no job, replica or task of that name, and rejects the model.",
        (_E, _E, _E),
    ),
    Rule(
        "SM305",
        _E,
        "ops need a TPU",
        "A server without a TPU rejects the model.",
        (_E, _E, None),
    ),
    Rule(
        "SM306",
        _E,
        "an op runs with cuDNN only",
        "The model loads on a CPU server, and its first request fails.",
        (_E, _I, _E),
    ),
    Rule(
        "SM307",
        _W,
        "convolutions or pools take their channels first",
        "A CPU server runs them only where oneDNN is on; elsewhere the first request fails.",
        (_W, None, _W),
    ),
    Rule(
        "SM308",
        _E,
        "an op has no kernel for these dtypes on the target",
        "The model loads, and its first request fails.",
        (_E, _E, None),
    ),
    Rule(
        "SM309",
        _W,
        "a function must be compiled by XLA",
        "A server whose TensorFlow was built without XLA fails at the first request; others "
        "compile anew for every shape.",
        (_W, _W, _I),
    ),
    Rule(
        "SM310",
        _E,
        "an op talks to other workers",
        "A single server waits for the others for ever, or fails.",
        (_E, _W, _W),
    ),
    Rule(
        "SM311",
        _E,
        "a variable's GPU is saved with it",
        "A CPU server can't make the variable, and rejects the model.",
        (_E, _I, _E),
    ),
    Rule(
        "SM312",
        _I,
        "an op runs on the host only",
        "On a GPU or TPU server text and table lookups cross to the host at each request.",
        (None, _I, _E),
    ),
    Rule(
        "SM401",
        _E,
        "an op calls a Python function",
        "Only a token of the function is saved: the export loads everywhere, and fails at the "
        "first request in any process but the one that saved it.",
    ),
    Rule(
        "SM402",
        _W,
        "an op is none of TensorFlow's own",
        "A server without the library that registers it refuses the export.",
    ),
    Rule(
        "SM403",
        _E,
        "the consumer's TensorFlow does not know an op",
        "It refuses the whole export, even if no request would reach that op.",
    ),
    Rule(
        "SM404",
        _E,
        "the consumer's TensorFlow does not know an attribute of an op",
        "TensorFlow 2.4 refuses the whole export. TensorFlow 2.12 and later ignore the attribute, "
        "and if it says more than a name, they compute something else.",
    ),
    Rule(
        "SM405",
        _W,
        "an op reads or writes files, talks to a process, or runs Python",
        "Security scans stop the export; where nobody scans, it does that on the server.",
    ),
    Rule(
        "SM501",
        _E,
        "the destination can't be written",
        "There would be no export, or half of one.",
    ),
    Rule(
        "SM502",
        _E,
        "the destination exists",
        "An older export, or somebody's files, would go.",
    ),
    Rule(
        "SM503",
        _E,
        "the destination has not enough space",
        "The save fails in the middle.",
    ),
    Rule(
        "SM504",
        _E,
        "the destination's scheme is not one that can be written to",
        "TensorFlow would fail, or make a directory with a colon in its name.",
    ),
    Rule(
        "SM505",
        _W,
        "what stands there is a partial or mixed export",
        "It does not load, or it loads with the graph of one model and the weights of another.",
    ),
    Rule(
        "SM601",
        _E,
        "the export computes something else than the live object",
        "Clients get other numbers than the notebook showed.",
    ),
    Rule(
        "SM602",
        _E,
        "a fresh process can't load or run it",
        "A server does not start with it, or answers each request with this error.",
    ),
)
CATALOGUE: dict[str, Rule] = {rule.code: rule for rule in _RULES}
