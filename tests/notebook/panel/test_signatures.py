"""The table of signatures: typed, clicked together, proposed, spelled out, reset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ipywidgets import Widget
from numpy.testing import assert_allclose

from sm_magics.notebook.panel.wiring import within


def click(panel, label: str, place=None) -> None:
    (button,) = [
        one
        for one in within(place or panel.signatures.widget)
        if getattr(one, "description", "") == label and hasattr(one, "click")
    ]
    button.click()


def texts(panel) -> list[str]:
    return [row.text.value for row in panel.signatures._rows]


@pytest.fixture
def panel(opened):
    made = opened("pair")
    made.keeps_checking = False
    return made


def test_adding_and_removing_signatures(panel):
    click(panel, "Add signature")
    click(panel, "Add signature")
    assert texts(panel) == ["double", "triple=triple"]
    assert panel.is_right
    click(panel, "Remove signature", panel.signatures._rows[0].widget)
    assert texts(panel) == ["triple=triple"]
    assert panel.value("signatures") == ("triple=triple",)


def test_a_row_has_the_focus_as_soon_as_it_is_there(panel, monkeypatch):
    # Later it would take the focus from where a person is typing by then.
    sent = []
    monkeypatch.setattr(Widget, "_send", lambda self, data, **_: sent.append((self, data)))
    click(panel, "Add signature")
    placed = [n for n, (one, _) in enumerate(sent) if one is panel.signatures._list]
    widget, data = sent[placed[-1] + 1]
    assert widget is panel.signatures._rows[-1].text
    assert data["content"] == {"do": "focus"}
    sent.clear()
    panel.put("signatures", ("double", "triple=triple"))
    assert not [data for _, data in sent if data["method"] == "custom"]  # nobody has added it here


def test_a_text_and_its_parts_say_the_same(panel):
    panel.put("signatures", ("double",))
    (row,) = panel.signatures._rows
    row.text.value = "k=triple(x: float32[3], y: int32[])"
    assert (row.key.value, row.function.value) == ("k", "triple")
    assert row.specs.texts == ("x: float32[3]", "y: int32[]")
    row.function.value = "double"
    click(panel, "Remove", row.specs._rows[1].widget)
    row.specs._rows[0].dtype.value = "int64"
    assert row.text.value == "k=double(x: int64[3])"
    assert panel.value("signatures") == ("k=double(x: int64[3])",)


def test_what_is_served_is_what_was_clicked_together(panel):
    click(panel, "Add signature")
    (row,) = panel.signatures._rows
    row.key.value = "twice"
    click(panel, "Add input", row.specs.widget)
    row.specs._rows[0].shape.value = "2"
    assert row.text.value == "twice=double(x: float32[2])"
    panel.directory = "out"
    panel.export()
    served = tf.saved_model.load("out").signatures["twice"]
    assert_allclose(served(x=tf.constant([1.0, 2.0]))["output_0"], [2.0, 4.0])


def test_rows_stay_the_same_widgets_while_one_types(panel):
    panel.put("signatures", ("double", "k=triple(x: float32[3])"))
    before = list(within(panel.signatures._list))
    row = panel.signatures._rows[1]
    for typed in (
        "k=triple(x: float32[3]",
        "k=triple(x: float3[3])",
        "k=",
        "",
        "k=triple(x: int8[3])",
    ):
        row.text.value = typed
        assert panel.value("signatures") == ("double", typed)
        assert list(within(panel.signatures._list)) == before
    row.specs._rows[0].shape.value = "3, x"
    assert list(within(panel.signatures._list)) == before


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("double(x: nope[1])", "nope"),
        ("k=nosuch", "nosuch"),
        ("double(x: float32[3]", "parenthesis"),
        ("__saved_model_init_op=double", "__saved_model_init_op"),
    ],
)
def test_a_bad_signature_is_told_beside_it_until_it_is_right(panel, typed, says):
    panel.put("signatures", ("triple", "k=double"))
    right, wrong = panel.signatures._rows
    wrong.text.value = typed
    assert says in wrong.complaint.widget.value
    assert right.complaint.widget.value == ""
    wrong.text.value = "k=double"
    assert wrong.complaint.widget.value == ""


def test_two_signatures_of_one_key_are_told(panel):
    panel.put("signatures", ("k=double", "k=triple"))
    assert "k" in panel.signatures._rows[1].complaint.widget.value
    assert not panel.is_right


def test_a_function_that_needs_specs_gets_some_proposed(opened, ready):
    ready.run("untyped = Untyped()")
    panel = opened("untyped")
    assert "part.double" in panel.functions
    panel.put("signatures", ("serve",))
    (row,) = panel.signatures._rows
    assert "does not say what it takes" in row.complaint.widget.value
    assert "part.double" in row.function.options
    click(panel, "Reset signatures")
    assert texts(panel) == []
    panel.put("signatures", ("part.double",))
    click(panel, "Add signature")
    assert texts(panel)[1] == f"serve=serve({panel.proposal('serve')})"
    assert panel.proposal("serve") == "x: float32[None]"


def test_what_is_served_can_be_spelled_out_and_stays_what_it_is(opened, ready):
    panel = opened("model")
    panel.keeps_checking = False
    click(panel, "Edit what is served")
    assert "Check first" in panel.activity.told
    panel.directory = "plain"
    default = panel.export()
    panel.directory = "spelled"
    panel.check()
    click(panel, "Edit what is served")
    assert texts(panel)
    spelled = panel.export()
    assert spelled.signatures[0].inputs == default.signatures[0].inputs
    assert spelled.signatures[0].outputs == default.signatures[0].outputs
    rows = tf.constant(np.ones((2, 4), "float32"))
    for directory in ("plain", "spelled"):
        served = tf.saved_model.load(directory).signatures["serving_default"]
        assert_allclose(served(x=rows)["out"], ready.shell.user_ns["model"](rows), rtol=1e-6)
    click(panel, "Reset signatures")
    assert panel.value("signatures") is None


def test_outputs_are_shown_after_a_check_and_hidden_after_a_change(panel):
    panel.put("signatures", ("double",))
    (row,) = panel.signatures._rows
    assert row.outputs.widget.value == ""
    panel.check()
    assert "output_0" in row.outputs.widget.value
    row.text.value = "triple"
    assert row.outputs.widget.value == ""
    assert not Path("out").exists()


def test_inputs_of_a_model_without_a_signature(opened, ready):
    ready.run("fresh = keras.Sequential([keras.layers.Dense(2)])")
    panel = opened("fresh")
    table = panel.signatures.inputs._table
    click(panel, "Add input", table.widget)
    table._rows[0].shape.value = "None, 4"
    assert panel.value("inputs") == ("x: float32[None, 4]",)
    table._rows[0].shape.value = "None, oops"
    assert "oops" in panel.signatures.inputs.field.complaint.widget.value
    assert len(table._rows) == 1
