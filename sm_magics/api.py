"""The Python face: the calls that a magic makes, for scripts and for notebooks."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any

from sm_magics.notebook import renderer

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from sm_magics.notebook.panel import Panel
    from sm_magics.notebook.shown import Findings, Models
    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.difference import Diff
    from sm_magics.savedmodel.inspection import Inspection
    from sm_magics.savedmodel.program import Program
    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.result import Result

renderer.install()


def models() -> Models:
    """Return the models of the running notebook.

    Raises
    ------
    RuntimeError
        Outside IPython.
    """
    from IPython.core.getipython import get_ipython

    from sm_magics.notebook.session import open_session

    shell = get_ipython()
    if shell is None:
        raise RuntimeError("models() lists what an IPython session holds; there is none here")
    return open_session(shell).models()


def check(obj: Any, signatures: Any = None, options: Any = None, **policy: Any) -> Findings:
    """Return what is wrong with an export, before anything is written.

    Parameters
    ----------
    obj, signatures, options
        As in `export`.
    **policy
        The keywords of `export`; `export_dir` may be given too, to check the destination.

    Returns
    -------
    list of Diagnostic
    """
    from sm_magics.notebook.shown import Findings
    from sm_magics.savedmodel import planning
    from sm_magics.savedmodel.diagnostics import ExportError
    from sm_magics.savedmodel.request import request

    real, known = _real(obj), _notebook(obj)
    asked = None
    try:
        asked = request(real, signatures=signatures, options=options, **(known | policy))
        findings, _ = planning.check(asked)
    except ExportError as error:
        findings = list(error.findings)
    found = Findings(_located(findings, obj), known["name"])
    _remember(asked, found)
    return found


def export(  # noqa: PLR0913, one keyword an option
    obj: Any,
    export_dir: str | os.PathLike[str],
    signatures: Any = None,
    options: Any = None,
    *,
    inputs: str | Sequence[str] | None = None,
    overwrite: bool = False,
    next_version: bool = False,
    allow_no_signature: bool = False,
    flatten: bool = False,
    batch: str | None = None,
    with_optimizer: bool = False,
    select: str | Sequence[str] | None = None,
    ignore: str | Sequence[str] | None = None,
    strict: bool = False,
    target: str = "any",
    consumer: str | None = None,
    fix: str | Sequence[str] | None = None,
    verify: str | bool = True,
    writer: str = "fast",
    sample: Any = None,
) -> Result:
    """Export an object as a SavedModel that is proven to compute the same.

    The first four parameters are those of `tf.saved_model.save`.

    Parameters
    ----------
    obj : Trackable, tf.function, ConcreteFunction or Model
        A Keras model, a tf.Module, a tf.train.Checkpoint, a loaded SavedModel, a tf.function, or
        what `models` returned.
    export_dir : str or Path
        Where to write; ``~`` is expanded, missing parents are made.
    signatures : tf.function, ConcreteFunction, dict, str or list of str, optional
        What to serve; ``"KEY=serve(x: float32[None, 3])"`` is read too. By default the object's
        only servable tf.function, else a Keras model's forward pass.
    options : tf.saved_model.SaveOptions or dict, optional
        A dict names fields of SaveOptions.
    inputs : str or list of str, optional
        What an object without a signature takes: ``"x: float32[None, 4]"``.
    overwrite : bool
        Replace the SavedModel that stands there, in one atomic step.
    next_version : bool
        Write ``export_dir/1``, then ``export_dir/2``, ...
    allow_no_signature : bool
        Export although nothing can be served.
    flatten : bool
        Name the leaves of nested outputs by their path: ``a.b.0``.
    batch : {"free", "fixed"}, optional
        Whether dimension 0 of the inputs is any size, or the size of the first call or trace. By
        default it is free wherever the body allows it.
    with_optimizer : bool
        Export optimizers too, for training to go on from the checkpoint.
    select, ignore : str or list of str, optional
        Codes of findings, or prefixes; `ignore` wins.
    strict : bool
        Whether warnings stop the export.
    target : {"any", "cpu", "gpu", "tpu"}
        Where it goes; the severity of findings about devices depends on it.
    consumer : str, optional
        The oldest TensorFlow that is to load it: ``"2.12"``.
    fix : str or list of str, optional
        What to put right in the export: ``"cudnn"`` traces Keras 3 RNNs without it, ``"devices"``
        takes hard-coded devices out, ``"consumer"`` what `consumer` does not know.
    verify : bool or {"structural", "run", "process", "serving"}
        Compare the files with the traced graph and the variables in memory (``"structural"``);
        then also load it back and compare every signature with the live object, in this process
        (``True`` or ``"run"``) or in a fresh one on the CPU: by TensorFlow's Python, or as a model
        server does, through its C API with hard placement.
    writer : {"fast", "tensorflow"}
        Who writes it: our own writer, which puts down what was traced and leaves to TensorFlow what
        it does not know, or `tf.saved_model.save`. The result says which it was.
    sample : array-like or dict of array-like, optional
        The inputs to verify with.

    Returns
    -------
    Result

    Raises
    ------
    ExportError
        A ValueError with `.findings`, if one of them stops the export; nothing is written.
    ValueError, TypeError
        If an argument makes no sense.

    Examples
    --------
    >>> result = sm_magics.export(model, "exports/digits")  # doctest: +SKIP
    >>> result.verification.signatures[0].status  # doctest: +SKIP
    'equal'
    """
    from dataclasses import replace

    from sm_magics.savedmodel import export as engine
    from sm_magics.savedmodel.diagnostics import ExportError
    from sm_magics.savedmodel.request import request

    known = _notebook(obj)
    asked = None
    try:
        asked = request(
            _real(obj),
            export_dir,
            signatures,
            options,
            inputs=inputs,
            overwrite=overwrite,
            next_version=next_version,
            allow_no_signature=allow_no_signature,
            flatten=flatten,
            batch=batch,
            with_optimizer=with_optimizer,
            select=select,
            ignore=ignore,
            strict=strict,
            target=target,
            consumer=consumer,
            fix=fix,
            verify=verify,
            writer=writer,
            sample=sample,
            **known,
        )
        result = engine.export(asked)
    except ExportError as error:
        found = _located(error.findings, obj)
        _remember(asked, found)
        raise ExportError(found) from None
    result = replace(result, findings=tuple(_located(result.findings, obj)))
    _remember(asked, result.findings, result)
    return result


def code(
    obj: Any,
    export_dir: str | os.PathLike[str],
    signatures: Any = None,
    options: Any = None,
    **policy: Any,
) -> Program:
    """Return the plain `tf.saved_model.save` program that exports the same; nothing is written.

    Parameters
    ----------
    obj, export_dir, signatures, options
        As in `export`.
    **policy
        The keywords of `export`; those about findings and verification leave no trace in the
        program.

    Returns
    -------
    str
        Python that starts from the object and needs only TensorFlow.

    Raises
    ------
    ExportError
        If what was asked for can't be exported.
    ValueError, TypeError
        If an argument makes no sense, or a program can't spell it out: a function that no name
        leads to, a sharding callback of your own.
    """
    from sm_magics.savedmodel import program
    from sm_magics.savedmodel.diagnostics import ExportError
    from sm_magics.savedmodel.request import request

    known = _notebook(obj)
    try:
        asked = request(_real(obj), export_dir, signatures, options, **(known | policy))
        return program.write(asked)
    except ExportError as error:
        raise ExportError(_located(error.findings, obj)) from None


def inspect(
    export_dir: str | os.PathLike[str], *, target: str | None = None, consumer: str | None = None
) -> Inspection:
    """Return what is in a SavedModel directory, without loading or running it.

    Parameters
    ----------
    export_dir : str or Path
    target : {"any", "cpu", "gpu", "tpu"}, optional
        Also find what its ops mean there: `Inspection.findings`.
    consumer : str, optional
        The release of TensorFlow that is to load it: ``"2.12"``.

    Raises
    ------
    InspectionError
        A ValueError, if it is no SavedModel or is damaged.
    ValueError
        If there is no such target or release.
    """
    if target is None and consumer is None:
        from sm_magics.savedmodel import inspection

        return inspection.inspect(export_dir)
    from sm_magics.savedmodel import examination

    found = examination.examine(export_dir, target or "any", consumer)
    return found._replace(findings=tuple(_located(found.findings, None)))


def diff(dir_a: str | os.PathLike[str], dir_b: str | os.PathLike[str]) -> Diff:
    """Return what differs from one SavedModel directory to another, what breaks clients first.

    Nothing is loaded or run, and TensorFlow is not imported.

    Raises
    ------
    InspectionError
        A ValueError, if one of them is no SavedModel or is damaged.
    """
    from sm_magics.savedmodel import difference

    return difference.diff(dir_a, dir_b)


def panel(model: Any = None) -> Panel:
    """Return a form for an export: everything that the magics can say, by hand.

    It shows itself as the last expression of a cell. Its traits can be observed and read:
    ``panel.model``, ``panel.request``, ``panel.findings``, ``panel.result``; ``panel.check()`` and
    ``panel.export()`` do what its buttons do, and ``panel.close()`` takes it away.

    Parameters
    ----------
    model : Trackable, tf.function, ConcreteFunction, Model or str, optional
        What to export, or an expression for it. By default the newest model of the notebook.

    Raises
    ------
    RuntimeError
        Outside IPython.
    TypeError
        If it is no model.
    """
    from IPython.core.getipython import get_ipython

    from sm_magics.notebook.panel import Panel
    from sm_magics.notebook.request_text import RequestText
    from sm_magics.notebook.session import open_session
    from sm_magics.savedmodel import capture

    shell = get_ipython()
    if shell is None:
        raise RuntimeError("panel() shows a form in a notebook; there is none here, use export()")
    session = open_session(shell)
    if model is None or isinstance(model, str):
        return Panel(session, RequestText(model or ""))
    real, names = _real(model), _names(model)
    if capture.kind_of(real) is None:
        raise TypeError(
            f"panel() takes a model, such as a Keras model, a tf.Module or a tf.function; not a "
            f"{type(real).__name__}"
        )
    if names:
        return Panel(session, RequestText(names[0]))
    # A word for it that means nothing else.
    words = chain(["model"], map("model_{}".format, count(1)))
    name = next(word for word in words if word not in shell.user_ns)
    return Panel(session, RequestText(name), real)


def _notebook(obj: Any) -> dict[str, Any]:
    """Return the notebook's names and what it calls an object; none and "model" outside of one."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    names = _names(obj)
    return {
        "namespace": {} if shell is None else shell.user_ns,
        "name": names[0] if names else "model",
    }


