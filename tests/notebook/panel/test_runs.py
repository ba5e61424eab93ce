"""What the panel's buttons do, how they are stopped, and what the panel tells of it."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from IPython.core.error import UsageError
from numpy.testing import assert_allclose

import sm_magics
from sm_magics.notebook.panel.runs import Doing
from sm_magics.savedmodel import export as engine
from sm_magics.savedmodel import forecast

DEVICE = """
class OnGpu(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def serve(self, x):
        with tf.device("/GPU:0"):
            return x * 2.0
on_gpu = OnGpu()
"""


@pytest.fixture
def panel(opened):
    made = opened("model")
    made.keeps_checking = False
    return made


def shown(panel) -> str:
    return panel.actions._activity.widget.value


def test_a_click_on_export_writes_what_computes_the_same(panel, ready):
    panel.directory = "out"
    panel.actions.export.click()
    rows = np.ones((2, 4), "float32")
    served = tf.saved_model.load("out").signatures["serving_default"]
    assert_allclose(served(x=rows)["out"], ready.shell.user_ns["model"](rows), rtol=1e-6)
    assert panel.result.path == Path("out").resolve()
    assert "Exported to" in shown(panel)
    assert not panel.is_busy


def test_a_check_finds_the_line_of_the_cell(opened, ready):
    ready.run(DEVICE)
    panel = opened("on_gpu")
    panel.put("target", "cpu")
    panel.actions.check.click()
    places = [(found.code, found.cell, found.line) for found in panel.findings]
    assert places == [("SM301", 2, 5)]
    assert not list(Path().glob("saved_model.pb"))
    assert "Checked" in shown(panel)


def test_an_export_needs_a_directory(panel):
    with pytest.raises(UsageError, match="directory"):
        panel.export()
    panel.actions.export.click()
    assert "name a directory" in shown(panel)
    assert panel.activity.went_wrong
    assert panel.result is None


def test_an_export_that_is_stopped_is_told_and_writes_nothing(opened):
    panel = opened("pair")
    panel.directory = "out"
    with pytest.raises(sm_magics.ExportError):
        panel.export()
    panel.actions.export.click()
    assert "Nothing was written. SM201" in shown(panel)
    assert [found.code for found in panel.findings] == ["SM201"]
    assert not Path("out").exists()


def test_an_error_that_nobody_expected_is_shown_with_its_traceback(panel, monkeypatch):
    def fails(*_):
        raise RuntimeError("the <disk> is odd")

    monkeypatch.setattr(forecast, "files", fails)
    panel.actions.check.click()
    assert "RuntimeError: the &lt;disk&gt; is odd" in shown(panel)
    assert "Traceback" in shown(panel)
    assert "fails" in panel.activity.details


def test_a_check_is_repeated_after_a_change_once(panel, loop):
    panel.check()
    panel.keeps_checking = True
    panel.work._loop = loop
    panel.put("signatures", ("nosuch",))
    panel.put("target", "cpu")
    panel.put("signatures", None)
    assert panel.is_stale
    assert loop.waiting
    checks = []
    panel.observe(
        lambda change: change.new.doing is Doing.CHECKING and checks.append(change), "activity"
    )
    panel.served = ()
    loop.run()
    assert not panel.is_stale
    assert len(panel.served) == 1
    assert len(checks) == 1
    assert loop.delay > 0


def test_no_check_is_repeated_where_that_is_not_wanted(panel, loop):
    panel.check()
    panel.work._loop = loop
    panel.put("target", "cpu")
    assert panel.is_stale
    assert loop.waiting == []


def test_an_export_that_waits_for_a_check_is_not_forgotten(panel, monkeypatch, loop):
    panel.check()
    panel.directory = "out"
    panel.keeps_checking = True
    panel.work._loop = loop
    real = panel._check

    def check(**keywords):
        panel.put("target", "cpu")  # a change that comes meanwhile
        clicking = threading.Thread(target=panel.start_export)
        clicking.start()
        clicking.join()
        return real(**keywords)

    monkeypatch.setattr(panel, "_check", check)
    panel._start(lambda: panel._check_job(evaluates=False), Doing.CHECKING)
    panel.work._loop.run()
    assert Path("out/saved_model.pb").exists()
    assert not panel.is_busy
    panel.actions.export.click()
    assert "SM502" in shown(panel)  # the button still does something


def test_a_job_that_breaks_leaves_the_panel_free(panel, monkeypatch):
    def breaks(*_):
        raise OSError("no thread could be started")

    monkeypatch.setattr(threading.Thread, "start", breaks)
    panel.directory = "out"
    panel.actions.export.click()
    assert "no thread could be started" in shown(panel)
    assert not panel.is_busy


def test_what_waits_is_cancelled_before_it_begins(panel, loop):
    panel.work._loop = loop
    panel.directory = "out"
    clicking = threading.Thread(target=panel.start_export)
    clicking.start()
    clicking.join()
    assert panel.is_busy
    assert "Waiting" in shown(panel)
    panel.actions.cancel.click()
    loop.run()
    assert "nothing was written" in shown(panel)
    assert not Path("out").exists()
    assert not panel.is_busy


def test_what_runs_is_interrupted_and_leaves_nothing(panel, monkeypatch):
    real, before = engine.export, signal.getsignal(signal.SIGINT)
    sleeping = threading.Event()

    def slow(request, on_phase):
        def sleeps(phase, path):
            on_phase(phase, path)
            if phase == "save":
                sleeping.set()
                time.sleep(60)  # a signal that comes just before does not wake it

        return real(request, sleeps)

    monkeypatch.setattr(engine, "export", slow)
    panel.directory = "out"
    cancelling = threading.Thread(target=lambda: sleeping.wait(8) and panel.cancel())
    cancelling.start()
    start = time.monotonic()
    panel.actions.export.click()
    cancelling.join()
    assert sleeping.is_set()
    assert time.monotonic() - start < 15, panel.activity
    assert "cancelled in save" in shown(panel)
    assert "nothing was written" in shown(panel)
    assert [path.name for path in Path().iterdir() if path.name != "ipython"] == []
    assert signal.getsignal(signal.SIGINT) is before
    assert not panel.is_busy


def test_a_cancel_that_comes_late_does_nothing(panel):
    panel.directory = "out"
    panel.actions.export.click()
    told = panel.activity
    panel.actions.cancel.click()
    assert panel.activity == told
    assert Path("out/saved_model.pb").exists()


def test_the_result_is_a_trait_that_can_be_observed(panel):
    results = []
    panel.observe(lambda change: results.append(change.new), "result")
    panel.directory = "out"
    assert results == [panel.export()]
