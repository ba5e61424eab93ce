"""What is wrong with the values of options."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import op_tables, policy
from sm_magics.savedmodel import options as options_table
from sm_magics.savedmodel.checks import aliases
from sm_magics.savedmodel.diagnostics import CATALOGUE
from sm_magics.savedmodel.options import option_values
from sm_magics.savedmodel.proofreading import serving
from sm_magics.savedmodel.proofreading.lookup import UntoldError, target
from sm_magics.savedmodel.signatures import functions, spec_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sm_magics.savedmodel.options import Option

    Given = Mapping[str, Any]


def option(
    name: str,
    value: Any,
    given: Mapping[str, Any],
    obj: Any = None,
    namespace: Mapping[str, Any] | None = None,
) -> str:
    """Return what is wrong with the value of an option; what is not given is right.

    Parameters
    ----------
    name : str
        `Option.name`.
    value : object
        What the keyword takes, as texts: str, bool, list of str, dict of str to str.
    given : mapping
        All options by name, for what excludes or needs another.
    obj, namespace : object, mapping
        Where signatures and aliases are looked up; without an object their texts alone are judged.

    Raises
    ------
    KeyError
        If there is no such option.
    """
    row = options_table.BY_NAME[name]
    if value is None or (value is not False and value in ("", [], (), {})):
        return ""
    if name == "signatures":
        texts = [value] if isinstance(value, str) else value
        own = given.get("inputs") or ()
        own = [own] if isinstance(own, str) else own
        return _first(serving.signatures(texts, obj, namespace or {}, own))
    if name == "inputs":
        return _first(serving.inputs([value] if isinstance(value, str) else value))
    try:
        if name in _RULES:
            _RULES[name](value, given)
        elif row.group == "SaveOptions":
            return _save_option(row, value, obj, namespace or {})
        elif row.kind == "flag":
            option_values.checked(row, value)
    except (ValueError, TypeError) as error:
        return str(error)
    return ""


def _first(found: list[str]) -> str:
    return next((one for one in found if one), "")


def _places(_: Any, given: Given) -> None:
    policy.refuse_both(
        overwrite=bool(given.get("overwrite")), next_version=bool(given.get("next_version"))
    )


def _proof(value: Any, given: Given) -> None:
    level = policy.level(value)
    if level is not None and value is not True and given.get("no_verify") is True:
        raise ValueError(f"no_verify leaves out what verify={level!r} asks for; leave one out")


def _no_proof(value: Any, given: Given) -> None:
    if value is True:
        _proof(given.get("verify"), given)


def _codes(name: str, value: Any) -> None:
    """Refuse what is the beginning of no code: an export takes it, and it does nothing."""
    for code in policy.codes(name, value):
        if not any(known.startswith(code) for known in CATALOGUE):
            families = ", ".join(sorted({known[:3] for known in CATALOGUE}))
            raise ValueError(f"no finding's code begins with {code}; they begin with {families}")


_RULES: dict[str, Callable[[Any, Given], Any]] = {
    "overwrite": _places,
    "next_version": _places,
    "batch": lambda value, _: policy.refuse_batch(value),
    "writer": lambda value, _: policy.refuse_writer(value),
    "target": lambda value, _: policy.refuse_target(value),
    "consumer": lambda value, _: op_tables.nearest(value),
    "fix": lambda value, given: policy.fixes(value, has_consumer=bool(given.get("consumer"))),
    "verify": _proof,
    "no_verify": _no_proof,
    "select": lambda value, _: _codes("select", value),
    "ignore": lambda value, _: _codes("ignore", value),
}


def _save_option(row: Option, value: Any, obj: Any, namespace: Mapping[str, Any]) -> str:
    options_table.refuse_unavailable(row, value)
    if "tensorflow" in sys.modules:
        options_table.refuse_missing(row)
    elif row.name == "experimental_io_device":
        return ""  # only TensorFlow knows its devices
    if row.kind == "pairs":
        return _aliases(row, value, obj, namespace)
    if row.kind == "size" and isinstance(value, str):
        if value != "device":
            options_table.parse_size(value)
        return ""  # the policy itself is made by TensorFlow
    option_values.checked(row, value)
    return ""


def _aliases(row: Option, value: Any, obj: Any, namespace: Mapping[str, Any]) -> str:
    if not isinstance(value, Mapping):
        option_values.checked(row, value)
    texts = {alias: path for alias, path in value.items() if isinstance(path, str)}
    option_values.checked(row, {a: path for a, path in value.items() if a not in texts})
    for alias, path in texts.items():
        if not alias:
            option_values.checked(row, {alias: path})
        spec_text.parse_function(path)
        if obj is not None and not _is_function(path, obj, namespace):
            return aliases.unknown(alias, path, obj).message
    return ""


def _is_function(path: str, obj: Any, namespace: Mapping[str, Any]) -> bool:
    try:
        return functions.is_function(target(path, obj, namespace))
    except UntoldError:
        return True
    except LookupError:
        return False
