"""What a panel must not do by itself, and what it must notice."""

from __future__ import annotations

import gc
import weakref

import pytest

from sm_magics.notebook import asking
from sm_magics.notebook.panel import Panel
from sm_magics.notebook.request_text import RequestText
from sm_magics.notebook.session import open_session
from sm_magics.savedmodel import outlook


def test_a_model_that_is_not_built_is_built_by_a_click_on_check_only(opened, ready, loop):
    ready.run("fresh = keras.Sequential([keras.layers.Dense(5)])")
    fresh = ready.shell.user_ns["fresh"]
    panel = opened("fresh")
    panel.actions.check.click()
    panel.work._loop = loop
    panel.signatures._add()
    assert panel.value("signatures") == ("call",)
    panel.put("inputs", ("x: float32[None, 1]",))
    panel.put("signatures", ("call(x: float32[None, 12])",))
    assert panel.work._loop.waiting == []
    assert panel.is_stale
    assert not fresh.built
    panel.work._loop = None
    panel.put("inputs", None)
    panel.actions.check.click()
    assert fresh.layers[0].kernel.shape == (12, 5)


def test_shapes_are_traced_by_a_click_only(opened, ready, loop):
    ready.run("""
class Lazy(tf.Module):
    def __init__(self):
        self.dense = keras.layers.Dense(2)
    @tf.function
    def serve(self, x):
        return {"y": self.dense(x)}
    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def twice(self, x):
        return {"y": 2 * x}
lazy = Lazy()""")
    panel = opened("lazy")
    panel.put("signatures", ("twice",))
    panel.check()
    panel.work._loop = loop
    panel.put("signatures", ("twice", "other=twice"))
    assert loop.waiting
    loop.waiting.clear()
    panel.put("signatures", ("twice", "k=serve(x: float32[None, 1])"))
    assert loop.waiting == []
    assert panel.is_stale
    panel.work._loop = None
    panel.put("signatures", ("twice", "k=serve(x: float32[None, 12])"))
    panel.check()
    assert ready.shell.user_ns["lazy"].dense.kernel.shape == (12, 2)
    panel.work._loop = loop
    panel.put("target", "cpu")
    assert loop.waiting


def test_what_is_typed_is_not_run_before_a_click(opened, ready, loop):
    ready.run("ran = []\ndef made():\n    ran.append('made')\n    return pair\nzoo = []")
    ran = ready.shell.user_ns["ran"]
    panel = opened("pair")
    panel.put("signatures", ("double",))
    panel.check()
    panel.work._loop = loop
    panel.put("sample", "ran.append('sample')")
    panel._check_job(evaluates=False)
    assert ran == []
    panel.put("sample", "nosuch")
    assert "there is no nosuch" in panel.complaints["sample"]
    panel.put("sample", "made(")
    assert "is no expression" in panel.complaints["sample"]


def test_a_change_during_a_run_leaves_its_findings_stale(opened, monkeypatch):
    panel = opened("model")
    panel.keeps_checking = False
    real = asking.export

    def slow(session, request, on_phase, text):
        panel.put("batch", "free")
        return real(session, request, on_phase, text)

    monkeypatch.setattr(asking, "export", slow)
    panel.directory = "out"
    panel.export()
    assert panel.is_stale
    panel.check()
    assert not panel.is_stale


def test_options_that_exclude_each_other_are_told_and_can_be_taken_back(opened):
    panel = opened("model")
    panel.request = RequestText("model", "out", {"verify": "run", "no_verify": True})
    assert "leave one out" in panel.complaints["verify"]
    assert (panel.code().line, panel.code().call) == ("", "")
    assert "as long as this is wrong" in panel.code().why
    assert repr(panel)
    panel.put("no_verify", None)
    assert panel.code().line == "%savedmodel export model out --verify run"
    assert panel.trouble is None


def test_a_panel_opens_with_whatever_a_line_says(ready):
    ready.run(
        "q = get_ipython().run_line_magic('savedmodel', 'panel model --verify run --no-verify')"
    )
    panel = ready.shell.user_ns["q"]
    assert panel.complaints["no_verify"]
    panel.close()


def test_an_option_that_can_not_be_used_can_be_taken_back(opened):
    panel = opened("model")
    (field,) = [f for f in panel.options.fields if f.option.name == "experimental_image_format"]
    (box,) = field.controls
    assert box.disabled
    assert "refuses it" in field.complaint.widget.value
    panel.put("experimental_image_format", value=True)
    assert not box.disabled
    assert "can&#39;t be used" in field.complaint.widget.value
    box.value = False
    assert panel.value("experimental_image_format") is None
    assert box.disabled


