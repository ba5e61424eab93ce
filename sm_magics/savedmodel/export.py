"""The way of one export, always forward: check, stage, save, read back, verify, publish."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import (
    capture,
    fixes,
    reading,
    restoring,
    reuse,
    user_frames,
    workers,
    writing,
)
from sm_magics.savedmodel import verify as verification
from sm_magics.savedmodel.checks import aliases as aliases_check
from sm_magics.savedmodel.checks import (
    mismatches,
    sizes,
)
from sm_magics.savedmodel.diagnostics import (
    ExportError,
    blocking,
    ordered,
    selected,
)
from sm_magics.savedmodel.garbage import uncollected
from sm_magics.savedmodel.inspection import inspect
from sm_magics.savedmodel.planning import check, settle
from sm_magics.savedmodel.result import Result
from sm_magics.savedmodel.verify import Verification

if TYPE_CHECKING:
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
    clock = _Clock(on_phase)
    with fixes.tracing(request.obj, request.fix):
        try:
            return _export(request, destination, clock)
        except _StaleError:
            # Something changed that no look at Python sees: from nothing, then.
            return _export(request, destination, clock)


class _StaleError(Exception):
    """What the last export traced is not what the object computes now; it is forgotten."""


def _export(request: Request, destination: Destination, clock: _Clock) -> Result:
    crew = workers.crew(request.obj)
    with (
        user_frames.noted(request.name),
        clock.phase("check"),
        crew.together(),
        uncollected(),
    ):
        findings, plan = check(request if crew.is_chief else replace(request, destination=None))
        if blocking(findings, strict=request.strict):
            raise ExportError(findings)
    # Nothing blocks.
    assert plan.root is not None and plan.memory is not None  # noqa: S101, PT018
    endpoints = plan.endpoints
    with (
        user_frames.noted(request.name),
        crew.staging(destination, overwrite=request.overwrite) as staging,
    ):
        with clock.phase("save", staging.path), crew.together(), uncollected():
            package = plan.memory.package
            done = writing.write(
                request.obj,
                plan.root.node,
                endpoints,
                staging.path,
                request.options,
                request.writer,
                package,
            )
            reused = package is not None and done.package is package
            if done.package is not None and not reused:
                settle(request, plan, done.package)
            fixed = fixes.rewrite(staging.path, request.fix, request.consumer)
        with clock.phase("inspect", staging.path):
            written = inspect(staging.path)
            size = sum(file.bytes for file in written.files)
            graph = reading.read(staging.path, request, plan.memory, done.package)
            late = aliases_check.dangling(request.options, written)
            late += _untold(graph.found, findings)
            late += sizes.twins(written)
            findings += selected(late, request.select, request.ignore)
        with clock.phase("verify", staging.path), crew.together():
            verified = _verify(request, endpoints, staging.path, size)
            findings += mismatches.check(
                verified, endpoints, staging.path, request.obj, request.name
            )
            if blocking(findings, strict=request.strict):
                reuse.forget(request.obj)
                if plan.is_as_before:
                    raise _StaleError
                raise ExportError(ordered(findings))
        with clock.phase("publish", staging.path):
            path = crew.published(destination, staging.publish)
    plan.memory.package = done.package or plan.memory.package
    if not crew.is_chief and path.exists():
        written = inspect(path)  # the one that stands
    return Result(
        path=path,
        findings=tuple(ordered(findings)),
        inspection=written._replace(path=path),
        bytes=size,
        seconds=clock.seconds,
        verification=verified,
        signatures=tuple(endpoint.signature for endpoint in endpoints),
        model=_described(request.obj),
        name=request.name,
        replaced=staging.replaced,
        left_out=sizes.optimizer_bytes(plan.root.left_out),
        restored_in_part=_restored_in_part(request.obj, plan.root.node),
        fixed=fixed,
        oldest_consumer=graph.oldest,
        writer=done.writer,
        left_to_tensorflow=done.why,
        reused=reused,
    )


def _restored_in_part(obj: Any, node: Any) -> tuple[str, ...]:
    # What holds no Keras object is its own root, and restored as a whole.
    return () if node is obj else restoring.restored_in_part(obj)


def _untold(found: Sequence[Diagnostic], before: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return what was not found before the save, with its lines."""
    told = {(one.code, one.message) for one in before}
    return [one for one in found if (one.code, one.message) not in told]


def _verify(
    request: Request, endpoints: Sequence[Endpoint], directory: Path, size: int
) -> Verification:
    if request.verify is None:
        return Verification("none", reason="it was not asked for")
    if not endpoints:
        return Verification("none", reason="nothing is served")
    return verification.verify(
        endpoints,
        directory,
        level=request.verify,
        sample=request.sample,
        size=size,
        rewrite=lambda model: _rewrite(model, request),
    )


def _rewrite(model: Any, request: Request) -> None:
    """Do to a traced model what the save and `_save`'s caller do to the written one."""
    if getattr(request.options, "experimental_debug_stripper", False):
        raise verification.IncomparableError("the debug stripper took checks out of it")
    fixes.apply(model, request.fix, request.consumer)


def _described(obj: Any) -> str:
    name, kind = type(obj).__name__, capture.kind_of(obj)
    if kind is None:
        return name
    named = [] if kind.name == name.lower() else [kind.name]
    return ", ".join([name, *named, kind.framework])
