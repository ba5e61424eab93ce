"""Request: what a face hands to the engine, with every value checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import op_tables, policy
from sm_magics.savedmodel import options as options_table
from sm_magics.savedmodel.checks import aliases as aliases_check
from sm_magics.savedmodel.checks import destination as destination_check
from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.publishing import destination
from sm_magics.savedmodel.signatures import Spec, choice, functions, paths, spec_text

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from sm_magics.savedmodel.op_tables import OpTable
    from sm_magics.savedmodel.publishing.destination import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One export as asked for.

    Attributes
    ----------
    obj : Trackable, tf.function or ConcreteFunction
        What to export.
    destination : Destination or None
        Where to; None only checks.
    signatures : dict or None
        What to serve by key; see `choice.by_key`.
    options : tf.saved_model.SaveOptions or None
        See `options.save_options`.
    inputs : tuple of Spec or None
        Inputs of an object that has no signature of its own.
    overwrite, allow_no_signature, strict, flatten, with_optimizer : bool
        The policy.
    batch : {"free", "fixed"} or None
        What becomes of dimension 0 of the inputs; None frees it wherever the body allows it.
    select, ignore : tuple of str
        Codes or prefixes of findings.
    target : str
        Where it goes: one of `diagnostics.TARGETS`.
    consumer : OpTable or None
        The oldest TensorFlow that is to load it.
    fix : tuple of str
        What to put right in what is written: of `fixes.FIXES`.
    verify : str or None
        A level of `verify.LEVELS`; None skips it.
    writer : str
        One of `policy.WRITERS`.
    sample : array-like, mapping or None
        Inputs to verify with.
    namespace : mapping
        Where functions that the object lacks are looked up by name.
    name : str
        What a person calls the object.
    """

    obj: Any
    destination: Destination | None = None
    signatures: Any = None
    options: Any = None
    inputs: tuple[Spec, ...] | None = None
    overwrite: bool = False
    allow_no_signature: bool = False
    flatten: bool = False
    batch: str | None = None
    with_optimizer: bool = False
    strict: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    target: str = "any"
    consumer: OpTable | None = None
    fix: tuple[str, ...] = ()
    verify: str | None = "run"
    writer: str = "fast"
    sample: Any = None
    namespace: Mapping[str, Any] | None = None
    name: str = "model"

    def named_destination(self) -> Destination:
        """Return the destination of a request that is more than a check.

        Raises
        ------
        TypeError
            If there is none.
        """
        if self.destination is None:
            raise TypeError('export_dir is None; name a directory, such as "exports/model"')
        return self.destination


def request(  # noqa: PLR0913, one keyword an option
    obj: Any,
    export_dir: str | os.PathLike[str] | None = None,
    signatures: Any = None,
    options: Any = None,
    *,
    inputs: str | Spec | Sequence[str | Spec] | None = None,
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
    namespace: Mapping[str, Any] | None = None,
    name: str = "model",
) -> Request:
    """Make a `Request` of what a person gave.

    Raises
    ------
    ValueError, TypeError
        If a value makes no sense; the message says what to type instead.
    ExportError
        If an alias names no tf.function (SM211), or a key can't be one (SM209).
    """
    policy.refuse_both(overwrite=overwrite, next_version=next_version)
    level = policy.level(verify)
    policy.refuse_batch(batch)
    policy.refuse_target(target)
    policy.refuse_writer(writer)
    release = None if consumer is None else op_tables.nearest(consumer)
    fixes = policy.fixes(fix, has_consumer=release is not None)
    return Request(
        obj=obj,
        destination=None if export_dir is None else _destination(export_dir, next_version),
        signatures=None if signatures is None else choice.by_key(signatures),
        options=_save_options(options, obj, namespace or {}),
        inputs=_specs(inputs),
        overwrite=overwrite,
        allow_no_signature=allow_no_signature,
        flatten=flatten,
        batch=batch,
        with_optimizer=with_optimizer,
        strict=strict,
        select=policy.codes("select", select),
        ignore=policy.codes("ignore", ignore),
        target=target,
        consumer=release,
        fix=fixes,
        verify=level,
        writer=writer,
        sample=sample,
        namespace=namespace,
        name=name,
    )


def _destination(export_dir: str | os.PathLike[str], next_version: bool) -> Destination:  # noqa: FBT001, as given
    try:
        return destination.resolve(export_dir, next_version=next_version)
    except destination.NotLocalError as error:
        raise ExportError([destination_check.not_local(error.url)]) from None


def _save_options(options: Any, obj: Any, namespace: Mapping[str, Any]) -> Any:
    if options is None:
        return None
    aliases = options.get("function_aliases") if isinstance(options, Mapping) else None
    if not isinstance(aliases, Mapping):
        return options_table.save_options(options)
    # A function may be given by its name on the object.
    found = {
        alias: _aliased(alias, function, obj, namespace) if isinstance(function, str) else function
        for alias, function in aliases.items()
    }
    return options_table.save_options({**options, "function_aliases": found})


def _aliased(alias: str, path: str, obj: Any, namespace: Mapping[str, Any]) -> Any:
    try:
        function = paths.find(path, obj, namespace)
    except ExportError:
        function = None
    if not functions.is_function(function):
        raise ExportError([aliases_check.unknown(alias, path, obj)])
    return function


def _specs(inputs: str | Spec | Sequence[str | Spec] | None) -> tuple[Spec, ...] | None:
    if inputs is None:
        return None
    given = [inputs] if isinstance(inputs, str | Spec) else inputs
    specs: list[Spec] = []
    for one in given:
        if isinstance(one, str):
            specs.extend(spec_text.parse_specs(one))
        elif isinstance(one, Spec):
            specs.append(one)
        else:
            raise TypeError(f"inputs has {one!r}; give texts such as 'x: float32[None, 4]'")
    return tuple(specs) or None
