"""The wire's types, against the messages that both ends' tests read, and against anything else."""

import json
import runpy
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_magics.notebook.sidebar import messages

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = json.loads(Path(__file__).with_name("messages.json").read_text("utf-8"))
REQUESTS, SAID = FIXTURE["requests"], FIXTURE["said"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def kinds(union):
    return {one.__struct_config__.tag for one in get_args(union)}


def test_the_fixture_has_a_message_of_each_kind():
    assert {one["kind"] for one in REQUESTS} == kinds(messages.Request)
    assert {one["kind"] for one in SAID} == kinds(messages.Said)


@pytest.mark.parametrize("message", REQUESTS, ids=lambda one: one["kind"])
def test_a_request_is_read_whole(message):
    assert msgspec.to_builtins(messages.read(message)) == message


@pytest.mark.parametrize("message", SAID, ids=lambda one: one["kind"])
def test_what_is_said_is_written_whole(message):
    assert messages.written(msgspec.convert(message, messages.Said)) == message


def test_nbclient_must_not_take_our_messages_for_a_widgets():
    # It keeps whatever is called "state" in any comm's message.
    assert not any("state" in message for message in [*REQUESTS, *SAID])


def test_the_types_of_typescript_are_those_of_python():
    made = runpy.run_path(str(ROOT / "scripts" / "make_messages.py"))
    assert made["PAGE"].read_text("utf-8") == made["page"](), (
        "labextension/src/messages.ts is out of date; type: python scripts/make_messages.py"
    )


@given(JSON)
def test_what_is_no_request_is_refused(data):
    with pytest.raises(messages.MalformedError):
        messages.read(data)


@given(st.sampled_from(REQUESTS), st.data())
def test_a_request_with_one_part_made_wrong_is_refused_or_means_what_it_says(message, data):
    key = data.draw(st.sampled_from([*message, "another"]))
    changed = message | {key: data.draw(JSON)}
    try:
        read = messages.read(changed)
    except messages.MalformedError:
        return
    if message["kind"] == "hello":  # another version's may say more
        changed.pop("another", None)
    assert msgspec.to_builtins(read) == changed