def _names(obj: Any) -> list[str]:
    """Return the names that the notebook has for an object."""
    from IPython.core.getipython import get_ipython

    from sm_magics.savedmodel.model import Model

    if isinstance(obj, Model):
        return list(obj.names)
    shell = get_ipython()
    namespace: Mapping[str, Any] = {} if shell is None else shell.user_ns
    # IPython's own names of recent outputs begin with an underscore.
    return [name for name, value in namespace.items() if value is obj and name[0] != "_"]


def _located(findings: Iterable[Diagnostic], obj: Any) -> list[Diagnostic]:
    """Put findings into the cells of the notebook, if this is one."""
    from IPython.core.getipython import get_ipython

    from sm_magics.notebook.session import open_session

    shell = get_ipython()
    found = list(findings)
    return found if shell is None else open_session(shell).located(found, _names(obj))


def _remember(
    asked: Request | None, findings: Iterable[Diagnostic], result: Result | None = None
) -> None:
    """Let the notebook's journal know, if this is one."""
    from IPython.core.getipython import get_ipython

    from sm_magics.notebook import asking
    from sm_magics.notebook.session import open_session

    shell = get_ipython()
    if shell is None or asked is None:
        return
    session = open_session(shell)
    asking.note(session, asking.asked(asked), findings)
    if result is not None:
        session.journal.exported(result)


def _real(obj: Any) -> Any:
    from sm_magics.savedmodel.model import Model

    if not isinstance(obj, Model):
        return obj
    real = obj.ref() if obj.ref is not None else None
    if real is None:
        raise ValueError(f"{obj.name} is gone; list the models again with sm_magics.models()")
    return real
