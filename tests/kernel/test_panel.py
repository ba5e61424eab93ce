"""The panel in a real kernel whose front end has no subshells: clicks come to the main thread."""

from __future__ import annotations

import time

import pytest

MODELS = """\
import sm_magics
import time
import tensorflow as tf

class Line(tf.Module):
    def __init__(self):
        super().__init__()
        self.slope = tf.Variable(3.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def along(self, x):
        return {"y": self.slope * x}

class Slow(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def think(self, x):
        for _ in range(600):
            time.sleep(0.1)
        return {"y": x}

line, slow = Line(), Slow()"""


@pytest.fixture(scope="module", autouse=True)
def models(kernel):
    kernel.run(MODELS)


def click(kernel, button):
    """Click a button as a front end does, and return the message's id."""
    return click_on(kernel, evaluated(kernel, f"{button}.model_id"))


def click_on(kernel, comm):
    data = {"method": "custom", "content": {"event": "click"}}
    message = kernel.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
    kernel.client.shell_channel.send(message)
    return message["header"]["msg_id"]


def evaluated(kernel, expression):
    return eval(kernel.run(f"print(repr({expression}))").stdout)


def until_idle(kernel, sent, timeout=120):
    end = time.monotonic() + timeout
    messages = []
    while True:
        message = kernel.client.get_iopub_msg(timeout=end - time.monotonic())
        if message["parent_header"].get("msg_id") != sent:
            continue
        messages.append(message)
        if message["content"].get("execution_state") == "idle":
            return messages


def test_a_cell_shows_the_panel_and_a_place_for_its_result(kernel):
    reply = kernel.run("%savedmodel panel line out/first")
    form, place = reply.of("display_data")
    assert "application/vnd.jupyter.widget-view+json" in form["data"]
    assert place["transient"]["display_id"]
    assert set(place["data"]) == {"text/plain", "text/html"}
    assert place["data"]["text/plain"] == "%savedmodel panel line out/first"
    assert "%savedmodel panel line out/first" in place["data"]["text/html"]


def test_a_click_exports_and_shows_the_result_in_its_place(kernel):
    reply = kernel.run("import sm_magics\np = sm_magics.panel(line)\np.directory = 'out/click'\np")
    place = reply.of("display_data")[-1]["transient"]["display_id"]
    messages = until_idle(kernel, click(kernel, "p.actions.export"))
    shown = [m["content"] for m in messages if m["msg_type"] == "update_display_data"]
    assert [content["transient"]["display_id"] for content in shown] == [place]
    told = shown[0]["data"]["text/plain"]
    assert told.startswith("%savedmodel panel line out/click\n\nExported line (Line, module,")
    values = "tf.saved_model.load('out/click').signatures['serving_default'](x=tf.constant([2.0]))"
    assert evaluated(kernel, f"{values}['y'].numpy().tolist()") == [6.0]
    told = [m["content"]["data"]["state"].get("value", "") for m in messages if is_update(m)]
    assert any("to cancel, interrupt the kernel" in text for text in told)
    assert any("verify (4 of 5)" in text for text in told)


def is_update(message):
    return message["msg_type"] == "comm_msg" and "state" in message["content"]["data"]


def test_the_kernels_interrupt_cancels_and_leaves_nothing(kernel):
    kernel.run("q = sm_magics.panel(slow)\nq.directory = 'out/slow'\nq")
    sent = click(kernel, "q.actions.export")
    time.sleep(2)
    kernel.manager.interrupt_kernel()
    until_idle(kernel, sent, timeout=30)
    assert "cancelled in check" in evaluated(kernel, "q.activity.told")
    assert not evaluated(kernel, "q.is_busy")
    assert evaluated(kernel, "__import__('pathlib').Path('out/slow').exists()") is False
    assert not list(kernel.folder.glob("out/.*"))
    kernel.run("1 + 1")


def test_running_the_cell_again_takes_its_first_panel_away(kernel):
    count = "len(__import__('ipywidgets').widgets.widget._instances)"
    kernel.run("%savedmodel panel line", cell_id="panels-cell")
    first = evaluated(kernel, count)
    kernel.run("%savedmodel panel line", cell_id="panels-cell")
    assert evaluated(kernel, count) == first
    kernel.run("%savedmodel panel line", cell_id="another-cell")
    assert evaluated(kernel, count) > first


def test_unloading_takes_every_panel_away(kernel):
    kernel.run("%savedmodel panel line", cell_id="last-cell")
    callbacks = "sum(map(len, get_ipython().events.callbacks.values()))"
    before = evaluated(kernel, callbacks)
    kernel.run("%unload_ext sm_magics")
    assert evaluated(kernel, "len(__import__('ipywidgets').widgets.widget._instances)") == 0
    assert evaluated(kernel, callbacks) == before - 2
    kernel.run("%load_ext sm_magics")


def test_a_click_forgets_no_cells_id(kernel):
    pinned = """\
class Pinned(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def scale(self, x):
        with tf.device("/GPU:0"):
            return {"y": 2 * x}

pinned = Pinned()
r = sm_magics.panel(pinned)
print(r.actions.check.model_id)"""
    button = kernel.run(pinned, cell_id="the-cell").stdout.strip()
    until_idle(kernel, click_on(kernel, button))
    found = "[(f.code, f.line, f.cell_id) for f in r.findings]"
    assert evaluated(kernel, found) == [("SM301", 4, "the-cell")]
