"""A panel that is closed leaves nothing behind, and disturbs no other."""

from __future__ import annotations

import gc
import weakref

import pytest
from ipywidgets.widgets import widget as widgets

import sm_magics
from sm_magics.notebook.panel.wiring import within
from sm_magics.notebook.session import open_session


def counted(shell) -> tuple[int, int]:
    gc.collect()
    return len(widgets._instances), len(shell.events.callbacks["post_run_cell"])


def test_panels_that_are_closed_leave_no_widget_and_no_callback(ready):
    before = counted(ready.shell)
    for _ in range(3):
        panel = sm_magics.panel("pair")
        panel.put("signatures", ("double(x: float32[2])", "k=triple"))
        panel.put("signatures", ("double",))
        panel.check()
        assert counted(ready.shell) > before
        panel.close()
        assert counted(ready.shell) == before
    assert open_session(ready.shell)._subscribers == []


@pytest.mark.usefixtures("ready")
def test_nobody_observes_a_closed_panel():
    panel = sm_magics.panel("pair")
    shown = panel.picker.control
    panel.close()
    panel.request = panel.request.with_options(target="cpu")
    panel.model = next(one for one in panel.models if one.name == "model")
    assert shown.value == "pair"
    left = [
        len(panel._trait_notifiers.get(name, {}).get("change", []))
        for name in ("complaints", "activity", "models", "files")
    ]
    assert left == [0, 0, 0, 0]
    assert all(one.comm is None for one in within(panel.widget))


def test_closing_twice_is_no_error(ready):
    panel = sm_magics.panel("pair")
    panel.close()
    panel.close()
    ready.run("1 + 1")


@pytest.mark.usefixtures("ready")
def test_a_closed_panel_can_be_forgotten():
    panel = sm_magics.panel("pair")
    panel.check()
    panel.close()
    gone = weakref.ref(panel)
    del panel
    gc.collect()
    assert gone() is None


def test_two_panels_on_two_models_do_not_disturb_each_other(opened, ready):
    one, two = opened("pair"), opened("model")
    one.put("signatures", ("double",))
    two.directory = "out"
    one.picker.control.value = "pair"
    assert two.value("signatures") is None
    assert one.request.directory == one.destination.control.value == ""
    two.export()
    assert one.result is None
    assert one.findings is None
    assert (one.model.name, two.model.name) == ("pair", "model")
    two.close()
    ready.run("late = Pair()")
    assert "late" in [model.name for model in one.models]
    assert one.check() == []


def test_who_unsubscribes_while_being_told_is_told_no_more(ready):
    session = open_session(ready.shell)
    told = []

    def once():
        told.append("once")
        end()

    end = session.subscribe(once)
    end_other = session.subscribe(lambda: told.append("other"))
    ready.run("1")
    ready.run("2")
    end_other()
    end_other()
    ready.run("3")
    assert told == ["once", "other", "other"]
