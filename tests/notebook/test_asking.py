"""What lies between words and the engine, which the magics and the panel share."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from IPython.core.error import UsageError

import sm_magics
from sm_magics.notebook import asking
from sm_magics.notebook.defaults import Defaults
from sm_magics.notebook.request_text import RequestText
from sm_magics.notebook.session import open_session

SETUP = """
import numpy as np, tensorflow as tf, keras
model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3, name="out")])
class Untyped(tf.Module):
    @tf.function
    def serve(self, x):
        return x * 2.0
untyped = Untyped()
rows = np.ones((2, 4), "float32")
bad = np.zeros((5, 7))
"""


@pytest.fixture
def ready(notebook):
    notebook.run(SETUP)
    return notebook


@pytest.fixture
def session(ready):
    return open_session(ready.shell)


def ask(session, model: str, directory: str = "", **given):
    obj = asking.evaluated(session, model, "MODEL")
    return asking.request(session, RequestText(model, directory, given), obj)


def test_the_defaults_are_those_of_the_config(notebook):
    session = open_session(notebook.shell)
    assert session.defaults == Defaults("run", "any", strict=False)
    notebook.run("%config SavedModelMagics.verify = 'none'")
    notebook.run("%config SavedModelMagics.target = 'gpu'")
    notebook.run("%config SavedModelMagics.strict = True")
    assert session.defaults == Defaults("none", "gpu", strict=True)
    notebook.run("%unload_ext sm_magics")
    assert session.defaults == Defaults()


def test_a_request_takes_what_is_typed_before_the_defaults(ready, session):
    ready.run("%config SavedModelMagics.verify = 'none'")
    ready.run("%config SavedModelMagics.target = 'tpu'")
    silent = ask(session, "model", "out")
    assert (silent.verify, silent.target, silent.strict) == (None, "tpu", False)
    said = ask(session, "model", "out", verify="process", target="any", strict=True)
    assert (said.verify, said.target, said.strict) == ("process", "any", True)


def test_a_request_knows_the_notebook(ready, session):
    request = ask(session, "model", "out", sample="rows")
    assert request.sample is ready.shell.user_ns["rows"]
    assert request.namespace is ready.shell.user_ns
    assert request.obj is ready.shell.user_ns["model"]
    assert request.name == "model"
    assert request.destination.path == Path("out").resolve()
    assert ask(session, "model").destination is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"sample": "nowhere"}, "--sample 'nowhere'.*the models here are model, untyped"),
        ({"inputs": ["x: nope[1]"]}, "nope"),
        ({"overwrite": True, "next_version": True}, "next-version"),
        ({"verify": "run", "no_verify": True}, "exclude"),
        ({"experimental_image_format": True}, "refuses"),
        ({"ignore": ["502"]}, "SM2"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(session, given, says):
    with pytest.raises(UsageError, match=says):
        ask(session, "model", "out", **given)


def test_a_model_that_is_not_there_is_a_usage_error(session):
    with pytest.raises(UsageError, match=r"MODEL 'nomodel'.*the models here are model, untyped"):
        asking.evaluated(session, "nomodel", "MODEL")


def test_findings_of_the_request_itself_are_raised_as_they_are(session):
    with pytest.raises(sm_magics.ExportError) as raised:
        ask(session, "model", "gs://bucket/out")
    (found,) = raised.value.findings
    assert asking.located(session, [found], "model").subject == "model"


def test_a_check_finds_in_cells(session):
    found, _ = asking.check(session, ask(session, "untyped"))
    assert found.subject == "untyped"
    assert [(f.code, f.cell, f.line) for f in found] == [("SM201", 1, 8)]
    found, plan = asking.check(session, ask(session, "model"))
    assert found == []
    assert [endpoint.signature.key for endpoint in plan.endpoints] == ["serving_default"]


def test_an_export_tells_its_phases_and_shows_nothing(session, capsys):
    phases = []
    result = asking.export(
        session, ask(session, "model", "out"), lambda *phase: phases.append(phase)
    )
    assert result.path == Path("out").resolve()
    assert len(phases) > 1
    assert capsys.readouterr().out == ""


def test_an_export_that_is_stopped_has_its_findings_in_cells(session):
    with pytest.raises(sm_magics.ExportError) as raised:
        asking.export(session, ask(session, "untyped", "out"), lambda *_: None)
    assert [(f.code, f.cell, f.line) for f in raised.value.findings] == [("SM201", 1, 8)]
    assert not Path("out").exists()


def test_a_sample_that_does_not_fit_is_told_apart(session):
    with pytest.raises(asking.SampleUsageError, match=r"float32\[None, 4\]"):
        asking.export(session, ask(session, "model", "out", sample="bad"), lambda *_: None)


def test_an_export_needs_a_directory(session):
    with pytest.raises(UsageError, match="directory"):
        asking.export(session, ask(session, "model"), lambda *_: None)


def test_what_tensorflow_raises_stays_what_it_is(session, monkeypatch):
    from sm_magics.savedmodel import planning

    def fails(_):
        import tensorflow as tf

        tf.constant(["a"], tf.float32)

    monkeypatch.setattr(planning, "check", fails)
    with pytest.raises((TypeError, ValueError)) as raised:
        asking.check(session, ask(session, "model"))
    assert not isinstance(raised.value, UsageError)


@pytest.fixture
def panels(monkeypatch):
    """What forms were asked for: (session, request)."""
    made = []
    module = types.ModuleType("sm_magics.notebook.panel")
    module.Panel = lambda *given: made.append(given) or "a form"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return made


STRICT = {"strict": True}


@pytest.mark.parametrize(
    ("typed", "request_text"),
    [
        ("", RequestText()),
        ("model", RequestText("model")),
        ("model out --strict", RequestText("model", "out", STRICT)),
        ("--strict model --target cpu d", RequestText("model", "d", STRICT | {"target": "cpu"})),
        ("model -s a -s k=b", RequestText("model", "", {"signatures": ("a", "k=b")})),
        ("nomodel", RequestText("nomodel")),
    ],
)
def test_a_panel_begins_with_what_is_typed(notebook, panels, typed, request_text):
    ran = notebook.run(f"%savedmodel panel {typed}")
    assert panels == [(open_session(notebook.shell), request_text)]
    assert ran.value == "a form"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("model {nowhere}", "not filled in"),
        ("a b c", "unrecognized arguments: c"),
        ("model --strickt", "--strict"),
        ("model --code", "--code"),
        ("--function-alias a", "no alias"),
    ],
)
def test_a_panel_of_bad_words_is_refused(notebook, panels, typed, says):
    ran = notebook.run(f"%savedmodel panel {typed}", fails=True)
    assert says in str(ran.error)
    assert panels == []


def test_tab_completes_a_panel(ready):
    assert "panel" in ready.complete("%savedmodel pa")
    assert {"model", "untyped"} <= set(ready.complete("%savedmodel panel "))
    assert "--next-version" in ready.complete("%savedmodel panel model out --next")
    assert {"cpu", "gpu"} <= set(ready.complete("%savedmodel panel model --target "))
