"""KeyboardInterrupt at any instant: it is delivered, and nothing half done stays."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from pathlib import Path

import pytest

from sm_magics.savedmodel import publishing
from sm_magics.savedmodel.publishing import exchange, interrupts, ownership, resolve, stage

TRACED = {module.__file__ for module in (exchange, interrupts, ownership, publishing)}


def export(target, text):
    with stage(resolve(target), overwrite=True) as staging:
        (staging.path / "saved_model.pb").write_text(text)
        (staging.path / "fingerprint.pb").write_text(text)
        staging.publish()


def text_in(target):
    texts = {(target / name).read_text() for name in ("saved_model.pb", "fingerprint.pb")}
    assert len(texts) == 1
    return texts.pop()


def names(directory):
    return sorted(entry.name for entry in directory.iterdir())


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


class InterruptAt:
    """Interrupts before the nth bytecode instruction of the code that publishes.

    Python itself looks for signals less often, and never between the end of a `with` body and the
    call of its `__exit__`: the frame of `export` needs no such test.
    """

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, frame, event, _argument):
        if frame.f_code.co_filename not in TRACED:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.left -= 1
            if self.left == 0:
                interrupt()
        return self


@pytest.fixture(params=["exchange", "two renames"])
def means(request, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)  # thousands of exports
    if request.param == "two renames":
        monkeypatch.setattr(exchange, "_system_call", lambda: None)


@pytest.mark.usefixtures("means")
def test_interrupted_at_every_instruction(tmp_path):
    target = tmp_path / "made" / "model"
    handler = signal.getsignal(signal.SIGINT)
    outcomes = []
    step, stride = 1, 5
    while True:
        previous = sys.gettrace()
        tracer = InterruptAt(step)
        try:
            sys.settrace(tracer)
            export(target, str(step))
        except KeyboardInterrupt:
            pass
        else:
            assert tracer.left > 0  # an interrupt is never swallowed
            break
        finally:
            sys.settrace(previous)
        assert signal.getsignal(signal.SIGINT) is handler
        outcomes.append(target.exists())
        if outcomes[-1]:
            assert names(target.parent) == ["model"]
            assert text_in(target) == str(step)
        else:
            assert names(tmp_path) == []
        shutil.rmtree(target.parent, ignore_errors=True)
        step += stride
    assert outcomes == sorted(outcomes)  # nothing before one instant, the whole after it
    assert set(outcomes) == {False, True}
    assert len(outcomes) > 100


@pytest.mark.usefixtures("means")
def test_interrupted_at_every_instruction_while_overwriting(tmp_path):
    target = tmp_path / "model"
    outcomes = []
    step, stride = 1, 5
    while True:
        export(target, "old")
        previous = sys.gettrace()
        try:
            sys.settrace(InterruptAt(step))
            export(target, "new")
        except KeyboardInterrupt:
            pass
        else:
            break
        finally:
            sys.settrace(previous)
        outcomes.append(text_in(target))
        assert names(tmp_path) == ["model"]
        step += stride
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {"old", "new"}


def test_interrupted_while_writing(tmp_path):
    export(tmp_path / "model", "old")

    def write_and_be_interrupted():
        with stage(resolve(tmp_path / "model"), overwrite=True) as staging:
            (staging.path / "saved_model.pb").write_text("half")
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        write_and_be_interrupted()
    assert text_in(tmp_path / "model") == "old"
    assert names(tmp_path) == ["model"]


def test_interrupted_while_the_staging_is_made(tmp_path, monkeypatch):
    own, begun = ownership.own, []

    def own_and_be_interrupted(destination):
        interrupt()
        return own(destination)

    def write():
        with stage(resolve(tmp_path / "model")) as staging:
            begun.append(staging.path)  # a save would begin here, and may take minutes

    monkeypatch.setattr(ownership, "own", own_and_be_interrupted)
    with pytest.raises(KeyboardInterrupt):
        write()
    assert not begun
    assert names(tmp_path) == []


def thrown() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", [interrupt, thrown])
def test_interrupted_while_the_replaced_export_is_deleted(how, tmp_path, monkeypatch):
    export(tmp_path / "model", "old")
    fired = interrupt_first_deletion(how, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "model", "new")
    assert fired
    assert text_in(tmp_path / "model") == "new"
    assert names(tmp_path) == ["model"]


@pytest.mark.parametrize("how", [interrupt, thrown])
def test_interrupted_again_while_an_interrupted_one_is_cleaned_up(how, tmp_path, monkeypatch):
    fired = interrupt_first_deletion(how, monkeypatch)

    def write_and_be_interrupted():
        with stage(resolve(tmp_path / "deep" / "model")) as staging:
            (staging.path / "saved_model.pb").write_text("half")
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        write_and_be_interrupted()
    assert fired
    assert names(tmp_path) == []


def interrupt_first_deletion(how, monkeypatch):
    """Interrupt by `how` when the first file goes, wherever that is."""
    fired = []
    unlink = os.unlink

    def unlink_interrupted(path, *, dir_fd=None):
        if Path(path).name == "saved_model.pb" and not fired:
            fired.append(True)
            how()
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink_interrupted)
    return fired


def test_a_custom_handler_gets_its_signal_and_stays(tmp_path):
    received = []
    previous = signal.signal(signal.SIGINT, lambda *_: received.append(1))
    try:
        with stage(resolve(tmp_path / "model")) as staging:
            (staging.path / "saved_model.pb").write_text("x")
            interrupt()
            assert received == [1]
            staging.publish()
        assert received == [1]
        assert signal.getsignal(signal.SIGINT)(2, None) is None
        assert received == [1, 1]
    finally:
        signal.signal(signal.SIGINT, previous)


def test_exports_from_another_thread(tmp_path):
    thread = threading.Thread(target=export, args=(tmp_path / "model", "new"))
    thread.start()
    thread.join()
    assert text_in(tmp_path / "model") == "new"
    assert names(tmp_path) == ["model"]
