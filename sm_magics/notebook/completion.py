"""Tab completion of the magics: from the parser's own table and the session's models."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

from sm_magics.notebook import parser
from sm_magics.savedmodel import op_tables
from sm_magics.savedmodel.diagnostics.catalogue import CATALOGUE
from sm_magics.savedmodel.options import OPTIONS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from IPython.core.completer import CompletionContext

    from sm_magics.notebook.session import Session


def matcher(session: Session) -> Callable[[CompletionContext], Any]:
    """Return a matcher for IPython's completer (its API version 2).

    It answers only on lines that start with ``%savedmodel`` or ``%%savedmodel``, and there alone:
    Python names make no sense as flags.
    """

    @context_matcher(identifier="sm_magics.completion", priority=200)  # type: ignore[untyped-decorator]
    def complete(context: CompletionContext) -> Any:
        line = context.text_until_cursor
        magic, _, rest = line.lstrip().partition(" ")
        named = magic in ("%savedmodel", "%%savedmodel")
        if not (named and line.lstrip().startswith(magic + " ")):
            return {"completions": []}  # a new one: IPython writes into it
        words, fragment = _words(rest)
        found = sorted(set(_candidates(session, words, fragment, is_cell=magic == "%%savedmodel")))
        return {
            "completions": [SimpleCompletion(text=text, type=_label(text)) for text in found],
            "matched_fragment": fragment,
            "suppress": True,
        }

    return complete  # type: ignore[no-any-return]


_EXPERIMENTAL = {flag for option in OPTIONS if option.experimental for flag in option.flags}


def _label(text: str) -> str:
    """Return what a front end shows beside a completion."""
    return "experimental" if text in _EXPERIMENTAL else "magic"


def _words(rest: str) -> tuple[list[str], str]:
    """Split a line that is being typed into its whole words and the one at the cursor."""
    lexer = shlex.shlex(parser.protected(rest), posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    with suppress(ValueError):  # a quote is still open: what came before it is enough
        words.extend(lexer)
    at_word = bool(rest) and not rest[-1].isspace()
    fragment = rest.rsplit(maxsplit=1)[-1] if at_word and rest.split() else ""
    return (words[:-1] if at_word and words else words), fragment


def _candidates(
    session: Session, words: Sequence[str], fragment: str, *, is_cell: bool
) -> Iterable[str]:
    if is_cell:
        command, places = parser.cell_parser(), ["directory", "model"]
    else:
        if not words:
            return [name for name in parser.SUBCOMMANDS if name.startswith(fragment)]
        top = parser.line_parser()
        known = next(a.choices for a in top._actions if isinstance(a.choices, dict))  # noqa: SLF001
        if words[0] not in known:
            return []
        command, words = known[words[0]], words[1:]
        places = [a.dest for a in command._actions if not a.option_strings]  # noqa: SLF001
    flags = {flag: a for a in command._actions for flag in a.option_strings}  # noqa: SLF001
    if fragment.startswith("-"):
        return [flag for flag in flags if flag.startswith(fragment)]
    asked = flags.get(words[-1]) if words else None
    if asked is not None and asked.nargs != 0:
        return _values(session, asked, words, fragment)
    at = len(_positionals(words, flags))
    return _at_place(session, places[at], fragment) if at < len(places) else []


def _positionals(words: Sequence[str], flags: dict[str, argparse.Action]) -> list[str]:
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in flags:
            skip = flags[word].nargs != 0
        else:
            found.append(word)
    return found


def _at_place(session: Session, place: str, fragment: str) -> Iterable[str]:
    if place in ("directory", "other_directory"):
        from sm_magics.savedmodel import outlook

        return outlook.suggestions(fragment)
    return [name for name in _model_names(session) if name.startswith(fragment)]


def _values(
    session: Session, action: argparse.Action, words: Sequence[str], fragment: str
) -> Iterable[str]:
    if action.choices:
        return [choice for choice in action.choices if choice.startswith(fragment)]
    if action.dest in ("signatures", "function_aliases"):
        key, equals, part = fragment.rpartition("=")
        return [
            f"{key}{equals}{name}" for name in _functions(session, words) if name.startswith(part)
        ]
    if action.dest == "consumer":
        return [minor for minor in _releases() if minor.startswith(fragment)]
    if action.dest in ("select", "ignore"):
        before, comma, part = fragment.rpartition(",")
        return [f"{before}{comma}{code}" for code in _codes() if code.startswith(part)]
    if action.dest == "sample":
        names = [name for name in session.shell.user_ns if not name.startswith("_")]
        return [name for name in names if name.startswith(fragment)]
    return []


def _releases() -> list[str]:
    return [version.rpartition(".")[0] for version in op_tables.known_versions()]


def _codes() -> list[str]:
    """Return the codes of findings, and the prefixes of their families."""
    return sorted({code[:3] for code in CATALOGUE} | set(CATALOGUE))


def _model_names(session: Session) -> list[str]:
    return [name for model in session.models() for name in model.names]


def _functions(session: Session, words: Sequence[str]) -> list[str]:
    models = session.models()
    # The table writes `models['a']`; who types may take the other quotes.
    typed = {word.replace('"', "'") for word in words}
    named = [model for model in models if typed & set(model.names)]
    found = [name for model in named or models for name in model.functions]
    found += [m.name for m in models if m.kind == "function"]
    keras = any(model.framework.startswith("Keras") for model in named or models)
    return [*found, "call"] if keras else found
