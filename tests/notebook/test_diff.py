"""`%savedmodel diff` as a person types it, and what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.error import UsageError

import sm_magics
from sm_magics.notebook import render
from sm_magics.savedmodel.difference import compared
from sm_magics.savedmodel.inspection import (
    Argument,
    File,
    Inspection,
    Loadable,
    MetaGraph,
    Variable,
)
from sm_magics.savedmodel.signatures import Signature, Spec

SETUP = """
import tensorflow as tf
def net(name, value):
    module = tf.Module()
    module.weight = tf.Variable(value, name="weight")
    spec = tf.TensorSpec([None], tf.float32, name)
    module.serve = tf.function(lambda x: x * module.weight, input_signature=[spec])
    return module
for name, args in {"one": ("x", 1.0), "two": ("image", 2.0)}.items():
    made = net(*args)
    tf.saved_model.save(made, name, signatures=made.serve)
"""


def inspection(name, text="", *, wide=False):
    shape = (None, 4) if wide else (2, 4)
    signature = Signature(
        f"serving{text}", "f", (Spec(f"x{text}", "float32", shape),), (Spec("y", "int32", ()),)
    )
    graph = MetaGraph(
        ("serve",),
        (signature,),
        (Loadable(f"embed{text}", 1),),
        {f"Add{text}": 2},
        {f"/device:GPU:0{text}": 1},
        {"tensorflow": f"2.21{text}"},
        (),
        {},
    )
    return Inspection(
        Path(f"/models/{name}{text}"),
        (File(f"assets/{text or 'plain'}", 5, "asset"),),
        (Variable(f"w{text}", f"k{text}", "float32", (2,), 8, None, 1),),
        {},
        (graph,),
    )


@pytest.fixture
def ready(notebook):
    notebook.run(SETUP)
    return notebook


def shown(result):
    return render.bundle(result)["text/plain"], render.bundle(result)["text/html"]


def test_what_breaks_clients_comes_first(ready):
    found = ready.run("%savedmodel diff one two").value
    text = str(found)
    first, _, second, _, row, *_ = text.splitlines()
    assert first == "From one to two: 1 change that can break clients"
    assert second == "Breaks clients"
    assert row.split()[:3] == ["serving_default", "input", "renamed"]
    assert "Variables: 1 with other values, 0 unchanged" in text
    assert text.index("Breaks clients") < text.index("Variables") < text.index("Files")


def test_identical_is_said_plainly(ready):
    assert str(ready.run("%savedmodel diff one one").value) == "From one to one: identical"


def test_a_bad_directory_is_one_line(ready):
    for line in ("%savedmodel diff one nowhere", "%savedmodel diff nowhere one"):
        ran = ready.run(line, fails=True)
        assert type(ran.error) is UsageError
        assert "nowhere does not exist" in str(ran.error)
    assert "{gone}" in str(ready.run("%savedmodel diff one {gone}", fails=True).error)
    assert type(ready.run("%savedmodel diff one", fails=True).error) is UsageError


def test_tab_completes_the_command_and_both_directories(ready):
    assert "diff" in ready.complete("%savedmodel di")
    assert {"one/", "two/"} <= set(ready.complete("%savedmodel diff "))
    assert ready.complete("%savedmodel diff one/ tw") == ["two/"]
    assert not {"one/", "two/"} & set(ready.complete("%savedmodel diff one/ two/ "))


def test_python_gives_the_same(ready):
    typed = ready.run("%savedmodel diff one two").value
    assert sm_magics.diff("one", "two") == typed
    assert isinstance(typed, sm_magics.Diff)


def test_a_wider_input_is_told_as_harmless():
    text, html = shown(compared(inspection("a"), inspection("a", wide=True)))
    assert "nothing in the signatures breaks clients" in text
    assert "Signatures, breaking nobody" in text
    assert "wider shape" in text
    assert "Breaks clients" not in text + html


def test_text_and_html_tell_the_same():
    text, html = shown(compared(inspection("a"), inspection("b", "-new")))
    for told in ("serving-new", "w-new", "embed-new", "Add-new", "/device:GPU:0-new", "2.21-new"):
        assert told in text
        assert told in html
    assert "sm-status-bad" in html


def test_names_are_escaped():
    evil = "<img src=x>\x1b[31m\u202e"
    text, html = shown(compared(inspection("a"), inspection("b", evil)))
    assert "<img" not in html
    assert "&lt;img" in html
    for forbidden in ("\x1b", "\u202e"):
        assert forbidden not in text
        assert forbidden not in html


def test_functions_that_take_other_arguments_or_have_another_number_of_traces():
    x, y = ((Argument(name, Spec(name, "float32", (None,))),) for name in "xy")
    old, new = inspection("a"), inspection("b")
    before = (Loadable("add", 2, (x, y)), Loadable("more", 1, (x,)), Loadable("same", 1, (x,)))
    after = (Loadable("add", 2, (x, ())), Loadable("more", 2, (x, y)), Loadable("same", 1, (x,)))
    found = compared(
        old._replace(meta_graphs=(old.meta_graphs[0]._replace(functions=before),)),
        new._replace(meta_graphs=(new.meta_graphs[0]._replace(functions=after),)),
    )
    text, html = shown(found)
    assert "  add   (y: float32[None]) -> ()\n  more  1 trace -> 2" in text
    assert "(y: float32[None]) -&gt; ()" in html


def test_function_aliases_that_come_and_go():
    one = inspection("a")
    aliased = one._replace(meta_graphs=(one.meta_graphs[0]._replace(aliases=("fast",)),))
    there, back = compared(one, aliased), compared(aliased, one)
    assert (there.graphs[0].aliases_added, back.graphs[0].aliases_removed) == (("fast",),) * 2
    assert not there.equivalent
    for found, what in ((there, "added"), (back, "removed")):
        assert f"Function aliases\n  fast  {what}" in shown(found)[0]


def test_metagraphs_are_told_apart():
    one = inspection("a")
    train = one.meta_graphs[0]._replace(tags=("train",), ops={"Mul": 1})
    other = train._replace(ops={"Mul": 3})
    found = compared(
        one._replace(meta_graphs=(*one.meta_graphs, train)),
        one._replace(meta_graphs=(*one.meta_graphs, other)),
    )
    text, _ = shown(found)
    assert "Ops (MetaGraph train)" in text
    assert "Ops (MetaGraph serve)" not in text
