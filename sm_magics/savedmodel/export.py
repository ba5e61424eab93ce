"""The way of one export, always forward: check, stage, save, read back, verify, publish."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import (
    aliases,
    capture,
    downgrade,
    fixes,
    restoring,
    roots,
    saved,
    tf_private,
    user_frames,
    workers,
)
from sm_magics.savedmodel import verify as verification
from sm_magics.savedmodel.checks import aliases as aliases_check
from sm_magics.savedmodel.checks import (
    captures,
    gradients,
    mismatches,
    portability,
    reachable,
    sizes,
    versions,
)
from sm_magics.savedmodel.checks import destination as destination_check
from sm_magics.savedmodel.checks import models as models_check
from sm_magics.savedmodel.checks import signatures as signatures_check
from sm_magics.savedmodel.diagnostics import ExportError, Severity, blocking, finding, selected
from sm_magics.savedmodel.inspection import inspect, metagraph
from sm_magics.savedmodel.result import Result
from sm_magics.savedmodel.signatures import choice, functions, keras_models
from sm_magics.savedmodel.signatures.choice import Wishes
from sm_magics.savedmodel.verify import Verification, samples

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.publishing import Destination
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export would write.

    Attributes
    ----------
    endpoints : list of Endpoint
        What would be served; empty where an error keeps it from being traced.
    root : Root or None
        What TensorFlow would get; None where there is an error.
    held : Saved or None
        What it would find below that root.
    """

    endpoints: list[Endpoint] = field(default_factory=list)
    root: roots.Root | None = None
    held: saved.Saved | None = None


def check(request: Request) -> tuple[list[Diagnostic], Plan]:
    """Find what is wrong with an export before anything is written.

    Returns
    -------
    findings : list of Diagnostic
        Filtered by the request's `select` and `ignore`.
    plan : Plan
        What would be written.

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
    found: list[Diagnostic] = []
    if request.destination is not None:
        # First, since tracing takes time and may build the model.
        found += destination_check.check(request.destination, overwrite=request.overwrite)
    found += models_check.check(request.obj, request.name)
    plan = Plan()
    if not blocking(found):
        try:
            with fixes.tracing(request.obj, request.fix):
                plan = _planned(request, found)
        except ExportError as error:
            found += error.findings
    return selected(found, request.select, request.ignore), plan


def _planned(request: Request, found: list[Diagnostic]) -> Plan:
    """Trace what is served, and look at it; findings are added to `found`."""
    obj = request.obj
    endpoints = choice.choose(
        obj,
        request.signatures,
        request.inputs,
        namespace=request.namespace,
        wishes=Wishes(flatten=request.flatten, batch=request.batch),
    )
    if not request.allow_no_signature:
        found += signatures_check.check(obj, endpoints)
    _refuse_unfit(request.sample, endpoints)
    if blocking(found):
        return Plan()
    found += signatures_check.traced(endpoints, obj)
    root = _root(request, endpoints)
    written = saved.look(root.node, endpoints)
    found += aliases_check.check(request.options, written, endpoints, obj)
    found += signatures_check.unwritable(written)
    found += captures.check(written, endpoints, obj, request.name, request.namespace)
    found += sizes.check(written, endpoints)
    found += _where_it_goes(request, written)
    found += gradients.check(written, endpoints, request.options)
    variables = capture.describe(obj).bytes if capture.kind_of(obj) else 0
    optimizer_bytes = sizes.optimizer_bytes(root.optimizers)
    found += sizes.optimizers(root.optimizers, variables + optimizer_bytes)
    if request.destination is not None and not blocking(found):
        need = sum(one.nbytes for one in sizes.constants(written)) + variables + optimizer_bytes
        full = destination_check.check(request.destination, overwrite=request.overwrite, need=need)
        found += [late for late in full if late.code == "SM503"]
        found += versions.check(request.destination, endpoints, overwrite=request.overwrite)
    return Plan(endpoints, root, written)


def _where_it_goes(request: Request, held: saved.Saved) -> list[Diagnostic]:
    """Return what the nodes mean for the target and the consumer, but what `--fix` puts right."""
    found = list(reachable.check(held, request.options, request.target, request.obj))
    if request.consumer is not None:
        found += reachable.consumer(held, request.consumer)
    mended = tuple(code for fix in request.fix for code in fixes.MENDED.get(fix, ()))
    # What no fix can put right is found after the save, before anything is published.
    return [one for one in found if one.code not in mended]


def _refuse_unfit(sample: Any, endpoints: Sequence[Endpoint]) -> None:
    """Refuse a sample that fits no signature; where it fits one only, the others say so."""
    errors = []
    for endpoint in endpoints if sample is not None else ():
        try:
            samples.given(endpoint.signature.inputs, sample, endpoint.concrete)
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
    TypeError
        If the request has no destination.
    """
    destination = request.named_destination()
    with fixes.tracing(request.obj, request.fix):
        return _export(request, destination, _Clock(on_phase))


