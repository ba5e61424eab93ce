"""Whatever arrives at the sidebar's desk is answered once, and rubbish changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_magics.notebook.session import open_session
from sm_magics.notebook.sidebar.desk import Desk
from sm_magics.notebook.work import Work

FIXTURE = Path(__file__).parents[1] / "wire" / "messages.json"
REQUESTS = json.loads(FIXTURE.read_text("utf-8"))["requests"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def desk(notebook):
    said = []
    session = open_session(notebook.shell)
    made = Desk(session, Work(notebook.shell), said.append)
    yield made, said, session
    made.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.one_of(
        JSON,
        st.builds(
            lambda asked, more: asked | more,
            st.sampled_from(REQUESTS),
            JSON.filter(lambda one: isinstance(one, dict)),
        ),
    )
)
def test_anything_is_answered_and_rubbish_changes_nothing(desk, data):
    made, said, session = desk
    said.clear()
    before = dict(session.shell.user_ns), set(Path.cwd().iterdir())
    made.hear(data, "a front end")
    answers = [one for one in said if one["kind"] not in ("change", "began")]
    assert len(answers) == 1
    json.dumps(answers)
    if answers[0]["kind"] == "failed":
        assert answers[0]["text"]
        assert [one for one in said if one["kind"] == "change"] == []
    assert (dict(session.shell.user_ns), set(Path.cwd().iterdir())) == before
    assert session.journal.exports == []
