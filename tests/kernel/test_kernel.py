"""The magics in a real kernel, as a front end sees them."""

from __future__ import annotations

import subprocess
import sys
import time

import nbclient
import nbformat
import pytest

RELOAD = """
import sys, numpy as np, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
print(loaded.signatures["serving_default"](x=tf.ones([2, 4]))["out"].numpy().tolist())
"""


@pytest.fixture(scope="module")
def model(kernel):
    kernel.run(
        "import time, numpy as np, tensorflow as tf, keras\n"
        "model = keras.Sequential(\n"
        "    [keras.Input((4,), name='x'), keras.layers.Dense(3, name='out')])",
        cell_id="first-cell",
    )
    return kernel


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_a_trained_model_is_exported_and_another_process_computes_the_same(model):
    model.run(
        "model.compile('adam', 'mse')\n_ = model.fit(np.ones((8, 4)), np.ones((8, 3)), verbose=0)"
    )
    reply = model.run("%%savedmodel out/trained --verify process\nmodel")
    assert "equal" in reply.shown
    assert "fresh process" in reply.shown
    live = model.run("print(model(np.ones((2, 4), 'float32')).numpy().tolist())").stdout
    done = subprocess.run(
        [sys.executable, "-c", RELOAD, str(model.folder / "out/trained")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    ours, theirs = eval(live), eval(done.stdout)
    assert all(
        abs(a - b) < 1e-6
        for row, other in zip(ours, theirs, strict=True)
        for a, b in zip(row, other, strict=True)
    )


def test_one_display_shows_the_phases_and_ends_as_the_result(model):
    reply = model.run("%savedmodel export model out/display")
    (first,) = reply.of("display_data")
    updates = reply.of("update_display_data")
    assert updates
    ids = {content["transient"]["display_id"] for content in [first, *updates]}
    assert len(ids) == 1
    assert "save" in "".join(content["data"]["text/plain"] for content in [first, *updates[:-1]])
    last = updates[-1]["data"]
    assert "out/display" in last["text/plain"]
    assert "out/display" in last["text/html"]
    assert "<script" not in last["text/html"]
    assert reply.of("execute_result") == []


def test_the_front_ends_cell_id_is_known(model):
    model.run("import sm_magics")
    reply = model.run("m = sm_magics.models()[0]; print(m.name, m.cell, m.cell_id, m.line)")
    assert reply.stdout.split() == ["model", "2", "first-cell", "2"]


def test_the_cell_id_of_a_body_is_known(model):
    model.run("%%savedmodel out/body model\nclone = keras.models.clone_model(model)", cell_id="b")
    reply = model.run("print([m.cell_id for m in sm_magics.models() if m.name == 'clone'])")
    assert reply.stdout.strip() == "['b']"


def test_top_level_await_runs_in_the_kernels_loop(model):
    model.run("import asyncio\nloop = asyncio.get_running_loop()")
    model.run(
        "%%savedmodel out/awaited model\nawait asyncio.sleep(0.01)\n"
        "same = asyncio.get_running_loop() is loop"
    )
    assert model.run("print(same)").stdout.strip() == "True"


def test_an_error_in_the_body_is_one_error_of_the_cell(model):
    reply = model.run("%%savedmodel out/never model\nx = 1\n\n1 / 0", fails=True)
    (error,) = reply.of("error")
    assert reply.content["ename"] == error["ename"] == "ZeroDivisionError"
    text = "\n".join(error["traceback"])
    assert "line 4" in text
    assert "run_cell_magic" not in text
    assert not (model.folder / "out/never").exists()


def test_a_usage_error_and_a_finding_fail_the_cell_in_a_few_lines(model):
    reply = model.run("%savedmodel export model", fails=True)
    assert reply.content["ename"] == "UsageError"
    model.run("%savedmodel export model out/taken")
    reply = model.run("%savedmodel export model out/taken", fails=True)
    assert reply.content["ename"] == "ExportError"
    assert len(reply.content["traceback"]) <= 4
    assert "--overwrite" in "\n".join(reply.content["traceback"])


def test_interrupting_an_export_leaves_nothing_and_the_old_one_whole(model):
    model.run("%savedmodel export model out/kept")
    model.run(
        "class Slow(tf.Module):\n"
        "    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])\n"
        "    def serve(self, x):\n"
        "        time.sleep(3)  # while it is traced, as a large model is\n"
        "        return x\n"
        "slow = Slow()"
    )
    for seconds in (0.3, 1.5, 2.5):
        sent = model.send("%savedmodel export slow out/kept --overwrite")
        time.sleep(seconds)
        model.manager.interrupt_kernel()
        assert model.wait(sent).content["ename"] == "KeyboardInterrupt"
        assert leftovers(model.folder / "out") == []
    # All three came while it was traced: the old export stands, and answers.
    kept = (
        "loaded = tf.saved_model.load('out/kept')\n"
        "print(loaded.signatures['serving_default'](x=tf.ones([2, 4]))['out'].shape)"
    )
    assert model.run(kept).stdout.strip() == "(2, 3)"


def test_an_export_that_fails_in_the_save_does_not_look_as_if_it_went_on(model):
    model.run(
        "traces = []\n"
        "class Once(tf.Module):\n"
        "    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])\n"
        "    def serve(self, x):\n"
        "        if traces:\n"
        "            raise RuntimeError('traced again')\n"
        "        traces.append(1)\n"
        "        return x\n"
        "once = Once()"
    )
    reply = model.run("%savedmodel export once out/once --writer tensorflow", fails=True)
    assert reply.content["ename"] == "RuntimeError"
    assert "stopped in save" in reply.shown
    assert ", line 6, in serve: raise RuntimeError" in "\n".join(reply.content["traceback"])
    assert not (model.folder / "out/once").exists()
    assert leftovers(model.folder / "out") == []


def completed(kernel, text):
    """Return what the kernel offers at the end of a text, and what of it would be replaced."""
    kernel.client.complete(text, len(text))
    reply = kernel.client.get_shell_msg(timeout=30)
    while reply["header"]["msg_type"] != "complete_reply":
        reply = kernel.client.get_shell_msg(timeout=30)
    content = reply["content"]
    return content["matches"], text[content["cursor_start"] : content["cursor_end"]]


def test_completion_through_the_kernel(model):
    assert completed(model, "%savedmodel export model out --ver") == (["--verify"], "--ver")


@pytest.mark.parametrize("rest", ["out model --strict", "out/it's", "out/class {", "out zoo["])
def test_below_the_magic_python_is_completed(model, rest):
    cell = f"%%savedmodel {rest}\nimport collections as mine\nmade = mine.Ordered"
    assert completed(model, cell) == (["OrderedDict"], "Ordered")
    assert completed(model, f"%%savedmodel {rest}\nmodel.summ") == (["summary"], "summ")


def test_question_mark_shows_the_table(model):
    reply = model.run("%savedmodel?")
    (payload,) = reply.content["payload"]
    assert "--next-version" in payload["data"]["text/plain"]


def test_unloading_takes_the_magic_away(kernel):
    kernel.run("%unload_ext sm_magics")
    try:
        assert kernel.run("%savedmodel", fails=True).content["ename"] == "UsageError"
    finally:
        kernel.run("%load_ext sm_magics")


def headless(*cells: str, folder) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(
        notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.create_kernel_manager().kernel_spec.argv[0] = sys.executable
    return client.execute()


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%savedmodel out\n1 / 0", "division by zero"),
        ("%savedmodel export nothing out", "no model is here yet"),
        ("%savedmodel nonsense", "invalid choice"),
    ],
)
def test_a_failing_cell_fails_a_headless_run(cell, says, tmp_path):
    with pytest.raises(nbclient.exceptions.CellExecutionError, match=says):
        headless("%load_ext sm_magics", cell, "print('not reached')", folder=tmp_path)
