"""What a code object can read: chains of names from globals and closures, and attribute names."""

from __future__ import annotations

import dis
import hashlib
import marshal
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sm_magics.savedmodel.unchanged import trust

if TYPE_CHECKING:
    from collections.abc import Iterator

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_CLOSURE = ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")


@dataclass(frozen=True, slots=True)
class Reads:
    """What a code object and those in it read.

    Attributes
    ----------
    chains : tuple of tuple of str
        ``("np", "pi")`` for ``np.pi``, where ``np`` is a global or a builtin.
    closures : tuple of tuple of str
        The same for names of the closure.
    imports : tuple of str
        Modules that the code imports itself; empty for a relative import.
    names : frozenset of str
        Every name of a global or attribute, and the strings where code reads attributes by them.
    """

    chains: tuple[tuple[str, ...], ...]
    closures: tuple[tuple[str, ...], ...]
    imports: tuple[str, ...]
    names: frozenset[str]


# Weak: the code of a cell goes when it is run again. Kept alive, it would be taken for the new
# one by TensorFlow's autograph, which compares code and not where it comes from.
_known: WeakKeyDictionary[CodeType, Reads] = WeakKeyDictionary()


def reads(code: CodeType) -> Reads:
    """Return what a code object and those in it read."""
    known = _known.get(code)
    if known is None:
        known = _known[code] = _read(code)
    return known


def digest(code: CodeType) -> bytes:
    """Return what is the same for code that does the same; it does not keep the code alive."""
    # Version 2 does not tell how often something is referred to.
    return hashlib.blake2b(marshal.dumps(code.replace(co_filename=""), 2)).digest()


def _read(code: CodeType) -> Reads:
    chains: dict[tuple[str, ...], None] = {}
    closures: dict[tuple[str, ...], None] = {}
    imports: dict[str, None] = {}
    names: set[str] = set()
    strings: set[str] = set()
    for part in _codes(code):
        names.update(part.co_names)
        strings.update(_strings(part.co_consts))
        chain: list[str] = []
        into = chains
        for step in dis.get_instructions(part):
            if step.opname in _ATTRIBUTE and chain:
                chain.append(str(step.argval))
                continue
            if step.opname == "EXTENDED_ARG":
                continue
            if chain:
                into[tuple(chain)] = None
                chain = []
            if step.opname in _GLOBAL:
                chain, into = [str(step.argval)], chains
            elif step.opname in _CLOSURE and step.argval in code.co_freevars:
                chain, into = [str(step.argval)], closures
            elif step.opname == "IMPORT_NAME":
                imports[str(step.argval)] = None
    if not trust.BY_NAME.isdisjoint(names):
        names |= strings
    return Reads(tuple(chains), tuple(closures), tuple(imports), frozenset(names))


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _strings(constants: tuple[object, ...]) -> Iterator[str]:
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple):
            yield from _strings(constant)
