"""What an export would write, and what is wrong with it: found before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import capture, fixes, reuse, roots, saved, tf_private
from sm_magics.savedmodel.checks import aliases as aliases_check
from sm_magics.savedmodel.checks import captures, gradients, reachable, sizes, versions
from sm_magics.savedmodel.checks import destination as destination_check
from sm_magics.savedmodel.checks import models as models_check
from sm_magics.savedmodel.checks import signatures as signatures_check
from sm_magics.savedmodel.diagnostics import ExportError, blocking, ordered, selected
from sm_magics.savedmodel.signatures import choice, functions
from sm_magics.savedmodel.signatures.choice import Wishes
from sm_magics.savedmodel.survey import Survey
from sm_magics.savedmodel.verify import samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.reuse import Memory
    from sm_magics.savedmodel.signatures.endpoints import Endpoint
    from sm_magics.savedmodel.writing.fast import Package


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
    memory : Memory or None
        What the next export of the object may use again; of the last one where it does.
    is_as_before : bool
        Whether nothing was traced: the last plan for the object is used again.
    """

    endpoints: list[Endpoint] = field(default_factory=list)
    root: roots.Root | None = None
    held: saved.Saved | None = None
    memory: Memory | None = None
    is_as_before: bool = False


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
    return ordered(selected(found, request.select, request.ignore)), plan


def _planned(request: Request, found: list[Diagnostic]) -> Plan:
    """Trace what is served, and look at it; findings are added to `found`."""
    memory = reuse.begun(request)
    before = reuse.last(request, memory)
    plan = None if before is None else _as_before(request, before)
    if plan is None:
        plan = _traced(request, memory)
    assert plan.memory is not None  # noqa: S101, of either
    found += plan.memory.found
    if plan.root is not None:
        found += _of_the_day(request, plan)
        # What a check traced need not be traced again by the export that follows.
        reuse.keep(request.obj, plan.memory)
    return plan


def _as_before(request: Request, before: Memory) -> Plan | None:
    """Return the plan of the last export, if the object holds what it held then."""
    _refuse_unfit(request.sample, before.endpoints)
    assert before.held is not None  # noqa: S101, of a plan that was kept
    survey = _survey(request, before.endpoints)
    facts = None if survey is None else survey.facts()
    is_packed = before.package is not None and request.writer == "fast"
    is_same_root = facts is not None and facts == before.facts
    if survey is not None and is_packed and is_same_root:
        # Its root would be made anew for nobody: what was made of the last one is written again.
        root = roots.Root(before.held.nodes[""], survey.optimizers, survey.left_out)
        return Plan(before.endpoints, root, before.held, before, is_as_before=True)
    root = _root(request.obj, survey)
    held = saved.look(root.node, before.endpoints)
    if not reuse.is_same(before.held, held):
        return None
    if survey is not None and not is_same_root:
        before.package = None  # the traces hold, but what is written around them may not
    before.facts, before.held = facts, held
    return Plan(before.endpoints, root, held, before, is_as_before=True)


def _traced(request: Request, memory: Memory) -> Plan:
    obj, found = request.obj, memory.found
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
        return Plan(memory=memory)
    found += signatures_check.traced(endpoints, obj)
    survey = _survey(request, endpoints)
    root = _root(obj, survey)
    held = saved.look(root.node, endpoints)
    found += aliases_check.check(request.options, held, endpoints, obj)
    found += signatures_check.unwritable(held)
    found += captures.check(held, endpoints, obj, request.name, request.namespace)
    constants = sizes.constants(held)
    found += sizes.check(held, endpoints, constants)
    found += _where_it_goes(request, held)
    found += gradients.check(held, endpoints, request.options)
    memory.endpoints, memory.held = endpoints, held
    # After the look, which traces what TensorFlow will trace.
    memory.facts = None if survey is None else survey.facts()
    memory.constant_bytes = sum(one.nbytes for one in constants)
    return Plan(endpoints, root, held, memory)


def settle(request: Request, plan: Plan, package: Package) -> None:
    """Let the next export find things as the fast writer left them.

    To list the functions that were called, TensorFlow traces some of them once more.
    """
    held, memory = plan.held, plan.memory
    assert held is not None and memory is not None  # noqa: S101, PT018, there is a plan
    if all(
        functions.is_concrete(function)
        or len(tf_private.traces(function)) == len(held.traces[path])
        for path, function in held.functions.items()
    ):
        return
    survey = _survey(request, plan.endpoints)
    facts = None if survey is None else survey.facts()
    now = saved.look(_root(request.obj, survey).node, plan.endpoints)
    called = {id(function): now.traces[path] for path, function in now.functions.items()}
    kinds = Counter(
        kind for traces in called.values() for kind in set(map(tf_private.kind_of_trace, traces))
    )
    # What another thread traced meanwhile is not in what was written.
    if kinds <= package.traces:
        memory.held, memory.facts = now, facts


def _of_the_day(request: Request, plan: Plan) -> list[Diagnostic]:
    """Return what depends on more than the graph: the optimizers, and the destination."""
    root, memory = plan.root, plan.memory
    assert root is not None and memory is not None  # noqa: S101, PT018, there is a plan
    variables = capture.nbytes(request.obj)
    optimizer_bytes = sizes.optimizer_bytes(root.optimizers)
    found = list(sizes.optimizers(root.optimizers, variables + optimizer_bytes))
    if request.destination is not None and not blocking(found):
        need = memory.constant_bytes + variables + optimizer_bytes
        full = destination_check.check(request.destination, overwrite=request.overwrite, need=need)
        found += [late for late in full if late.code == "SM503"]
        found += versions.check(request.destination, plan.endpoints, overwrite=request.overwrite)
    return found


def _where_it_goes(request: Request, held: saved.Saved) -> list[Diagnostic]:
    """Return what the nodes mean for the target and the consumer, but what `--fix` puts right."""
    cleared = "devices" in request.fix
    found = list(
        reachable.check(held, request.options, request.target, request.obj, cleared=cleared)
    )
    if request.consumer is not None:
        found += reachable.consumer(held, request.consumer)
    # What no fix can put right is found after the save, before anything is published.
    mended = ("SM403", "SM404") if "consumer" in request.fix else ()
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


def _survey(request: Request, endpoints: Sequence[Endpoint]) -> Survey | None:
    if functions.is_function(request.obj):
        return None
    served = [endpoint.concrete for endpoint in endpoints]
    return Survey(request.obj, served, with_optimizer=request.with_optimizer)


def _root(obj: Any, survey: Survey | None) -> roots.Root:
    if survey is not None:
        return roots.of(survey)
    # S42: TensorFlow saves no bare function.
    root = tf_private.new_node()
    root.function = obj
    made = [obj] if functions.is_concrete(obj) else tf_private.traces(obj)
    held = {id(owner): owner for trace in made for owner in tf_private.owners(trace)}
    root.held = list(held.values())
    return roots.Root(root)
