"""The text form of signatures: what is printed is read back, what is no such text is told."""

from __future__ import annotations

import keyword
import string
import subprocess
import sys
import warnings

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_magics.savedmodel.signatures import Spec, spec_text

DTYPES = sorted(spec_text.DTYPES - {"half", "double"})
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name)
)
SIZES = st.none() | st.integers(0, 2**63 - 1)
SHAPES = st.none() | st.lists(SIZES, max_size=5).map(tuple)
SPECS = st.builds(Spec, NAMES, st.sampled_from(DTYPES), SHAPES, kind=st.just(""))
MANY = st.lists(SPECS, max_size=4, unique_by=lambda spec: spec.name).map(tuple)
PATHS = st.builds(
    lambda root, rest: root + "".join(rest),
    NAMES,
    st.lists(
        NAMES.map(".{}".format)
        | st.integers(0, 99).map("[{}]".format)
        | st.text(string.ascii_letters + "=()[]. ", max_size=4).map(lambda key: f"[{key!r}]"),
        max_size=3,
    ),
)
KEYS = st.text(string.ascii_letters + string.digits + "_-./ :", min_size=1).filter(
    lambda key: key == key.strip()
)
# Texts that are nearly right: their parts in any order.
PARTS = st.lists(
    st.sampled_from(
        [
            *("x", "y", "serve", "encoder", "class", "lambda", "float32", "int32", "string"),
            *("(", ")", "[", "]", "{", "}", ":", ",", "=", ".", "...", "*", "**", "/", "->", "@"),
            *(" ", "\n", "\t", "\\", "\\\n", "#", "'", '"', '"""', "f'", "b'", ";", "pass", "\0"),
            *("None", "True", "0", "1", "-1", "1.5", "1e3", "99999999999999999999", "0x", "é", "ﬁ"),
            *("\ud800", "\u2028", "\x0c", ":=", "0_", "!", "$", "?", "`", "type ", "async "),
        ]
    ),
    max_size=12,
).map("".join)
TEXTS = st.text(max_size=20) | PARTS


@given(MANY)
def test_specs_are_read_back(specs):
    assert spec_text.parse_specs(spec_text.format_specs(specs)) == specs


@given(PATHS, MANY)
def test_functions_are_read_back(path, specs):
    assert spec_text.parse_function(path) == (path, None)
    text = f"{path}({spec_text.format_specs(specs)})"
    assert spec_text.parse_function(text) == (path, specs)


@given(KEYS, PATHS, MANY)
def test_signatures_are_read_back(key, path, specs):
    assert spec_text.parse_signature(f"{key}={path}") == (key, path, None)
    text = f"{key} = {path}({spec_text.format_specs(specs)})"
    assert spec_text.parse_signature(text) == (key, path, specs)
    assert spec_text.parse_signature(path) == (None, path, None)


def test_an_equals_sign_within_a_subscript_is_no_key():
    path, specs = "table['a=b']", spec_text.parse_specs("x: float32[2]")
    assert spec_text.parse_signature(path) == (None, path, None)
    assert spec_text.parse_signature(f"{path}(x: float32[2])") == (None, path, specs)
    assert spec_text.parse_signature(f"k={path}(x: float32[2])") == ("k", path, specs)


@pytest.mark.parametrize(
    "parse", [spec_text.parse_specs, spec_text.parse_function, spec_text.parse_signature]
)
@settings(max_examples=400)
@given(text=TEXTS)
def test_any_text_is_read_or_told_to_be_none(parse, text):
    try:
        parse(text)
    except ValueError as error:
        message = str(error)
        assert message
        assert "\n" not in message
        assert "invalid syntax" not in message, "Python's words, not ours"


