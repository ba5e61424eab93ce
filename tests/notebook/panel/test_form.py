"""What the panel's form says of the notebook's models and of what is typed."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from IPython.core.error import UsageError

import sm_magics
from sm_magics.notebook.request_text import RequestText


def choices(panel) -> list[str]:
    return [name for _, name in panel.picker.control.options]


def test_a_panel_begins_with_the_newest_model(opened):
    panel = opened()
    assert panel.model.name == panel.request.model == panel.picker.control.value == "pair"
    assert sorted(choices(panel)) == ["model", "pair"]


@pytest.mark.parametrize("typed", ["model", " model "])
def test_a_panel_begins_with_the_model_that_is_named(opened, ready, typed):
    panel = opened(typed)
    assert panel.obj is ready.shell.user_ns["model"]
    assert panel.request.model == typed
    assert panel.picker.control.value == "model"


def test_a_panel_takes_an_object_by_the_name_that_it_has(opened, ready):
    assert opened(ready.shell.user_ns["model"]).request.model == "model"


def test_picking_a_model_changes_what_is_exported_and_what_can_be_served(opened, ready):
    panel = opened("pair")
    assert set(panel.functions) >= {"double", "triple"}
    panel.picker.control.value = "model"
    assert panel.request.model == panel.model.name == "model"
    assert panel.obj is ready.shell.user_ns["model"]
    assert panel.functions[0] == "call"
    panel.model = next(one for one in panel.models if one.name == "pair")
    assert panel.request.model == panel.picker.control.value == "pair"


def test_the_list_follows_the_cells(opened, ready):
    panel = opened("model")
    ready.run("late = Pair()")
    assert "late" in choices(panel)
    assert panel.request.model == "model"
    ready.run("del pair, late")
    assert choices(panel) == ["model"]


def test_a_panel_opened_before_any_model_waits_for_one(notebook):
    panel = sm_magics.panel()
    assert panel.model is None
    assert panel.complaints["model"] == "pick a model"
    assert choices(panel) == [""]
    notebook.run("import tensorflow as tf\nv = tf.Module()\nv.x = tf.Variable(1.0)")
    assert "v" in choices(panel)
    panel.picker.control.value = "v"
    assert panel.request.model == panel.model.name == "v"
    assert panel.is_right
    panel.close()


def test_a_name_that_is_bound_to_another_object_means_that(opened, ready):
    panel = opened("pair")
    ready.run(
        "class Single(tf.Module):\n    @tf.function\n    def only(self, x):\n        return x"
    )
    ready.run("pair = Single()")
    assert panel.obj is ready.shell.user_ns["pair"]
    assert panel.functions == ("only",)
    assert (panel.model.class_name, panel.model.cell) == ("Single", 3)
    panel.directory = "out"
    assert [found.code for found in panel.check()] == ["SM201"]


def test_an_equal_model_in_its_place_is_another_object(opened, ready):
    panel = opened("pair")
    ready.run("pair = Pair()")
    assert panel.obj is ready.shell.user_ns["pair"]


def test_a_model_that_is_deleted_is_told_and_comes_back(opened, ready):
    panel = opened("pair")
    ready.run("kept = pair\ndel pair")
    assert panel.model is None
    assert panel.complaints["model"] == "pair is no model of this notebook now"
    assert panel.picker.control.value == ""
    with pytest.raises(UsageError, match="name 'pair' is not defined"):
        panel.check()
    ready.run("pair = kept")
    assert panel.model.name in {"pair", "kept"}
    assert panel.is_right


def test_a_deleted_model_is_not_kept_alive_by_its_panel(opened, ready):
    panel = opened("pair")
    panel.check()
    gone = weakref.ref(ready.shell.user_ns["pair"])
    ready.run("del pair")
    gc.collect()
    assert gone() is None
    assert choices(panel) == ["", "model"]


@pytest.mark.parametrize("typed", ['models["a"]', "models['a']", "box.pair", "box . pair"])
def test_an_expression_means_what_it_means_in_a_cell(opened, ready, typed):
    ready.run("import types\nmodels = {'a': Pair()}\nbox = types.SimpleNamespace(pair=Pair())")
    panel = opened(typed)
    wanted = "models" if "models" in typed else "box"
    ready.run("fresh = " + typed)
    assert panel.obj is ready.shell.user_ns["fresh"]
    assert panel.request.model == typed
    assert wanted in panel.code().line
    panel.put("signatures", ("double",))
    panel.directory = "out"
    assert panel.export().path == Path("out").resolve()


def test_an_expression_is_evaluated_once_for_a_form_and_again_for_a_check(opened, ready):
    ready.run("ran = []\ndef make():\n    ran.append(1)\n    return Pair()")
    panel = opened("make()")
    panel.directory = "out"
    ready.run("1 + 1")
    assert ready.shell.user_ns["ran"] == [1]
    assert panel.is_right
    panel.check()
    assert ready.shell.user_ns["ran"] == [1, 1]


def test_an_expression_without_a_value_says_why(opened):
    panel = opened("models['nowhere']")
    assert panel.model is None
    assert "models" in panel.complaints["model"]
    assert "the models here are" in panel.complaints["model"]


def test_an_object_without_a_name_can_be_exported(opened, ready):
    panel = opened(ready.shell.ev("Pair()"))
    assert not panel.has_name
    assert panel.request.model == "model_1"
    panel.put("signatures", ("double",))
    panel.directory = "out"
    assert [one.function for one in panel.export().signatures] == ["double"]


def test_an_object_without_a_name_is_not_the_model_of_the_notebook(opened, ready):
    given = ready.shell.ev("Pair()")
    panel = opened(given)
    assert panel.obj is given
    assert set(panel.functions) >= {"double", "triple"}
    ready.run("model_1 = model")
    assert panel.obj is given


def test_an_object_goes_by_the_expression_that_the_notebook_has_for_it(opened, ready):
    ready.run("zoo = {'a': Pair()}")
    panel = opened(ready.shell.user_ns["zoo"]["a"])
    assert panel.request.model == panel.picker.control.value == "zoo['a']"
    assert panel.has_name


def test_an_object_that_gets_a_name_goes_by_it(opened, ready):
    ready.user = ready.shell.ev("Pair()")
    panel = opened(ready.user)
    ready.shell.user_ns["named"] = ready.user
    ready.run("1 + 1")
    assert panel.request.model == "named"
    assert panel.has_name
    assert "named" in panel.code().line


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("consumer", "soon", "soon"),
        ("select", ("502",), "SM"),
        ("experimental_sharding_callback", "lots", "512MB"),
        ("function_aliases", (("a", "nosuch"),), "nosuch"),
        ("inputs", ("x: nope[1]",), "nope"),
        ("signatures", ("nosuch",), "nosuch"),
        ("fix", ("consumer",), "consumer"),
        ("experimental_image_format", True, "refuses"),
    ],
)
def test_what_is_wrong_with_a_field_is_told_beside_it_until_it_is_right(opened, name, value, says):
    panel = opened("pair")
    panel.put(name, value)
    complaint = panel.complaints[name]
    assert says in (complaint if isinstance(complaint, str) else "".join(complaint))
    assert not panel.is_right
    panel.put(name, None)
    assert panel.complaints == {}
    assert panel.is_right


def test_options_that_exclude_each_other_say_so_on_both_sides(opened):
    panel = opened("pair")
    panel.put("overwrite", True)  # noqa: FBT003, what is typed
    assert panel.is_right
    panel.put("next_version", True)  # noqa: FBT003, what is typed
    assert {"overwrite", "next_version"} <= set(panel.complaints)


def test_the_outlook_follows_the_directory_and_its_options(opened):
    Path("taken").mkdir()
    Path("taken/notes.txt").write_text("mine")
    panel = opened("pair")
    assert panel.outlook is None
    panel.directory = "fresh"
    assert panel.outlook.path == Path("fresh").resolve()
    assert panel.is_right
    panel.directory = "taken"
    assert panel.complaints["directory"] == panel.outlook.refusal != ""
    panel.request = RequestText("pair", "versions", {"next_version": True})
    assert panel.outlook.path == Path("versions/1").resolve()
    assert panel.outlook.version == 1
    panel.directory = "gs://bucket/out"
    assert "local" in panel.complaints["directory"]
    assert not Path("fresh").exists()


def test_directories_are_completed_as_one_types(opened):
    Path("exports/digits").mkdir(parents=True)
    panel = opened("pair")
    control = panel.destination.control
    control.value = "exp"
    assert control.options == ("exports/",)
    control.value = "exports/"
    assert control.options == ("exports/digits/",)
    assert panel.request.directory == "exports/"
