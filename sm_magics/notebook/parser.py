"""The command line of `%savedmodel` and `%%savedmodel`, made from the one table of options."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser
from IPython.utils.process import arg_split  # type: ignore[attr-defined]

from sm_magics.savedmodel.options import OPTIONS, Option

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUBSCRIPTED = re.compile(r"""(?<!\S)[^\W\d]\w*(\.\w+|\[(\d+|'[^']*'|"[^"]*")\])+(?!\S)""")

SUBCOMMANDS = {
    "models": "the models in this notebook (also without any word)",
    "check": "what is wrong with an export, before anything is written",
    "export": "export a model",
    "panel": "a form for all of this: pick, check, export",
    "show": "what is in a SavedModel directory",
    "diff": "what differs from one SavedModel directory to another",
}


class HelpRequested(Exception):  # noqa: N818, it is an answer, not an error
    """A person asked for help; the text is the argument."""


class _Parser(MagicArgumentParser):
    """Argparse that speaks of the magic, and gives help back instead of exiting."""

    def __init__(self, **keywords: Any) -> None:
        keywords.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(add_help=True, **keywords)  # type: ignore[no-untyped-call]

    def print_help(self, file: Any = None) -> None:  # noqa: ARG002, argparse's signature
        raise HelpRequested(self.format_help())

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, unknown = self.parse_known_args(args, namespace)
        if getattr(found, "command", None) == "panel":
            unknown = _placed(found, unknown)
        if unknown:
            # What a subcommand does not know, argparse leaves to the parser above.
            command = _commands(self).get(getattr(found, "command", None), self)
            command.error(f"unrecognized arguments: {' '.join(unknown)}{_near(unknown, command)}")
        return found

    def error(self, message: str) -> Any:
        raise UsageError(f"{message}\nMore: {self.prog} --help")


def _commands(parser: argparse.ArgumentParser) -> dict[Any, Any]:
    choices = (action.choices for action in parser._actions)  # noqa: SLF001, argparse tells no other way
    return next((dict(known) for known in choices if isinstance(known, dict)), {})


def _placed(found: argparse.Namespace, unknown: Sequence[str]) -> list[str]:
    """Take model and directory from what is left over: argparse misses them after an option."""
    left = list(unknown)
    for place in ("model", "directory"):
        if getattr(found, place) is None and left and not left[0].startswith("-"):
            setattr(found, place, left.pop(0))
    return left


def _near(unknown: Sequence[str], parser: argparse.ArgumentParser) -> str:
    flags = [flag for a in parser._actions for flag in a.option_strings]  # noqa: SLF001, likewise
    typed = [word.partition("=")[0] for word in unknown if word.startswith("-")]
    near = [flag for word in typed for flag in difflib.get_close_matches(word, flags, n=1)]
    return f"; did you mean {', '.join(near)}?" if near else ""


def line_parser() -> argparse.ArgumentParser:
    """Return the parser of the line magic, with its subcommands."""
    parser = _Parser(
        prog="%savedmodel",
        description="Find, check, export and inspect the TensorFlow models of this notebook.",
        epilog="Use %%savedmodel DIR at the top of a cell to run it and export what it made.",
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", parser_class=_Parser, required=True
    )
    for name, text in SUBCOMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:])
        if name in ("check", "export"):
            command.add_argument("model", metavar="MODEL", help="a name, or models['a']")
        if name == "panel":
            command.add_argument("model", metavar="MODEL", nargs="?", help="a name, or models['a']")
            command.add_argument("directory", metavar="DIR", nargs="?", help="the directory")
            _add(command, OPTIONS)
        if name in ("export", "show"):
            command.add_argument("directory", metavar="DIR", help="the directory")
        if name == "diff":
            command.add_argument("directory", metavar="DIR", help="the older directory")
            command.add_argument("other_directory", metavar="DIR", help="the newer one")
        if name == "show":
            _add(command, [o for o in OPTIONS if o.name in _SHOWN])
        if name in ("check", "export"):
            _add(command, [o for o in OPTIONS if name == "export" or o.group in CHECKED])
            _add_shown(command, code=name == "export")
    return parser


CHECKED = ("signature", "check", "SaveOptions")
"""The groups of options that `%savedmodel check` takes."""

_SHOWN = ("target", "consumer", "select", "ignore")


def cell_parser() -> argparse.ArgumentParser:
    """Return the parser of the cell magic's first line."""
    parser = _Parser(
        prog="%%savedmodel",
        description="Run the cell, then export what it made: MODEL, else the value of the last "
        "expression if it is a model, else the one model that the cell bound.",
    )
    parser.add_argument("directory", metavar="DIR", help="the directory")
    parser.add_argument("model", metavar="MODEL", nargs="?", help="a name, or models['a']")
    _add(parser, OPTIONS)
    _add_shown(parser, code=True)
    return parser


def split(line: str) -> list[str]:
    """Split a magic's line into words, quotes resolved.

    Raises
    ------
    UsageError
        If a quote is not closed.
    """
    try:
        return list(arg_split(protected(line), posix=True))
    except ValueError as error:
        raise UsageError(f"{error}; close the quote in: {line.strip()}") from None


def protected(line: str) -> str:
    """Return a line with the quotes escaped that are Python's own: those of ``models['a']``.

    Those around a whole word are the shell's.
    """
    return _SUBSCRIPTED.sub(lambda word: re.sub(r"(['\"\s])", r"\\\1", word.group()), line)


def _add(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
    groups: dict[str, Any] = {}
    for option in options:
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(f"{option.group} options")
        keywords: dict[str, Any] = {"dest": option.name, "help": _help(option)}
        if option.kind in ("flag", "off"):
            keywords["action"] = "store_true"
        else:
            keywords["metavar"] = option.metavar
            if option.kind in ("list", "pairs"):
                keywords |= {"action": "append"}
            if option.choices:
                keywords["choices"] = option.choices
        groups[option.group].add_argument(*option.flags, **keywords)


def _add_shown(parser: argparse.ArgumentParser, *, code: bool) -> None:
    """Add what concerns only the magics: how something is shown, not what is exported."""
    group = parser.add_argument_group("display options")
    if code:
        group.add_argument(
            "--code",
            action="store_true",
            help="print the tf.saved_model.save program that does the same; nothing is written",
        )
    group.add_argument(
        "--traceback",
        action="store_true",
        help="show an error of TensorFlow with all its frames",
    )


def _help(option: Option) -> str:
    text = option.help
    if option.kind == "choice":
        text += f" ({', '.join(option.choices)})"
    if option.experimental:
        text += "; experimental"
    if option.unavailable:
        text += f"; unavailable: {option.unavailable}"
    return text.replace("%", "%%")
