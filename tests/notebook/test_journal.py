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
    notebook.run("untyped = tf.function(lambda x: x)")
    notebook.run("%savedmodel export untyped out/a", fails=True)
    assert [found.code for found in session.journal.checks["untyped"].findings] == ["SM202"]
    assert session.journal.exports == []


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
