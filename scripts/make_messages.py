# /// script
# requires-python = ">=3.11"
# dependencies = ["sm_magics"]
# ///
"""Write `labextension/src/messages.ts` from the types in `sm_magics/notebook/sidebar/messages.py`.

A test compares the two, so that both ends of the wire always mean the same.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec
import msgspec.inspect as types

from sm_magics.notebook.sidebar import TARGET_NAME, VERSION, messages

if TYPE_CHECKING:
    from types import UnionType

PAGE = Path(__file__).resolve().parents[1] / "labextension" / "src" / "messages.ts"
_UNIONS: dict[str, UnionType] = {"Request": messages.Request, "Said": messages.Said}
_ATOMS: dict[type[types.Type], str] = {
    types.StrType: "string",
    types.BoolType: "boolean",
    types.IntType: "number",
    types.FloatType: "number",
    types.NoneType: "null",
}


def page() -> str:
    """Return the TypeScript module."""
    parts = [
        "// Written by scripts/make_messages.py from sm_magics/notebook/sidebar/messages.py.\n",
        f"/** Both ends must speak the same. */\nexport const VERSION = {VERSION};\n",
        f"/** A front end finds our comm by it. */\nexport const TARGET_NAME = '{TARGET_NAME}';\n",
        f"export type Given = {_union(messages.Given)};\n",
    ]
    parts += [_interface(noun) for noun in messages.Noun.__subclasses__()]
    for base in (messages.Ask, messages.Tell, messages.Answer):
        parts += [_interface(one) for one in base.__subclasses__()]
    for name, union in _UNIONS.items():
        members = "".join(f"\n  | {one.__name__}" for one in get_args(union))
        parts.append(f"export type {name} ={members};\n")
    return "\n".join(parts)


def _interface(struct: type[msgspec.Struct]) -> str:
    told = types.type_info(struct)
    assert isinstance(told, types.StructType)  # noqa: S101, what else is one
    fields = [f"  kind: '{told.tag}';"] if told.tag is not None else []
    for field in sorted(told.fields, key=lambda one: one.name != "id"):
        mark = "?" if not field.required and field.default is field.default_factory else ""
        fields.append(f"  {field.encode_name}{mark}: {_type(field.type)};")
    doc = (inspect.getdoc(struct) or "").splitlines()
    many = ["/**", *(f" * {one}".rstrip() for one in doc), " */"]
    lines = [f"/** {doc[0]} */"] if len(doc) == 1 else many
    return "\n".join([*lines, f"export interface {struct.__name__} {{", *fields, "}", ""])


def _type(told: types.Type) -> str:
    match told:
        case types.UnionType():
            return _either([_type(one) for one in told.types])
        case types.LiteralType():
            return " | ".join(f"'{value}'" for value in told.values)
        case types.ListType():
            return f"{_type(told.item_type)}[]"
        case types.DictType():
            return f"Record<string, {_type(told.value_type)}>"
        case types.StructType():
            return told.cls.__name__
    return _ATOMS[type(told)]


def _either(members: list[str]) -> str:
    if set(members) == set(_union(messages.Given).split(" | ")):
        return "Given"
    return " | ".join(sorted(members, key=lambda one: one == "null"))


def _union(union: UnionType) -> str:
    return " | ".join(_plain(types.type_info(one)) for one in get_args(union))


def _plain(told: types.Type) -> str:
    return _type(told) if not isinstance(told, types.UnionType) else _union(told)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    print(f"wrote {PAGE.name}")  # noqa: T201, it is what the script says