def _export(request: Request, destination: Destination, clock: _Clock) -> Result:
    crew = workers.crew(request.obj)
    with user_frames.noted(request.name), clock.phase("check"), crew.together():
        findings, plan = check(request if crew.is_chief else replace(request, destination=None))
        if blocking(findings, strict=request.strict):
            raise ExportError(findings)
    assert plan.root is not None and plan.held is not None  # noqa: S101, PT018, nothing blocks
    endpoints = plan.endpoints
    with (
        user_frames.noted(request.name),
        crew.staging(destination, overwrite=request.overwrite) as staging,
    ):
        with clock.phase("save", staging.path), crew.together():
            _save(request.obj, plan, staging.path, request.options)
            fixed = _rewritten(request, staging.path)
        with clock.phase("inspect", staging.path):
            written = inspect(staging.path)
            size = sum(file.bytes for file in written.files)
            oldest = portability.oldest_consumer(reachable.uses(metagraph(staging.path)))
            findings += aliases_check.dangling(request.options, written)
            findings += selected(sizes.twins(written), request.select, request.ignore)
        with clock.phase("verify", staging.path), crew.together():
            verified = _verify(request, endpoints, staging.path, size)
            findings += mismatches.check(
                verified, endpoints, staging.path, request.obj, request.name
            )
            if blocking(findings, strict=request.strict):
                raise ExportError(findings)
        with clock.phase("publish", staging.path):
            path = crew.published(destination, staging.publish)
    if not crew.is_chief and path.exists():
        written = inspect(path)  # the one that stands
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
        left_out=sizes.optimizer_bytes(plan.root.left_out),
        restored_in_part=restoring.restored_in_part(request.obj),
        fixed=fixed,
        oldest_consumer=oldest,
    )


def _save(obj: Any, plan: Plan, directory: Path, save_options: Any) -> None:
    import tensorflow as tf

    assert plan.root is not None  # noqa: S101, nothing blocks
    root, endpoints = plan.root.node, plan.endpoints
    if root is not obj and endpoints and not hasattr(root, "serve"):
        # As `keras.Model.export` does: callable from Python after a load.
        root.serve = endpoints[0].function
        if keras_models.is_model(obj):
            root.__call__ = endpoints[0].function  # so did Keras 2
    # An empty dict, unlike None, keeps TensorFlow from choosing for itself.
    signatures = {endpoint.signature.key: endpoint.function for endpoint in endpoints}
    with _without_staging_path(), gradients.explained(endpoints):
        tf.saved_model.save(root, str(directory), signatures=signatures, options=save_options)
    if getattr(save_options, "function_aliases", None):
        aliases.drop_dangling(directory)


def _rewritten(request: Request, directory: Path) -> tuple[str, ...]:
    try:
        return fixes.rewrite(directory, request.fix, request.consumer)
    except downgrade.NotHarmlessError as error:
        raise ExportError(
            [
                finding(
                    "SM404",
                    f"--fix consumer can't put it right: {error}",
                    "serve it with a newer TensorFlow, or leave out of the model what it names",
                    severity=Severity.ERROR,
                )
            ]
        ) from None


def _root(request: Request, endpoints: Sequence[Endpoint]) -> roots.Root:
    obj = request.obj
    if not functions.is_function(obj):
        served = [endpoint.concrete for endpoint in endpoints]
        return roots.servable(obj, served, with_optimizer=request.with_optimizer)
    # S42: TensorFlow saves no bare function.
    root = tf_private.new_node()
    root.function = obj
    made = [obj] if functions.is_concrete(obj) else tf_private.traces(obj)
    held = {id(owner): owner for trace in made for owner in tf_private.owners(trace)}
    root.held = list(held.values())
    return roots.Root(root)


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


def _described(obj: Any) -> str:
    if capture.kind_of(obj) is None:
        return type(obj).__name__
    model = capture.describe(obj)
    kind = [] if model.kind == model.class_name.lower() else [model.kind]
    return ", ".join([model.class_name, *kind, model.framework])
