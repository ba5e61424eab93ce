"""What is remembered of checks and exports, and when it is out of date."""

from __future__ import annotations

import pytest

import sm_magics
from sm_magics.notebook.session import open_session

MODELS = """\
import tensorflow as tf
class Line(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def along(self, x):
        with tf.device("/GPU:0"):
            return {"y": 2.0 * x}
line = Line()
models = {"a": Line()}"""


@pytest.fixture
def session(notebook):
    notebook.run(MODELS)
    return open_session(notebook.shell)


def told(session):
    heard = []
    session.journal.subscribe(heard.append)
    return heard


def checks(session):
    return {name: (one.target, one.is_stale) for name, one in session.journal.checks.items()}


def test_every_way_of_checking_is_remembered(notebook, session):
    heard = told(session)
    notebook.run("%savedmodel check line --target cpu")
    assert checks(session) == {"line": ("cpu", False)}
    sm_magics.check(notebook.shell.user_ns["models"]["a"])
    notebook.run("%savedmodel check models['a'] --target gpu")
    sm_magics.panel("line").check()
    assert checks(session)["line"] == ("any", False)
    assert checks(session)["models['a']"] == ("gpu", False)
    assert [found.code for found in session.journal.checks["line"].findings] == ["SM301"]
    assert set(heard) == {"checks"}


def test_an_export_is_remembered_with_its_findings_once_a_directory(notebook, session):
    notebook.run("%savedmodel export line out/a")
    notebook.run("%savedmodel export line out/b")
    sm_magics.export(notebook.shell.user_ns["line"], "out/a", overwrite=True)
    assert [one.path.name for one in session.journal.exports] == ["a", "b"]
    assert checks(session) == {"line": ("any", False)}
    assert session.journal.progress is None


def test_what_an_export_refuses_is_remembered_too(notebook, session):
    notebook.run(
        "class Untyped(tf.Module):\n    @tf.function\n    def run(self, x):\n        return x"
    )
    notebook.run("untyped = Untyped()")
    notebook.run("%savedmodel export untyped out/a", fails=True)
    assert [found.code for found in session.journal.checks["untyped"].findings] == ["SM201"]
    assert session.journal.exports == []


def test_what_is_wrong_with_a_request_is_not_the_models_fault(notebook, session):
    notebook.run("%savedmodel export line out/a")
    before = session.journal.checks["line"]
    notebook.run("%savedmodel export line out/a", fails=True)
    notebook.run("%savedmodel export line out/b -s nosuch", fails=True)
    assert session.journal.checks == {"line": before}


def test_a_model_that_is_bound_anew_leaves_its_check_behind(notebook, session):
    notebook.run("%savedmodel check line")
    notebook.run("%savedmodel check models['a']")
    notebook.run("other = 1")
    assert checks(session) == {"line": ("any", False), "models['a']": ("any", False)}
    notebook.run("line = Line()")
    assert checks(session) == {"line": ("any", True), "models['a']": ("any", False)}
    notebook.run("models['a'] = Line()")
    assert checks(session)["models['a']"] == ("any", True)
    notebook.run("%savedmodel check line")
    assert checks(session)["line"] == ("any", False)
    notebook.run("del line")
    assert [*checks(session)] == ["models['a']"]


def test_nothing_keeps_a_model_alive(notebook):
    import gc
    import weakref

    notebook.run(MODELS)
    alive = weakref.ref(notebook.shell.user_ns["line"])
    notebook.run("%savedmodel export line out/a")
    notebook.run("del line")
    gc.collect()
    assert alive() is None


def test_who_listens_can_not_stop_an_export(notebook, session, caplog):
    def fails(what):
        raise RuntimeError(what)

    session.journal.subscribe(fails)
    heard = told(session)
    notebook.run("%savedmodel export line out/a")
    assert [one.path.name for one in session.journal.exports] == ["a"]
    assert "exports" in heard
    assert "nobody was told of the exports" in caplog.text


def test_something_without_a_name_takes_no_models_place(notebook, session):
    notebook.run("model = Line()\n%savedmodel check model")
    notebook.run("import sm_magics\n_ = sm_magics.check(Line(), ignore='SM')")
    assert [len(one.findings) for one in session.journal.checks.values()] == [1]


def test_a_finding_of_a_cell_that_ran_again_stays_out_of_date(session, monkeypatch):
    found = sm_magics.Diagnostic(
        code="SM301", severity=sm_magics.Severity.WARNING, message="m", cell=3, cell_id="a"
    )
    monkeypatch.setattr(session, "_cell_ids", {3: "a", 4: "b"})
    assert not session.has_run_again(found)
    monkeypatch.setattr(session, "_cell_ids", {3: "a", 5: "a"})
    assert session.has_run_again(found)