@given(text=TEXTS)
def test_what_is_read_is_read_back_again(text):
    try:
        specs = spec_text.parse_specs(text)
    except ValueError:
        return
    assert spec_text.parse_specs(spec_text.format_specs(specs)) == specs
    assert len({spec.name for spec in specs}) == len(specs)


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("x: float32[None, 3]", (Spec("x", "float32", (None, 3)),)),
        ("x:float32[None,3]", (Spec("x", "float32", (None, 3)),)),
        ("x: int32[]", (Spec("x", "int32", ()),)),
        ("x: int32[()]", (Spec("x", "int32", ()),)),
        ("x: int32[ ]", (Spec("x", "int32", ()),)),
        ("x: string[...]", (Spec("x", "string", None),)),
        ("x: bool[2,]", (Spec("x", "bool", (2,)),)),
        ("x: half[1], y: double[1]", (Spec("x", "float16", (1,)), Spec("y", "float64", (1,)))),
        ("x: int8[],", (Spec("x", "int8", ()),)),
        ("", ()),
        ("  ", ()),
    ],
)
def test_forms_of_specs(text, specs):
    assert spec_text.parse_specs(text) == specs


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "x:",
        "x: float32",
        "x: float32[",
        "x: float32]",
        "x: float32[-1]",
        "x: float32[1.5]",
        "x: float32[True]",
        "x: float32[..., 3]",
        "x: float32['3']",
        "x: float32[n]",
        "x: float32[1:2]",
        "x: float32[9223372036854775808]",
        "x: tf.float32[3]",
        "x: float32[3] = 1",
        "*x: float32[3]",
        "**x: float32[3]",
        "x: float32[3], /",
        "*, x: float32[3]",
        "x float32[3]",
        "x: float32[3] y: int32[]",
        "x: float32[3]; y: int32[]",
        "class: float32[3]",
        "1: float32[3]",
        "x: float32[3]) -> (int",
        "x: float32[3]): pass; (a",
        "x: float32[3]): pass #",
        "x: float32[3]): pass\ndef f(y",
        "x: float32[3],\ny: int32[]",
        "x: float32[3],\ny: int32[2]",
        "(" * 300 + ")" * 300,
        "x: float32[" + "[" * 300,
        "x: float32[\0]",
        "\ud800: float32[3]",
    ],
)
def test_what_is_no_spec_is_told_with_the_form(text):
    with pytest.raises(ValueError, match=r"type specs such as 'x: float32\[None, 3\]") as raised:
        spec_text.parse_specs(text)
    assert repr(text) in str(raised.value)


def test_an_unknown_dtype_is_told_with_those_there_are():
    with pytest.raises(
        ValueError, match=r"'float' in 'x: float.*' is no dtype; the dtypes are bfl"
    ):
        spec_text.parse_specs("x: float[3]")


def test_two_inputs_of_one_name_are_told():
    with pytest.raises(ValueError, match=r"two inputs in .* are called 'x'"):
        spec_text.parse_specs("x: float32[3], y: int32[], x: float32[3]")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("serve", ("serve", None)),
        (" serve ", ("serve", None)),
        ("serve()", ("serve", ())),
        ("serve ( x: int32[] )", ("serve", (Spec("x", "int32", ()),))),
        ("blocks[0].embed", ("blocks[0].embed", None)),
        ("by_name['a(b'].f(x: int32[])", ("by_name['a(b'].f", (Spec("x", "int32", ()),))),
    ],
)
def test_forms_of_functions(text, parsed):
    assert spec_text.parse_function(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "a b",
        "a.",
        ".a",
        "a[",
        "a[b]",
        "a[0:1]",
        "a + b",
        "lambda: 0",
        "'a'",
        "(a)",
        "a()()",
        "a\nb",
    ],
)
def test_what_names_no_function_is_told(text):
    with pytest.raises(ValueError, match=r"type (one such as encoder\.embed|specs such as)"):
        spec_text.parse_function(text)


def test_what_python_finds_odd_is_nobodys_business():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert spec_text.parse_function(r"by_name['\.']") == (r"by_name['\.']", None)
    assert seen == []


def test_a_missing_parenthesis_is_told():
    with pytest.raises(ValueError, match="lacks the closing parenthesis"):
        spec_text.parse_function("serve(x: float32[3]")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("serve", (None, "serve", None)),
        ("key=serve", ("key", "serve", None)),
        ("my-key/1 = serve", ("my-key/1", "serve", None)),
        ("key=f(x: int32[])", ("key", "f", (Spec("x", "int32", ()),))),
        ("f(x: int32[])", (None, "f", (Spec("x", "int32", ()),))),
        ("table['a=b']", (None, "table['a=b']", None)),
        ("key=table['a=b']", ("key", "table['a=b']", None)),
    ],
)
def test_forms_of_signatures(text, parsed):
    assert spec_text.parse_signature(text) == parsed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=serve", r"has no key before '='; type KEY=FUNCTION"),
        ("key=", "'' names no function"),
        ("a==b", "'=b' names no function"),
        ("key=f(x: int32)", "can't read 'x: int32'"),
        ("f(x: int32[]=3)", r"can't read 'x: int32\[\]=3'"),
    ],
)
def test_what_is_no_signature_is_told(text, message):
    with pytest.raises(ValueError, match=message):
        spec_text.parse_signature(text)


def test_the_dtypes_are_tensorflows():
    known = {
        dtype.name
        for dtype in vars(tf.dtypes).values()
        if isinstance(dtype, tf.DType) and dtype not in (tf.resource, tf.variant)
    } | {"float8_e4m3fn", "float8_e5m2", "int4", "uint4"}
    assert set(DTYPES) == {name for name in known if not name.startswith("float8_e4m3b")} & known
    assert {tf.as_dtype(name).name for name in spec_text.DTYPES} == set(DTYPES)
    assert all(Spec("x", name, (None, 2)).tensor_spec.dtype.name == name for name in DTYPES)


def test_typing_a_spec_needs_no_tensorflow():
    code = (
        "import sys; from sm_magics.savedmodel.signatures import spec_text; "
        "spec_text.parse_signature('k=f(x: float32[None])'); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
