"""A request's words, its line and its call say the same, whatever a person types into them."""

from __future__ import annotations

import string
import subprocess
import sys
import types

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from IPython.core.error import UsageError

from sm_magics.notebook import parser
from sm_magics.notebook.defaults import Defaults
from sm_magics.notebook.request_text import RequestText, call, from_arguments, line, policy
from sm_magics.savedmodel.options import BY_NAME, OPTIONS

NASTY = "'\"\\{}$#%;?-=[]() \t.,~!@/*|&<>`^é\xa0\u3000ab"
PIECES = st.sampled_from(
    [
        *NASTY,
        "a m['",
        "'] b",
        "models['a']",
        "{a}",
        "$a",
        "$$a",
        "{{",
        "?",
        "--",
        "\\'",
        '"""',
        "\\",
    ]
)
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def fits_a_line(text: str) -> bool:
    return text.splitlines() in ([text], [])


TEXTS = (
    st.lists(PIECES | CHARACTERS, max_size=9)
    .map("".join)
    .filter(fits_a_line)
    # argparse up to Python 3.12 drops it.
    .filter(lambda text: text != "--")
)
WORDS = TEXTS.filter(bool)
MODELS = WORDS.filter(lambda text: not text.startswith("-"))


def is_left_alone(directory: str) -> bool:
    named = string.ascii_letters + string.digits + "_"
    dollars = [after[:1] for after in directory.split("$")[1:]]
    opened = directory.find("{")
    return not (
        any(d.isalnum() or d in named for d in dollars if d)
        or (opened >= 0 and "}" in directory[opened:])
    )


DIRECTORIES = WORDS.filter(is_left_alone)


def values(option):
    if option.kind in ("flag", "off"):
        return st.just(True)  # noqa: FBT003, what is typed
    one = st.sampled_from(option.choices) if option.choices else TEXTS
    if option.kind == "list":
        return st.lists(one, min_size=1, max_size=3)
    if option.kind == "pairs":
        alias = WORDS.filter(lambda text: "=" not in text)
        return st.lists(st.tuples(alias, WORDS), min_size=1, max_size=3)
    return one


def options(*required):
    rows = {option.name: values(option) for option in OPTIONS}
    return st.fixed_dictionaries(
        {option.name: rows.pop(option.name) for option in required}, optional=rows
    )


