"""The names that a cell binds: checked against what Python itself binds when it runs the cell."""

import ast
import sys
import warnings
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_magics.notebook.bindings import bound_names, names_in


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1", {"a": 1}),
        ("\n\na = 1\nb = 2", {"a": 3, "b": 4}),
        ("a = b = 1", {"a": 1, "b": 1}),
        ("a, (b, *c) = 1, (2, 3)", {"a": 1, "b": 1, "c": 1}),
        ("[a, b] = 1, 2", {"a": 1, "b": 1}),
        ("a = 1\na += 1", {"a": 2}),
        ("a: int = 1", {"a": 1}),
        ("a: int", {}),
        ("a = (\n    1)\n", {"a": 1}),
        ("(\n    a,\n    b,\n) = 1, 2", {"a": 2, "b": 3}),
        ("a = {}\na['x'] = 1\n", {"a": 1}),
        ("d.x = 1; d[0] = 2", {}),
        ("def f(x):\n    y = x\n    return y", {"f": 1}),
        ("@d\ndef f(): ...", {"f": 2}),
        ("async def f():\n    y = 1", {"f": 1}),
        ("class C:\n    y = 1", {"C": 1}),
        ("def f():\n    global g\n    g = 1", {"f": 1}),
        ("import os", {"os": 1}),
        ("import os.path", {"os": 1}),
        ("import os.path as p, sys", {"p": 1, "sys": 1}),
        ("from os import (\n  path,\n  sep as s)", {"path": 2, "s": 3}),
        ("from os.path import *", {}),
        ("for i, j in []:\n    k = 1\nelse:\n    m = 2", {"i": 1, "j": 1, "k": 2, "m": 4}),
        ("async for i in x:\n    pass", {"i": 1}),
        ("while x:\n    a = 1", {"a": 2}),
        ("with x as a, y as (b, c):\n    d = 1", {"a": 1, "b": 1, "c": 1, "d": 2}),
        ("async with x as a:\n    pass", {"a": 1}),
        (
            "try:\n    a = 1\nexcept E as e:\n    b = 2\nelse:\n    c = 3\nfinally:\n    d = 4",
            {"a": 2, "e": 3, "b": 4, "c": 6, "d": 8},
        ),
        ("try:\n    a = 1\nexcept* E as e:\n    b = 2", {"a": 2, "e": 3, "b": 4}),
        ("if x:\n    a = 1\nelif y:\n    b = 1\nelse:\n    c = 1", {"a": 2, "b": 4, "c": 6}),
        ("if (a := 1):\n    pass", {"a": 1}),
        ("print(f(b=(a := 1)))", {"a": 1}),
        ("while (a := f()):\n    if (b := a):\n        pass", {"a": 1, "b": 2}),
        ("[y for x in z if (y := x)]", {"y": 1}),
        ("f = lambda x: (y := x)", {"f": 1}),
        ("f = lambda x=(y := 1): x", {"f": 1, "y": 1}),
        ("def f(x=(y := 1)):\n    (z := 2)", {"f": 1, "y": 1}),
        ("@(d := g)\nclass C((b := B)):\n    (z := 2)", {"C": 2, "d": 1, "b": 2}),
        ("[x for x in y]; {x: 1 for x in y}", {}),
        (
            "match x:\n case [a, *b]: c = 1\n case {'k': d, **e}: pass\n case P(f, g=h) as i: pass",
            {"a": 2, "b": 2, "c": 2, "d": 3, "e": 3, "f": 4, "h": 4, "i": 4},
        ),
        ("a = 1\ndel a", {}),
        ("a = b = 1\ndel (a, b)\na = 2", {"a": 3}),
        ("a = 1\nif x:\n    del a", {"a": 1}),
        ("with x:\n    a = 1\n    del a", {}),
        ("a = {}\ndel a['x'], a.y", {"a": 1}),
        ("x = await f()", {"x": 1}),
        ("", {}),
        ("a = = 1", {}),
        ("a = 1\x00", {}),
        ("(" * 500, {}),
        ("a = '\ud800'", {}),
        ("a = " + "-" * 100_000 + "1", {}),
    ],
)
def test_names_and_lines(source, expected):
    assert bound_names(source) == expected


def test_type_statement():
    # New in Python 3.12; before, it is no Python.
    expected = {"A": 1} if sys.version_info >= (3, 12) else {}
    assert bound_names("type A = int") == expected


def test_agrees_with_python():
    cell = dedent("""
        import collections.abc, json as js
        from math import pi
        a, *b = range(4)
        c: int = 2
        c += 1
        for i in b:
            j = i
        with open("/dev/null") as handle:
            text = handle.read()
        try:
            1 / 0
        except ZeroDivisionError:
            failed = True
        def function(x, y=(default := 3)):
            inner = x
            return inner
        class Class(base := object):
            attribute = 1
        squares = [last := k * k for k in range(3)]
        match {"x": [1, 2], "y": 3}:
            case {"x": [first, *others], **rest}:
                matched = True
        gone = 1
        del gone
    """)
    namespace = {}
    exec(cell, namespace)
    assert set(bound_names(cell)) == set(namespace) - {"__builtins__", "__annotations__"}


def test_a_parsed_cell_gives_the_same():
    source = "import os\nif (n := 1):\n    a = n"
    assert names_in(ast.parse(source)) == bound_names(source) == {"os": 1, "n": 2, "a": 3}


def test_an_invalid_escape_is_not_warned_of_twice():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bound_names(r"a = '\d'") == {"a": 1}


@given(st.text(max_size=60))
def test_any_text_is_survived(source):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert all(line >= 1 for line in bound_names(source).values())


def test_a_model_bound_in_the_cell_that_checks_it_has_its_line(notebook):
    notebook.run("import keras\nclass Model(keras.Model):\n    pass")
    notebook.run("import sm_magics\n\nearly = Model()")
    (found,) = notebook.run("x = 1\nlate = Model()\n%savedmodel check late").value
    assert (found.code, found.cell, found.line) == ("SM102", 3, 2)
    (model, _) = sorted(notebook.run("late = Model()\nsm_magics.models()").value, key=str)
    assert {(m.name, m.cell, m.line) for m in (model, _)} == {("early", 2, 3), ("late", 4, 1)}
