"""One job at a time, and interrupts that reach the one they are meant for."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from sm_magics.notebook import work
from sm_magics.notebook.work import Work


@pytest.fixture
def panel_work(loop):
    return Work(SimpleNamespace(kernel=SimpleNamespace(io_loop=loop, get_parent=dict)))


def elsewhere(call):
    """Call from another thread, as a subshell's click does."""
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def test_a_delayed_job_replaces_only_a_delayed_one(panel_work, loop):
    ran = []

    def start(name, **keywords):
        panel_work.start(lambda: ran.append(name), ran.clear, **keywords)

    start("first", delay=0.5)
    start("second", delay=0.5)
    loop.run()
    assert ran == ["second"]
    start("third", delay=0.5)
    elsewhere(lambda: start("asked for"))
    start("fourth", delay=0.5)
    loop.run()
    assert ran == ["second", "asked for"]


def test_an_interrupt_reaches_its_job_and_no_later_one(panel_work, monkeypatch):
    monkeypatch.setattr(work, "_INSISTENCE", 0.05)
    before, told = signal.getsignal(signal.SIGINT), []
    timer = threading.Timer(0.2, panel_work.interrupt)
    timer.start()
    panel_work.start(lambda: time.sleep(20), lambda: told.append("stopped"))
    assert told == ["stopped"]
    panel_work.start(lambda: time.sleep(0.3), lambda: told.append("hit"))
    assert told == ["stopped"]
    assert signal.getsignal(signal.SIGINT) is before
    assert not panel_work.interrupt()


def test_what_swallows_an_interrupt_is_stopped_at_the_next_phase(panel_work):
    told = []

    def job():
        try:
            panel_work.interrupt()
            time.sleep(20)
        except KeyboardInterrupt:
            told.append("swallowed")
        panel_work.stop_if_cancelled()
        told.append("went on")

    panel_work.start(job, lambda: told.append("stopped"))
    assert told == ["swallowed", "stopped"]


def test_an_interrupt_that_a_finalizer_swallows_comes_again(panel_work):
    told = []

    class Slow:
        def __del__(self):
            threading.Timer(0.1, panel_work.interrupt).start()
            time.sleep(20)
            told.append("slept")

    def job():
        Slow()  # Python swallows what is raised while it goes
        told.append("swallowed")
        time.sleep(20)
        told.append("slept")

    hook = sys.unraisablehook
    panel_work.start(job, lambda: told.append("stopped"))
    assert told == ["swallowed", "stopped"]
    assert sys.unraisablehook is hook


def test_a_shielded_job_comes_to_its_end(panel_work):
    told = []

    def job():
        panel_work.shield()
        assert not panel_work.interrupt()
        signal.raise_signal(signal.SIGINT)  # the kernel's own
        told.append("done")

    panel_work.start(job, lambda: told.append("stopped"))
    assert told == ["done"]


def test_a_second_interrupt_does_not_disturb_what_tells_of_the_first(panel_work):
    told = []

    def stopped():
        signal.raise_signal(signal.SIGINT)
        told.append("stopped")

    panel_work.start(lambda: signal.raise_signal(signal.SIGINT), stopped)
    assert told == ["stopped"]


def test_what_was_dropped_never_runs(panel_work, loop):
    ran = []
    elsewhere(lambda: panel_work.start(lambda: ran.append(1), ran.clear))
    assert panel_work.drop()
    assert not panel_work.drop()
    loop.run()
    assert ran == []
