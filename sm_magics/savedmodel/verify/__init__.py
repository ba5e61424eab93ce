"""The live object against what was written: shows that the export computes the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import first_line
from sm_magics.savedmodel.publishing.sizes import decimal
from sm_magics.savedmodel.signatures.endpoints import named_outputs
from sm_magics.savedmodel.verify import (
    composites,
    fresh_process,
    ranges,
    same_process,
    samples,
    serving,
    state,
    structure,
)
from sm_magics.savedmodel.verify.comparison import OutputCheck, compare
from sm_magics.savedmodel.verify.structure import IncomparableError, StructureCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.signatures.endpoints import Endpoint

__all__ = [
    "LEVELS",
    "IncomparableError",
    "OutputCheck",
    "SignatureCheck",
    "StructureCheck",
    "Verification",
    "verify",
]

_RUNNERS = {"run": same_process.run, "process": fresh_process.run, "serving": serving.run}
LEVELS = ("structural", *_RUNNERS)
"""A ladder: each level does what the first one does, too."""

_NAMED = 3
"""How many variables a note names."""


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What verification says of one signature.

    `status` is ``"equal"``, ``"differs"``, ``"fails"`` (a fresh process can't run what the live
    object runs), ``"structure"`` (nobody asked for a run, and what was written is what was traced),
    ``"shapes"`` (only dtypes and shapes were compared) or ``"not verified"``; `reason` says why it
    is not simply ``"equal"``; `note` tells what else a reader should know, such as variables that
    were put back; `rejected` tells that the live object refused the made-up inputs; `structure`
    is what the written files say.
    """

    key: str
    status: str
    outputs: tuple[OutputCheck, ...] = ()
    reason: str = ""
    note: str = ""
    rejected: bool = False
    structure: StructureCheck | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a verification.

    `level` says how it was done: ``"structural"`` (the written files compared with the trace and
    the variables in memory), ``"run"`` (that, then loaded back and run in this process),
    ``"process"`` (that, then in a fresh process that imports only TensorFlow, on the CPU),
    ``"serving"`` (that, then in a fresh process through TensorFlow's C API with hard placement, on
    the CPU) or ``"none"``. `reason` is why it is ``"none"``, or less than what was asked for.
    `failure` is why that process had no answer to anything; it goes after "a fresh process".
    `damaged` names what in the checkpoint is not what its index tells of.
    """

    level: str
    signatures: tuple[SignatureCheck, ...] = ()
    reason: str = ""
    failure: str = ""
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Trial:
    """An endpoint with its sample, and what the live object answered; None if it was not asked."""

    endpoint: Endpoint
    feeds: dict[str, Any]
    outputs: dict[str, Any] | None
    written: list[state.Written]
    reason: str = ""

    @property
    def key(self) -> str:
        return self.endpoint.signature.key


def verify(  # noqa: PLR0913, what a caller knows already
    endpoints: Sequence[Endpoint],
    directory: Path,
    *,
    level: str = "run",
    sample: Any = None,
    size: int = 0,
    rewrite: Callable[[Any], Any] | None = None,
) -> Verification:
    """Compare every signature of a written SavedModel with the live object.

    The live object is left as it was: variables that a function writes are put back, and functions
    whose effects can't be undone are not run.

    Parameters
    ----------
    endpoints : sequence of Endpoint
        What was exported.
    directory : Path
        Where it was written.
    level : {"structural", "run", "process", "serving"}
        Only compare the files with the trace; or then load it in this process, or in a fresh one
        that sees no GPU and either imports only TensorFlow, or uses its C API with hard placement.
    sample : array-like or mapping, optional
        The inputs to use, instead of made-up ones.
    size : int
        Bytes of the export, to judge whether memory suffices.
    rewrite
        As of `structure.check`.

    Returns
    -------
    Verification
        A signature that could not be compared says why; only one that was and differs is
        ``"differs"``. A fresh process loads it even where there is nothing to compare.
    """
    found = structure.check(endpoints, directory, rewrite)
    verified = (
        Verification("structural")
        if level == "structural" or found.is_wrong
        else _run_and_compare(endpoints, directory, level, sample, size)
    )
    checks = {check.key: check for check in verified.signatures}
    joined = tuple(_joined(checks.get(key), key, one) for key, one in found.signatures.items())
    return replace(verified, signatures=joined, damaged=found.damaged)


def _joined(check: SignatureCheck | None, key: str, files: StructureCheck) -> SignatureCheck:
    """Return what a run and the files together say of a signature."""
    if check is None:
        status = "structure" if files.status == "equal" else files.status
        return SignatureCheck(key, status, reason=files.reason, structure=files)
    check = replace(check, structure=files)
    # Of two traces of one function, only their answers tell whether they compute the same.
    judged_by_answers = files.another_trace and check.status in {"equal", "differs", "fails"}
    if files.status != "differs" or judged_by_answers:
        return check
    return replace(check, status="differs", reason=files.reason)


def _run_and_compare(
    endpoints: Sequence[Endpoint], directory: Path, level: str, sample: Any, size: int
) -> Verification:
    if reason := _too_little_memory(size, "a second copy"):
        return Verification("structural", reason=reason)
    checks: dict[str, SignatureCheck] = {}
    trials: list[_Trial] = []
    for endpoint in endpoints:
        tried = _try_live(endpoint, sample)
        if isinstance(tried, _Trial):
            trials.append(tried)
        else:
            checks[tried.key] = tried
    failure = ""
    try:
        answers = _answers(directory, level, trials)
    except fresh_process.NoFreshProcessError as error:
        return Verification("structural", reason=str(error))
    except fresh_process.NoAnswersError as error:
        failure = _first_line(error)
        checks |= {
            trial.key: SignatureCheck(trial.key, "fails", reason=f"a fresh process {failure}")
            for trial in trials
        }
    else:
        checks |= {trial.key: _judge(trial, answers[trial.key], level) for trial in trials}
    ordered = tuple(checks[endpoint.signature.key] for endpoint in endpoints)
    return Verification(level, ordered, failure=failure)


def _answers(
    directory: Path, level: str, trials: Sequence[_Trial]
) -> dict[str, dict[str, Any] | Exception]:
    if level == "run" and not trials:
        return {}
    questions = [(trial.key, trial.feeds, bool(trial.written)) for trial in trials]
    return _RUNNERS[level](directory, questions)


def _try_live(endpoint: Endpoint, sample: Any) -> _Trial | SignatureCheck:
    key, concrete = endpoint.signature.key, endpoint.concrete
    if reason := state.why_not_to_run(concrete):
        return SignatureCheck(key, "not verified", reason=reason)
    try:
        feeds = _feeds(endpoint, sample)
    except ValueError as error:
        return SignatureCheck(key, "not verified", reason=str(error))
    written = state.written_variables(concrete)
    if kinds := state.random_ops(concrete):
        # A run would change what the live object draws next.
        return _Trial(
            endpoint, feeds, None, written, f"it draws random numbers ({', '.join(kinds)})"
        )
    try:
        outputs = _run_live(endpoint, feeds, written)
    except Exception as error:  # noqa: BLE001, whatever the author's code raises
        reason = f"the live object rejects the sample inputs ({_first_line(error)}); pass --sample"
        return SignatureCheck(key, "not verified", reason=reason, rejected=True)
    return _Trial(endpoint, feeds, outputs, written)


def _feeds(endpoint: Endpoint, sample: Any) -> dict[str, Any]:
    specs, concrete = endpoint.signature.inputs, endpoint.concrete
    if sample is not None:
        return samples.given(specs, sample, concrete)
    if reason := _too_little_memory(samples.nbytes(specs), "its sample"):
        raise ValueError(reason)
    made = composites.parts(concrete, samples.tensor)
    plain = [spec for spec in specs if spec.name not in made]
    return samples.make(plain, ranges.limits(concrete)) | made


def _run_live(
    endpoint: Endpoint, feeds: dict[str, Any], written: Sequence[state.Written]
) -> dict[str, Any]:
    with same_process.full_precision(), state.kept(written):
        return _own(endpoint.live(feeds))


def _own(outputs: dict[str, Any]) -> dict[str, Any]:
    # What runs eagerly, as Keras does, may answer with a variable, which is put back afterwards.
    import tensorflow as tf

    return tf.nest.map_structure(tf.identity, outputs, expand_composites=True)  # type: ignore[no-any-return]


def _judge(trial: _Trial, answer: dict[str, Any] | Exception, level: str) -> SignatureCheck:
    key, note = trial.key, _note(trial)
    if isinstance(answer, Exception):
        return _judge_failure(trial, answer, level, note)
    if trial.outputs is None:
        return _judge_shapes(trial, answer, trial.reason, note)
    outputs = compare(trial.outputs, answer)
    if all(output.equal for output in outputs):
        return SignatureCheck(key, "equal", outputs, note=note)
    try:
        again = _run_live(trial.endpoint, trial.feeds, trial.written)
    except Exception as error:  # noqa: BLE001, whatever the author's code raises
        reason = f"the live object fails the second time ({_first_line(error)})"
        return SignatureCheck(key, "not verified", outputs, reason, note)
    if all(output.equal for output in compare(trial.outputs, again)):
        return SignatureCheck(key, "differs", outputs, _differing(outputs), note)
    return _judge_shapes(trial, answer, "the live object answers differently each time", note)


def _judge_failure(trial: _Trial, error: Exception, level: str, note: str) -> SignatureCheck:
    if trial.outputs is None:
        reason = f"{trial.reason}, and rejects the sample inputs ({_first_line(error)})"
        return SignatureCheck(trial.key, "not verified", reason=f"{reason}; pass --sample")
    if level != "run":
        return SignatureCheck(trial.key, "fails", reason=_first_line(error), note=note)
    reason = f"the export fails where the live object works: {_first_line(error)}"
    return SignatureCheck(trial.key, "differs", reason=reason, note=note)


def _judge_shapes(trial: _Trial, answer: dict[str, Any], reason: str, note: str) -> SignatureCheck:
    declared = named_outputs(trial.endpoint.concrete.structured_outputs)
    outputs = compare(declared, answer, values=False)
    if all(output.equal for output in outputs):
        reason = f"{reason}; dtypes and shapes agree"
        return SignatureCheck(trial.key, "shapes", outputs, reason, note)
    return SignatureCheck(trial.key, "differs", outputs, _differing(outputs), note)


def _note(trial: _Trial) -> str:
    names = list(dict.fromkeys(variable.name for variable in trial.written))
    if not names or trial.outputs is None:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"it writes {', '.join(names[:_NAMED])}{more}; the live values were put back"


def _differing(outputs: Sequence[OutputCheck]) -> str:
    return "; ".join(f"{output.name}: {output.reason}" for output in outputs if not output.equal)


def _too_little_memory(size: int, what: str) -> str:
    import psutil

    # A loaded copy holds every variable once more, and TensorFlow reads shards into buffers.
    free = psutil.virtual_memory().available
    if size * 1.25 < free:
        return ""
    return f"{what} of {decimal(size)} does not fit into {decimal(free)} of free memory"


def _first_line(error: Exception) -> str:
    # What another process said names its type itself.
    return first_line.of(error, kind=not isinstance(error, fresh_process.RemoteError))
