"""Words -> the line of `%savedmodel` that gives them back, through all that IPython does to it."""

from __future__ import annotations

import ast
import re
import shlex
import string
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager
from IPython.utils.text import DollarFormatter

from sm_magics.notebook import parser

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN = re.compile(r"[\w./:=,+@%~\[\]-]+")
_SPECIAL = re.compile(r"[^\w./:=,+@%~-]")
_UNFILLED = re.compile(r"\{[^}]*\}|\$\w+")


def unfilled(directory: str) -> str | None:
    """Return the first ``{name}`` or ``$name`` of a directory: a magic's line fills these in."""
    left = _UNFILLED.search(directory)
    return left.group() if left else None


def filled(directory: str) -> str:
    """Return a directory in which nothing is left to fill in.

    Raises
    ------
    UsageError
        If there is.
    """
    left = unfilled(directory)
    if left:
        raise UsageError(f"{left} in {directory!r} was not filled in: there is no such variable")
    return directory


def typed(words: Sequence[tuple[str, str]]) -> str:
    """Return the line that `split` reads as these words when it is typed into a cell.

    Parameters
    ----------
    words : sequence of (str, str)
        What a word begins with and is never quoted (``--flag=``, all of ``--flag``), and the rest.

    Raises
    ------
    ValueError
        If a word has what can't stand in one line.
    """
    for _, word in words:
        _refuse_unwritable(word)
    wanted = [start + word for start, word in words]
    for form in (quoted, _escaped):
        text = " ".join(start + form(word) if word or not start else start for start, word in words)
        line = f"%savedmodel {_kept(text)}"
        if _read(line) == wanted:
            return line
    raise ValueError(f"IPython does not read this as it stands: {' '.join(wanted)}")


def quoted(word: str) -> str:
    """Return the most readable form of a word that `split` gives back as it is."""
    as_it_is = _PLAIN.fullmatch(word) or parser.protected(word) != word
    forms = [word] if as_it_is else []
    forms += [f"'{word}'", f'"{word}"', shlex.quote(word)]
    return next((form for form in forms if _split(form) == [word]), _escaped(word))


def _escaped(word: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", word)
    # At the end of a line IPython strips blanks, continues after a backslash, and ? asks for help.
    return text + "''" if not word or _SPECIAL.match(word[-1]) else text


def _split(text: str) -> list[str] | None:
    try:
        return parser.split(text)
    except UsageError:
        return None


def _refuse_unwritable(word: str) -> None:
    if word and word.splitlines() != [word]:
        raise ValueError(f"{word!r} has a line break: it can't be typed in one line")
    bad = re.search("[\0\ud800-\udfff]", word)
    if bad:
        raise ValueError(f"{word!r} has {bad.group()!r}: it can't be typed")


def _kept(text: str) -> str:
    """Double what IPython would fill in: ``{`` and ``}``, and ``$`` before a name."""
    doubled = re.sub(r"([{}])", r"\1\1", text)
    pieces = [literal for literal, *_ in string.Formatter().parse(doubled)]
    return "".join(re.sub(r"([{}])", r"\1\1", _dollars_kept(piece)) for piece in pieces)


def _dollars_kept(piece: str) -> str:
    def kept(found: re.Match[str]) -> str:
        # `DollarFormatter` leaves alone what it takes to be in single quotes.
        in_quotes = piece.count("'", found.end()) % 2
        return found.group() if in_quotes else f"${found.group()}"

    return re.sub(r"\$+(?=[\w.])", kept, piece)


def _read(line: str) -> list[str] | None:
    """Return the words that a cell with this line gives to the magic; None if it is no magic."""
    (statement,) = ast.parse(TransformerManager().transform_cell(line)).body
    call = getattr(statement, "value", None)
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "get_ipython().run_line_magic":
        return None
    name, text = map(ast.literal_eval, call.args)
    if name != "savedmodel":
        return None
    return _split(DollarFormatter().vformat(text, (), {}))
