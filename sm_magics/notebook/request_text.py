"""A request in the words of the magics, and its ways to a magic's line and to a Python call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from sm_magics.notebook import parser, python_call, typed_line
from sm_magics.notebook.defaults import Defaults
from sm_magics.notebook.python_call import Expression
from sm_magics.savedmodel.options import BY_NAME, OPTIONS, Option

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class RequestText:
    """What a person asked for, as typed; values that are equal ask for the same.

    Attributes
    ----------
    model : str
        An expression: ``"model"``, ``"models['a']"``; empty is none yet.
    directory : str
        Where to; empty is none yet. One that begins with ``-`` is kept as ``./-…``.
    given : mapping of str to object
        By `Option.name`: True for the kinds ``"flag"`` and ``"off"``, a str for ``"text"``,
        ``"choice"`` and ``"size"``, a tuple of str for ``"list"``, a tuple of (alias, function)
        for ``"pairs"``. What is None, False or has no items is left out; a list becomes a tuple.

    Raises
    ------
    ValueError
        If there is no such option, or the value is not of its kind.
    """

    model: str = ""
    directory: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Bring everything into its one form."""
        values = {name: _normal(name, value) for name, value in self.given.items()}
        kept = {o.name: values[o.name] for o in OPTIONS if values.get(o.name) not in (None, ())}
        object.__setattr__(self, "given", MappingProxyType(kept))
        if self.directory.startswith("-"):
            object.__setattr__(self, "directory", f"./{self.directory}")

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash((self.model, self.directory, frozenset(self.given.items())))

    def with_options(self, **given: Any) -> RequestText:
        """Return the request with other values; None, False, empty texts and lists take one out."""
        values = {name: None if value == "" else value for name, value in given.items()}
        return replace(self, given={**self.given, **values})


def _normal(name: str, value: Any) -> Any:
    option = BY_NAME.get(name)
    if option is None:
        raise ValueError(f"there is no option {name!r}")
    if value is None or value is False:
        return None
    if option.kind == "list":
        fits = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
        value = tuple(value) if fits else value
    elif option.kind == "pairs":
        pairs = value.items() if isinstance(value, Mapping) else value
        value = tuple((alias, function) for alias, function in pairs)
        fits = all(isinstance(one, str) for pair in value for one in pair)
    else:
        fits = value is True if option.kind in ("flag", "off") else isinstance(value, str)
    if not fits:
        raise ValueError(f"{name} is of the kind {option.kind!r}; not {value!r}")
    return value


def from_arguments(arguments: argparse.Namespace) -> RequestText:
    """Return what a parsed line asks for.

    Raises
    ------
    UsageError
        If an alias is not of the form ``ALIAS=FUNCTION``.
    """
    given = {option.name: getattr(arguments, option.name, None) for option in OPTIONS}
    pairs = {o.name: [_pair(p) for p in given[o.name] or ()] for o in OPTIONS if o.kind == "pairs"}
    return RequestText(
        getattr(arguments, "model", None) or "",
        getattr(arguments, "directory", None) or "",
        given | pairs,
    )


def _pair(text: str) -> tuple[str, str]:
    alias, equals, function = text.partition("=")
    if not (alias and equals and function):
        raise UsageError(f"{text!r} is no alias; type ALIAS=FUNCTION")
    return alias, function


def policy(text: RequestText) -> dict[str, Any]:
    """Return the keywords of `sm_magics.export` that the words stand for.

    Raises
    ------
    UsageError
        If options exclude each other.
    """
    keywords: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for name, value in text.given.items():
        option = BY_NAME[name]
        (options if option.group == "SaveOptions" else keywords)[name] = _keyword(option, value)
    if options:
        keywords["options"] = options
    if keywords.pop("no_verify", False):
        if "verify" in keywords:
            raise UsageError("--verify and --no-verify exclude each other; leave one out")
        keywords["verify"] = False
    return keywords


def _keyword(option: Option, value: Any) -> Any:
    if option.kind == "off":
        return False
    if option.kind == "pairs":
        return dict(value)
    return list(value) if option.kind == "list" else value


def line(text: RequestText, command: str = "export") -> str:
    """Return the line of a magic that asks for the same when it is typed into a cell.

    Parameters
    ----------
    text : RequestText
        What to ask for.
    command : {"export", "check", "panel"}
        ``"check"`` leaves out where to and how to write there; ``"panel"`` may be incomplete.

    Raises
    ------
    ValueError
        If a model or a directory is still missing, or if no line can ask for it: a line break, a
        directory that IPython would fill something in, a text that an option can't take.
    """
    if command == "check":
        text = _checked(text)
    _refuse_places(text, command)
    words = [(command, ""), *_places(text), *_words(text)]
    typed = typed_line.typed(words)
    try:
        read = from_arguments(parser.line_parser().parse_args([a + b for a, b in words]))
    except UsageError as error:
        raise ValueError(f"it can't be typed: {str(error).splitlines()[0]}") from None
    except ValueError:  # argparse up to 3.12 stumbles over a value that is "--"
        read = None
    if read != text:
        raise ValueError(f"it can't be typed: {typed} asks for something else")
    return typed


def _refuse_places(text: RequestText, command: str) -> None:
    if not text.model and command != "panel":
        raise ValueError("no model is named yet")
    if not text.directory and command == "export":
        raise ValueError("no directory is named yet")
    if text.model.startswith("-"):
        raise ValueError(f"{text.model!r} can't be typed: it begins like an option")
    left = typed_line.unfilled(text.directory)
    if left:
        raise ValueError(f"{text.directory!r} can't be typed: IPython would fill in {left}")


def _places(text: RequestText) -> Iterator[tuple[str, str]]:
    if text.model or text.directory:
        yield "", text.model
    if text.directory:
        yield "", text.directory


def _words(text: RequestText) -> Iterator[tuple[str, str]]:
    for name, value in text.given.items():
        option = BY_NAME[name]
        if value is True:
            yield option.flags[-1], ""
            continue
        for one in (value,) if isinstance(value, str) else value:
            typed = one if isinstance(one, str) else "=".join(one)
            if typed.startswith("-"):
                yield f"{option.flags[-1]}=", typed
            else:
                yield from ((option.flags[0], ""), ("", typed))


def call(text: RequestText, defaults: Defaults | None = None, command: str = "export") -> str:
    """Return the call of Python that asks for the same.

    Parameters
    ----------
    text : RequestText
        What to ask for.
    defaults : Defaults, optional
        What a line means where it says nothing; what of it is not what `sm_magics.export` means,
        the call says.
    command : {"export", "check"}
        ``"check"`` leaves out where to and how to write there.

    Raises
    ------
    ValueError
        If a model or a directory is still missing, or the model or the sample is no expression.
    UsageError
        If options exclude each other.
    """
    if command == "check":
        text = _checked(text)
    elif not text.directory:
        raise ValueError("no directory is named yet")
    if not text.model:
        raise ValueError("no model is named yet")
    own = Defaults().keywords()
    session = {n: v for n, v in (defaults or Defaults()).keywords().items() if v != own[n]}
    given = policy(text)
    if "sample" in given:
        given["sample"] = Expression(given["sample"])
    keywords = given | {name: value for name, value in session.items() if name not in given}
    places = [Expression(text.model), *([text.directory] if text.directory else [])]
    return python_call.written(f"sm_magics.{command}", places, keywords)


def _checked(text: RequestText) -> RequestText:
    """Return what a check takes of a request."""
    given = {n: v for n, v in text.given.items() if BY_NAME[n].group in parser.CHECKED}
    return RequestText(text.model, given=given)