@pytest.fixture(scope="module")
def typing(tmp_path_factory):
    """Type a line into a shell; get back what its magic was asked for."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    folder = str(tmp_path_factory.mktemp("ipython"))
    displayhook = sys.displayhook
    shell = InteractiveShell(
        config=Config({"HistoryManager": {"enabled": False}}), ipython_dir=folder
    )
    shell.user_ns |= {"a": "EXPANDED", "b": "EXPANDED"}
    asked = []

    def savedmodel(text):
        arguments = parser.line_parser().parse_args(parser.split(text))
        asked.append((arguments.command, from_arguments(arguments)))

    shell.register_magic_function(savedmodel)

    def typed(text):
        asked.clear()
        result = shell.run_cell(text)
        result.raise_error()
        (one,) = asked
        return one

    yield typed
    sys.displayhook = displayhook


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_typed_line_asks_for_the_same(typing, option, data):
    text = RequestText(data.draw(MODELS), data.draw(DIRECTORIES), data.draw(options(option)))
    assert option.name in text.given
    assert typing(line(text)) == ("export", text)
    assert typing(line(text, "panel")) == ("panel", text)


@settings(max_examples=60, deadline=None)
@given(model=MODELS, directory=DIRECTORIES | st.just(""), given=options())
def test_a_check_asks_for_all_but_the_destination(typing, model, directory, given):
    kept = {n: v for n, v in given.items() if n not in ("overwrite", "next_version")}
    text = RequestText(model, directory, given)
    assert typing(line(text, "check")) == ("check", RequestText(model, "", kept))


@settings(max_examples=60, deadline=None)
@given(model=MODELS | st.just(""), directory=DIRECTORIES | st.just(""), given=options())
def test_a_panel_may_lack_its_model_and_its_directory(typing, model, directory, given):
    text = RequestText(model, directory, given)
    assert typing(line(text, "panel")) == ("panel", text)


@pytest.mark.parametrize("breaks", ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("place", ["{}", "a{}b", "a{}"])
def test_a_line_break_can_not_be_typed(breaks, place):
    word = place.format(breaks)
    for text in (
        RequestText(word, "d"),
        RequestText("m", word),
        RequestText("m", "d", {"signatures": ["s", word]}),
    ):
        with pytest.raises(ValueError, match="line break"):
            line(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (RequestText("m", "out/{day}"), "{day}"),
        (RequestText("m", "out/$day"), "\\$day"),
        (RequestText("-m", "d"), "like an option"),
        (RequestText("", "d"), "no model"),
        (RequestText("m", ""), "no directory"),
        (RequestText("m", "d\0"), "x00"),
        (RequestText("m", "d\udc80"), "udc80"),
        (RequestText("m", "d", {"target": "moon"}), "moon"),
        (RequestText("m", "d", {"function_aliases": {"a=b": "c"}}), "something else"),
        (RequestText("m", "d", {"function_aliases": {"": "c"}}), "no alias"),
    ],
)
def test_what_no_line_can_ask_for_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        line(text)


@pytest.mark.parametrize(
    ("text", "command", "expected"),
    [
        (
            RequestText(
                "model",
                "exports/digits",
                {"target": "cpu", "signatures": ["serve(x: float32[None, 3])"]},
            ),
            "export",
            "export model exports/digits -s 'serve(x: float32[None, 3])' --target cpu",
        ),
        (
            RequestText("models['a b']", "~/out", {"no_verify": True, "select": ["SM2", "SM5"]}),
            "export",
            "export models['a b'] ~/out --no-verify --select SM2 --select SM5",
        ),
        (
            RequestText("m", "-d", {"signatures": ["-s", "it's"], "consumer": "{v}"}),
            "export",
            "export m ./-d --signature=-s -s \"it's\" --consumer '{{v}}'",
        ),
        (RequestText("m", "d", {"overwrite": True, "strict": True}), "check", "check m --strict"),
        (RequestText(), "panel", "panel"),
        (RequestText("", "a dir"), "panel", "panel '' 'a dir'"),
    ],
)
def test_lines_are_as_a_person_types_them(text, command, expected):
    assert line(text, command) == f"%savedmodel {expected}"


def test_equal_words_are_one_key():
    one = RequestText("m", "-d", {"signatures": ["a"], "function_aliases": {"b": "c"}})
    other = RequestText(
        "m",
        "./-d",
        {
            "function_aliases": [["b", "c"]],
            "signatures": ("a",),
            "strict": False,
            "fix": [],
            "target": None,
        },
    )
    assert one == other
    assert len({one, other}) == 1
    assert one != RequestText("m", "-d", {"signatures": ["b"], "function_aliases": {"b": "c"}})
    assert one.with_options(signatures=[], function_aliases=(), batch="") == RequestText("m", "-d")
    assert list(other.given) == ["signatures", "function_aliases"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("nosuch", "x"), ("signatures", "serve"), ("target", 3), ("strict", "yes"), ("fix", [1])],
)
def test_values_of_another_kind_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        RequestText("m", "d", {name: value})


NAMES = {"model": 1, "models": {"a": 2, 'b"': 3}, "rows": [4]}
EXPRESSIONS = st.sampled_from(
    [
        "model",
        " models['a']",
        "models['b\"']",
        "model, rows",
        "model  # the best",
        "{'x': rows}",
        "model if rows else models",
        "[row\n for row in rows]",
        "(model)",
    ]
)


def called(text: str) -> tuple:
    calls = []
    fake = types.SimpleNamespace(export=lambda *given, **named: calls.append((given, named)))
    exec(text, {**NAMES, "sm_magics": fake})
    (one,) = calls
    return one


def meant(expression: str):
    return eval(expression.strip(), dict(NAMES))


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_call_has_the_keywords_of_the_policy(option, data):
    given = data.draw(options(option))
    assume(not ("verify" in given and "no_verify" in given))
    if "sample" in given:
        given["sample"] = data.draw(EXPRESSIONS)
    anything = st.text(st.characters(), min_size=1).filter(lambda t: not t.startswith("-"))
    text = RequestText(data.draw(EXPRESSIONS), data.draw(anything), given)
    keywords = policy(text)
    assert keywords
    if "sample" in keywords:
        keywords["sample"] = meant(keywords["sample"])
    assert called(call(text)) == ((meant(text.model), text.directory), keywords)


@given(
    defaults=st.builds(
        Defaults,
        st.sampled_from(["structural", "run", "process", "serving", "none"]),
        st.sampled_from(["any", "cpu", "gpu", "tpu"]),
        st.booleans(),
    ),
    given=options().filter(lambda o: not ("verify" in o and "no_verify" in o)),
)
def test_a_call_says_what_of_the_session_is_not_the_functions_own(defaults, given):
    given.pop("sample", None)
    text = RequestText("model", "d", given)
    _, keywords = called(call(text, defaults))
    own = {"verify": "run", "target": "any", "strict": False}
    assert own | keywords == defaults.keywords() | policy(text)
    assert all(n in policy(text) or keywords[n] != own[n] for n in own if n in keywords)


@pytest.mark.parametrize("expression", ["model[", "a b", "x = 1", "*model", "model) or (", "#"])
def test_a_call_needs_expressions(expression):
    for text in (RequestText(expression, "d"), RequestText("m", "d", {"sample": expression})):
        with pytest.raises(ValueError, match="no Python expression"):
            call(text)


@pytest.mark.parametrize("text", [RequestText("m"), RequestText("", "d")])
def test_a_call_needs_a_model_and_a_directory(text):
    with pytest.raises(ValueError, match="is named yet"):
        call(text)


def test_verify_and_no_verify_exclude_each_other():
    text = RequestText("m", "d", {"verify": "run", "no_verify": True})
    for ask in (policy, call):
        with pytest.raises(UsageError, match="exclude"):
            ask(text)


def test_short_calls_stand_on_one_line():
    text = RequestText("model", "exports/digits", {"signatures": ["serve"], "target": "cpu"})
    assert call(text) == (
        'sm_magics.export(model, "exports/digits", signatures=["serve"], target="cpu")'
    )


LONG = [f"k{n}=serve_number_{n}(x: float32[None, 3])" for n in range(3)]


@pytest.mark.parametrize(
    "given",
    [
        {"signatures": LONG[:1], "target": "cpu"},
        {"signatures": LONG[:1], "target": "cpu", "verify": "serving"},
        {"signatures": LONG, "overwrite": True},
        {"signatures": ["s"], "extra_tags": LONG, "function_aliases": {"a'": 'f"', "b": "g" * 90}},
    ],
)
def test_calls_are_laid_out_as_a_formatter_does(given):
    text = call(RequestText("model", "exports/digits", given))
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    ran = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert ran.stdout == text + "\n"
    assert BY_NAME.keys() >= given.keys()


def test_a_policy_has_values_as_the_function_takes_them():
    given = {
        "experimental_custom_gradients": True,
        "function_aliases": [("a", "f")],
        "no_verify": True,
        "fix": ("cudnn",),
    }
    fields = {"function_aliases": {"a": "f"}, "experimental_custom_gradients": False}
    assert policy(RequestText("m", "d", given)) == {
        "fix": ["cudnn"],
        "options": fields,
        "verify": False,
    }