def test_defaults_that_a_cell_configures_count_at_once(opened, ready):
    panel = opened("model")
    panel.directory = "out"
    panel.check()
    ready.run("%config SavedModelMagics.target = 'cpu'\n%config SavedModelMagics.strict = True")
    fields = {field.option.name: field.controls[0] for field in panel.options.fields}
    assert fields["target"].options[0] == ("default (cpu)", "")
    assert fields["strict"].disabled
    assert panel.code().call == ('sm_magics.export(model, "out", target="cpu", strict=True)')
    assert panel.is_stale
    ready.run("%config SavedModelMagics.target = 'any'\n%config SavedModelMagics.strict = False")
    assert not fields["strict"].disabled
    assert panel.code().call == 'sm_magics.export(model, "out")'


def test_parts_can_not_be_clicked_while_their_text_can_not_be_read(opened):
    panel = opened("pair")
    panel.put("signatures", ("double(x: float32[2])",))
    (row,) = panel.signatures._rows
    row.text.value = "k=double(x: float33[2])"
    controls = (row.key, row.function, row.specs._rows[0].shape)
    assert all(control.disabled for control in controls)
    row.text.value = "k=double(x: float32[3])"
    assert not any(control.disabled for control in controls)
    row.specs._rows[0].shape.value = "None, x"  # typed there: it may be finished there
    assert not row.specs._rows[0].shape.disabled
    assert row.text.value == "k=double(x: float32[None, x])"
    row.specs._rows[0].shape.value = "None, 7"
    assert panel.value("signatures") == ("k=double(x: float32[None, 7])",)


def test_what_was_loaded_can_be_spelled_out(opened, ready):
    ready.run("loaded = pair\nimport sm_magics")
    ready.run("_ = sm_magics.export(pair, 'first', ['double', 'three=triple'])")
    ready.run("loaded = tf.saved_model.load('first')")
    panel = opened("loaded")
    panel.keeps_checking = False
    panel.check()
    before = panel.served
    panel.signatures._spell_out()
    assert panel.complaints == {}
    panel.check()
    assert [(s.key, s.inputs, s.outputs) for s in panel.served] == [
        (s.key, s.inputs, s.outputs) for s in before
    ]


def test_a_function_that_a_cell_adds_is_offered(opened, ready):
    panel = opened("pair")
    ready.run("pair.extra = tf.function(lambda x: x, input_signature=[tf.TensorSpec([2])])")
    assert "extra" in panel.functions


def test_models_that_are_not_picked_are_not_kept_alive(opened, ready):
    ready.run("big = Pair()\nimport weakref, gc\nref = weakref.ref(big)")
    panel = opened("pair")
    ready.run("del big\n_ = gc.collect()\ngone = ref() is None")
    assert ready.shell.user_ns["gone"]
    assert panel.model.name == "pair"


@pytest.mark.usefixtures("ready")
def test_a_closed_panel_keeps_no_model(opened, ready):
    panel = opened("pair")
    panel.close()
    ref = weakref.ref(ready.shell.user_ns["pair"])
    ready.run("del pair")
    gc.collect()
    assert ref() is None
    assert panel.request.model == "pair"


def test_the_destination_is_looked_at_when_it_changes(opened, monkeypatch, ready):
    panel = opened("model")
    looks = []
    real = outlook.look
    monkeypatch.setattr(outlook, "look", lambda *a, **k: looks.append(a) or real(*a, **k))
    panel.directory = "out"
    panel.put("target", "cpu")
    panel.put("batch", "free")
    assert len(looks) == 1
    panel.put("next_version", value=True)
    assert panel.outlook.version == 1
    assert len(looks) == 2
    ready.run("import os; os.makedirs('out/3')")
    assert panel.outlook.version == 4


def test_an_option_that_adds_a_file_shows_it_before_a_check(opened):
    panel = opened("model")
    debug = "debug/saved_model_debug_info.pb"
    assert debug not in [file.path for file in panel.files]
    panel.put("save_debug_info", value=True)
    assert debug in [file.path for file in panel.files]


def test_a_directory_that_a_line_would_fill_in_is_refused(opened):
    panel = opened("model")
    panel.directory = "exports/{name}"
    assert "{name}" in panel.complaints["directory"]
    panel.actions.export.click()
    assert "{name}" in panel.activity.told
    assert panel.result is None


def test_a_panel_that_can_not_be_made_leaves_nothing(ready, monkeypatch):
    from ipywidgets.widgets import widget as widgets

    session = open_session(ready.shell)
    monkeypatch.setattr(Panel, "_sections", lambda self: self.no_such_thing)
    before = len(widgets._instances)
    with pytest.raises(AttributeError):
        Panel(session, RequestText("model"))
    assert len(widgets._instances) == before
    assert session._subscribers == []
