"""The way of one export, always forward: check, stage, save, read back, verify, publish."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import capture, roots, tf_private
from sm_magics.savedmodel import verify as verification
from sm_magics.savedmodel.checks import destination as destination_check
from sm_magics.savedmodel.checks import models as models_check
from sm_magics.savedmodel.checks import signatures as signatures_check
from sm_magics.savedmodel.diagnostics import ExportError, blocking, finding, selected
from sm_magics.savedmodel.inspection import inspect
from sm_magics.savedmodel.publishing import stage
from sm_magics.savedmodel.result import Result
from sm_magics.savedmodel.signatures import choice, functions
from sm_magics.savedmodel.verify import Verification, samples

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

    OnPhase = Callable[[str, Path | None], None]


@dataclass
class _Clock:
    """Tells whoever watches which phase began, and how long each took."""

    on_phase: OnPhase | None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def phase(self, name: str, path: Path | None = None) -> Iterator[None]:
        if self.on_phase is not None:
            self.on_phase(name, path)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - start


def check(request: Request) -> tuple[list[Diagnostic], list[Endpoint]]:
    """Find what is wrong with an export before anything is written.

    Returns
    -------
    findings : list of Diagnostic
        Filtered by the request's `select` and `ignore`.
    endpoints : list of Endpoint
        What would be served; empty where an error keeps it from being traced.

    Raises
    ------
    RuntimeError
        If TensorFlow builds graphs just now (S47).
    AssertionError
        Inside a tf.function's body (S49).
    """
    import tensorflow as tf

    if tf_private.inside_function():
        raise AssertionError("a SavedModel can't be exported from inside a tf.function's body")
    if not tf.executing_eagerly():
        raise RuntimeError(
            "TensorFlow is building a graph here; export outside `tf.Graph().as_default()`, with "
            "eager execution on"
        )
    obj = request.obj
    found = models_check.check(obj)
    endpoints: list[Endpoint] = []
    if request.destination is not None:
        # First, since tracing takes time and may build the model.
        found += destination_check.check(request.destination, overwrite=request.overwrite)
    if not blocking(found):
        try:
            endpoints = choice.choose(
                obj, request.signatures, request.inputs, namespace=request.namespace
            )
        except ExportError as error:
            found += error.findings
        else:
            if not request.allow_no_signature:
                found += signatures_check.check(obj, endpoints)
            _refuse_unfit(request.sample, endpoints)
    if request.destination is not None and not blocking(found):
        need = _estimated_bytes(obj, endpoints)
        full = destination_check.check(request.destination, overwrite=request.overwrite, need=need)
        found += [late for late in full if late.code == "SM503"]
    return selected(found, request.select, request.ignore), endpoints


def _refuse_unfit(sample: Any, endpoints: Sequence[Endpoint]) -> None:
    """Refuse a sample that fits no signature; where it fits one only, the others say so."""
    errors = []
    for endpoint in endpoints if sample is not None else ():
        try:
            samples.given(endpoint.signature.inputs, sample)
        except ValueError as error:
            errors.append(error)
        else:
            return
    if errors:
        raise errors[0]


def export(request: Request, on_phase: OnPhase | None = None) -> Result:
    """Export as requested; what stands at the destination is whole at every instant.

    Parameters
    ----------
    request : Request
    on_phase : callable, optional
        Called with the name of each phase as it begins, and the directory that is being written
        (None before there is one).

    Returns
    -------
    Result

    Raises
    ------
    ExportError
        If findings stop it; nothing was written.
    """
    assert request.destination is not None  # noqa: S101, only `check` does without
    clock = _Clock(on_phase)
    with clock.phase("check"):
        findings, endpoints = check(request)
        if blocking(findings, strict=request.strict):
            raise ExportError(findings)
    with stage(request.destination, overwrite=request.overwrite) as staging:
        with clock.phase("save", staging.path):
            _save(request.obj, endpoints, staging.path, request.options)
        with clock.phase("inspect", staging.path):
            written = inspect(staging.path)
            size = sum(file.bytes for file in written.files)
        with clock.phase("verify", staging.path):
            verified = _verify(request, endpoints, staging.path, size)
            findings += _mismatches(verified, endpoints)
            if blocking(findings, strict=request.strict):
                raise ExportError(findings)
        with clock.phase("publish", staging.path):
            path = staging.publish()
    return Result(
        path=path,
        findings=tuple(findings),
        inspection=replace(written, path=path),
        bytes=size,
        seconds=clock.seconds,
        verification=verified,
        signatures=tuple(endpoint.signature for endpoint in endpoints),
        model=_described(request.obj),
        name=request.name,
        replaced=staging.replaced,
    )


def _save(obj: Any, endpoints: Sequence[Endpoint], directory: Path, save_options: Any) -> None:
    import tensorflow as tf

    root = _root(obj, endpoints)
    if root is not obj and endpoints and not hasattr(root, "serve"):
        # As `keras.Model.export` does: callable from Python after a load.
        root.serve = endpoints[0].function
    # An empty dict, unlike None, keeps TensorFlow from choosing for itself.
    signatures = {endpoint.signature.key: endpoint.function for endpoint in endpoints}
    with _without_staging_path():
        tf.saved_model.save(root, str(directory), signatures=signatures, options=save_options)


def _root(obj: Any, endpoints: Sequence[Endpoint]) -> Any:
    if not functions.is_function(obj):
        return roots.servable(obj, [endpoint.concrete for endpoint in endpoints])
    # S42: TensorFlow saves no bare function.
    root = tf_private.new_node()
    concrete = obj if functions.is_concrete(obj) else None
    root.function = obj
    made = [concrete] if concrete is not None else tf_private.traces(obj)
    seen = {id(variable): variable for trace in made for variable in trace.variables}
    root.variables = list(seen.values())
    return root


@contextlib.contextmanager
def _without_staging_path() -> Iterator[None]:
    """Keep TensorFlow from announcing the staging directory, which is gone when it is read."""
    import tensorflow as tf

    def keep(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Assets written to")

    logger = tf.get_logger()
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)


def _verify(
    request: Request, endpoints: Sequence[Endpoint], directory: Path, size: int
) -> Verification:
    if request.verify is None:
        return Verification("none", reason="it was not asked for")
    if not endpoints:
        return Verification("none", reason="nothing is served")
    return verification.verify(
        endpoints, directory, level=request.verify, sample=request.sample, size=size
    )


def _mismatches(verified: Verification, endpoints: Sequence[Endpoint]) -> list[Diagnostic]:
    """Return what verification found; no filter hides it, `--no-verify` does without it."""
    guessed = {e.signature.key: e.signature for e in endpoints if e.assumed}
    found = []
    for check in verified.signatures:
        if check.status == "differs":
            found.append(
                finding(
                    "SM601",
                    f"the signature {check.key!r} does not compute what the live object computes: "
                    f"{check.reason}",
                    "was a Python attribute changed after the last call, or does the body depend "
                    "on Python state? --no-verify publishes it all the same",
                    function=check.key,
                )
            )
        elif check.key in guessed and check.rejected:
            found.append(choice.wrong_guess(guessed[check.key], check.reason))
    return found


def _estimated_bytes(obj: Any, endpoints: Sequence[Endpoint]) -> int:
    """Estimate the export's size: its variables, and what the graphs hold as constants."""
    constants = sum(
        len(operation.get_attr("value").tensor_content)
        for endpoint in endpoints
        for operation in endpoint.concrete.graph.get_operations()
        if operation.type == "Const"
    )
    return constants + (capture.describe(obj).bytes if capture.kind_of(obj) else 0)


def _described(obj: Any) -> str:
    if capture.kind_of(obj) is None:
        return type(obj).__name__
    model = capture.describe(obj)
    kind = [] if model.kind == model.class_name.lower() else [model.kind]
    return ", ".join([model.class_name, *kind, model.framework])
