"""Request: what a face hands to the engine, with every value checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import destination, spec_text
from sm_magics.savedmodel.signatures import Spec
from sm_magics.savedmodel.verify import LEVELS

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from sm_magics.savedmodel.destination import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One export as asked for.

    Attributes
    ----------
    obj : Trackable, tf.function or ConcreteFunction
        What to export.
    destination : Destination or None
        Where to; None only checks.
    signatures : tf.function, ConcreteFunction, mapping, str or list of str, optional
        What to serve; see `choice.choose`.
    options : mapping or tf.saved_model.SaveOptions, optional
        See `options.save_options`.
    inputs : tuple of Spec or None
        Inputs of an object that has no signature of its own.
    overwrite, allow_no_signature, strict : bool
        The policy.
    select, ignore : tuple of str
        Codes or prefixes of findings.
    verify : str or None
        A level of `verify.LEVELS`; None skips it.
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
    strict: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    verify: str | None = "run"
    sample: Any = None
    namespace: Mapping[str, Any] | None = None
    name: str = "model"


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
    select: str | Sequence[str] | None = None,
    ignore: str | Sequence[str] | None = None,
    strict: bool = False,
    verify: str | bool = True,
    sample: Any = None,
    namespace: Mapping[str, Any] | None = None,
    name: str = "model",
) -> Request:
    """Make a `Request` of what a person gave.

    Raises
    ------
    ValueError, TypeError
        If a value makes no sense; the message says what to type instead.
    """
    if overwrite and next_version:
        raise ValueError("a next version is always new; give overwrite or next_version, not both")
    level = ("run" if verify else None) if isinstance(verify, bool) else verify
    if level is not None and level not in LEVELS:
        raise ValueError(f"verify is one of {', '.join(LEVELS)}, True or False; not {verify!r}")
    return Request(
        obj=obj,
        destination=(
            None
            if export_dir is None
            else destination.resolve(export_dir, next_version=next_version)
        ),
        signatures=signatures,
        options=options,
        inputs=_specs(inputs),
        overwrite=overwrite,
        allow_no_signature=allow_no_signature,
        strict=strict,
        select=_codes("select", select),
        ignore=_codes("ignore", ignore),
        verify=level,
        sample=sample,
        namespace=namespace,
        name=name,
    )


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


def _codes(what: str, given: str | Sequence[str] | None) -> tuple[str, ...]:
    codes = [given] if isinstance(given, str) else list(given or ())
    parts = [part.strip() for code in codes for part in code.split(",") if part.strip()]
    for part in parts:
        if not part.startswith("SM"):
            raise ValueError(f"{what} takes codes or prefixes such as SM2 or SM502; not {part!r}")
    return tuple(parts)
